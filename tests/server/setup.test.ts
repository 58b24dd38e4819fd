import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { AddressView, CheckResult } from '../../src/protocol/setup.ts'
import { listAddresses } from '../../src/server/features/setup/addresses.ts'
import { type RunningApp, startApp } from '../support/app.ts'
import { foundHome, inviteMember, Newcomer } from '../support/newcomer.ts'

let running: RunningApp
let wizard: Newcomer

beforeEach(async () => {
  running = await startApp()
  wizard = new Newcomer(running, 'wizard')
})
afterEach(async () => {
  await running[Symbol.asyncDispose]()
})

const withToken = () => ({ 'x-claim-token': running.context.claim.value ?? 'spent' })

test('the check-up names six things and finds this folder fit', async () => {
  const { status, json } = await wizard.call('POST', '/api/setup/check', undefined, withToken())
  expect(status).toBe(200)
  const results = json as CheckResult[]
  expect(results.map(({ name }) => name).sort()).toEqual([
    'clock',
    'folder_writable',
    'free_space',
    'local_disk',
    'memory',
    'port',
  ])
  expect(results.find(({ name }) => name === 'folder_writable')!.status).toBe('ok')
  expect(results.find(({ name }) => name === 'port')!.status).toBe('warning')
})

test('a clock that shows a time before this program existed is found out', async () => {
  const statusOfClock = async () => {
    const { json } = await wizard.call('POST', '/api/setup/check', undefined, withToken())
    return (json as CheckResult[]).find(({ name }) => name === 'clock')!.status
  }
  expect(await statusOfClock()).toBe('failed')
  running.clock.nowMs = Date.UTC(2027, 0, 1)
  expect(await statusOfClock()).toBe('ok')
})

test('without the claim token nobody sees addresses, and once there is a host only the host does', async () => {
  expect((await wizard.call('GET', '/api/setup/addresses')).json.error).toBe('bad_claim_token')
  const token = withToken()
  expect((await wizard.call('GET', '/api/setup/addresses', undefined, token)).status).toBe(200)
  const oma = await foundHome(running)
  const kid = await inviteMember(oma, 'kid')
  expect((await wizard.call('GET', '/api/setup/addresses', undefined, token)).json.error).toBe('already_claimed')
  expect((await wizard.call('GET', '/api/setup/addresses')).json.error).toBe('not_signed_in')
  expect((await kid.call('GET', '/api/setup/addresses')).json.error).toBe('not_allowed')
  expect((await oma.call('GET', '/api/setup/addresses')).status).toBe(200)
})

test('an address turns green when a request from another machine came in by it, and loopback never does', async () => {
  const visit = (url: string, address: string) =>
    running.app.handleHttp(new Request(`${url}/api/setup`, { headers: { host: new URL(url).host } }), {
      address,
      isSecure: url.startsWith('https'),
    })
  await visit('https://192.168.1.20:8443', '192.168.1.77')
  await visit('https://nas.local:8443', '127.0.0.1')
  const { json } = await wizard.call('GET', '/api/setup/addresses', undefined, withToken())
  const addresses = json as AddressView[]
  expect(addresses.find(({ url }) => url === 'https://192.168.1.20:8443')).toEqual({
    ...{ url: 'https://192.168.1.20:8443', kind: 'private', isTrusted: false, wasSeen: true },
  })
  expect(addresses.some(({ url }) => url.includes('nas.local'))).toBe(false)
  expect(addresses.at(-1)).toMatchObject({ url: running.origin, kind: 'loopback', wasSeen: false })
})

test("a stranger's domain in the Host header never becomes an address of this home", async () => {
  const hosts = [
    'evil.example',
    '203.0.113.7',
    'nas.local.evil.example',
    '192.168.1.21',
    'nas',
    'nas.fritz.box',
    '[fd00::7]',
  ]
  for (const host of hosts) {
    const request = new Request(`https://${host}:8443/api/setup`, { headers: { host: `${host}:8443` } })
    await running.app.handleHttp(request, { address: '203.0.113.50', isSecure: true })
  }
  const { json } = await wizard.call('GET', '/api/setup/addresses', undefined, withToken())
  const seen = (json as AddressView[]).filter(({ wasSeen }) => wasSeen).map(({ url }) => new URL(url).hostname)
  expect(seen.sort()).toEqual(['192.168.1.21', '[fd00::7]', 'nas', 'nas.fritz.box'])
})

test('a home that listens at one address alone names no other', () => {
  const { context, origin } = running
  const request = new Request(`${origin}/api/setup/addresses`, { headers: { host: new URL(origin).host } })
  const listAt = (host: string) =>
    listAddresses({ ...context, config: { ...context.config, host, httpsPort: 8443 } }, request).map(({ url }) => url)
  expect(listAt('127.0.0.1')).toEqual([origin])
  expect(listAt('192.168.1.20')).toEqual(['https://192.168.1.20:8443', origin])
})

test('guessing the claim token is slowed down', async () => {
  let last = 401
  for (let at = 0; at < 70 && last === 401; at++)
    last = (await wizard.call('POST', '/api/setup/check', undefined, { 'x-claim-token': 'x'.repeat(43) })).status
  expect(last).toBe(429)
})
