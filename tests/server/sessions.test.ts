import { afterEach, beforeEach, expect, test } from 'bun:test'
import { sha256 } from '../../src/crypto/hash.ts'
import type { Challenge } from '../../src/protocol/accounts.ts'
import { idToBytes, toBase64Url } from '../../src/protocol/ids.ts'
import { type RunningApp, startApp } from '../support/app.ts'
import { DeviceKeys, foundHome, inviteMember, type Newcomer } from '../support/newcomer.ts'

let running: RunningApp
let oma: Newcomer

beforeEach(async () => {
  running = await startApp()
  oma = await foundHome(running)
})
afterEach(async () => {
  await running[Symbol.asyncDispose]()
})

const asDevice = (who: Newcomer) => ({ kind: 'device', deviceId: idToBytes(who.device.deviceId) }) as const
const refresh = (who: Newcomer) => who.call('POST', '/api/sessions/refresh')

test('cookies are out of reach of scripts and other sites, and the refresh token goes to few paths', async () => {
  const { json: challenge } = await oma.call('POST', '/api/sessions/challenge')
  const response = await oma.request('POST', '/api/sessions', oma.answerChallenge(challenge as Challenge))
  const lines = response.headers.getSetCookie()
  expect(lines).toHaveLength(2)
  for (const line of lines) expect(line).toMatch(/; HttpOnly; SameSite=Strict$/)
  expect(lines[1]).toContain('Path=/api/sessions;')
  expect(response.headers.get('cache-control')).toBe('no-store')
})

test('a request that came by HTTPS gets Secure cookies', async () => {
  const peer = { address: '192.0.2.7', isSecure: true }
  const post = (path: string, body?: unknown) =>
    running.app.handleHttp(
      new Request(`https://home.test${path}`, {
        method: 'POST',
        headers: { host: 'home.test', 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      }),
      peer,
    )
  const challenge = (await (await post('/api/sessions/challenge')).json()) as Challenge
  const response = await post('/api/sessions', oma.answerChallenge(challenge, { origin: 'https://home.test' }))
  expect(response.status).toBe(200)
  for (const line of response.headers.getSetCookie()) expect(line).toEndWith('; Secure')
})

test('a challenge is good once, for two minutes, for this origin and this key', async () => {
  const ask = async () => (await oma.call('POST', '/api/sessions/challenge')).json as Challenge
  const used = oma.answerChallenge(await ask())
  expect((await oma.call('POST', '/api/sessions', used)).status).toBe(200)
  expect((await oma.call('POST', '/api/sessions', used)).json.error).toBe('not_signed_in')
  const foreign = oma.answerChallenge(await ask(), { origin: 'https://evil.test' })
  expect((await oma.call('POST', '/api/sessions', foreign)).json.error).toBe('wrong_origin')
  const relayed = { ...foreign, origin: running.origin }
  expect((await oma.call('POST', '/api/sessions', relayed)).json.error).toBe('bad_signature')
  const old = oma.answerChallenge(await ask())
  running.clock.move(121_000)
  expect((await oma.call('POST', '/api/sessions', old)).json.error).toBe('not_signed_in')
  expect((await oma.signIn(new DeviceKeys(oma.accountId))).json.error).toBe('not_signed_in')
})

test('an access token dies after a quarter of an hour, a refresh brings a new one', async () => {
  expect((await oma.call('GET', '/api/home')).status).toBe(200)
  running.clock.move(16 * 60_000)
  expect((await oma.call('GET', '/api/home')).json.error).toBe('not_signed_in')
  const { status, json } = await refresh(oma)
  expect(status).toBe(200)
  expect(json).toMatchObject({ role: 'host', expiresAt: running.clock.now() + 15 * 60_000 })
  expect((await oma.call('GET', '/api/home')).status).toBe(200)
})

test('the token before the newest is forgiven for half a minute, and then ends the session for both', async () => {
  const before = oma.cookies.get('tv_refresh')!
  await refresh(oma)
  const newest = oma.cookies.get('tv_refresh')!
  running.clock.move(29_000)
  oma.cookies.set('tv_refresh', before)
  expect((await refresh(oma)).status).toBe(200)
  expect(oma.cookies.get('tv_refresh')).toBe(newest)
  running.clock.move(2_000)
  oma.cookies.set('tv_refresh', before)
  expect((await refresh(oma)).json.error).toBe('token_reused')
  expect(oma.cookies.size).toBe(0)
  oma.cookies.set('tv_refresh', newest)
  expect((await refresh(oma)).json.error).toBe('not_signed_in')
})

test('an even older token ends the session at once, with the access token of whoever held it', async () => {
  const first = oma.cookies.get('tv_refresh')!
  await refresh(oma)
  await refresh(oma)
  const access = oma.cookies.get('tv_access')!
  oma.cookies.set('tv_refresh', first)
  expect((await refresh(oma)).json.error).toBe('token_reused')
  oma.cookies.set('tv_access', access)
  expect((await oma.call('GET', '/api/home')).json.error).toBe('not_signed_in')
})

test('many refreshes at the same moment end no session', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(oma)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  expect((await refresh(oma)).status).toBe(200)
})

test('signing in again ends the session this device had before', async () => {
  const before = new Map(oma.cookies)
  await oma.signIn()
  expect((await oma.call('GET', '/api/home')).status).toBe(200)
  for (const [name, value] of before) oma.cookies.set(name, value)
  expect((await oma.call('GET', '/api/home')).json.error).toBe('not_signed_in')
  expect((await refresh(oma)).json.error).toBe('not_signed_in')
})

test('a changed refresh token is nothing', async () => {
  const token = oma.cookies.get('tv_refresh')!
  const [session, device, , mac] = token.split('.')
  oma.cookies.set('tv_refresh', `${session}.${device}.7.${mac}`)
  expect((await refresh(oma)).json.error).toBe('not_signed_in')
  oma.cookies.set('tv_refresh', token)
  expect((await refresh(oma)).status).toBe(200)
})

test('signing out ends access at once, and only on this device', async () => {
  const kid = await inviteMember(oma, 'kid')
  const access = kid.cookies.get('tv_access')!
  expect((await kid.call('DELETE', '/api/sessions/current')).status).toBe(204)
  expect(kid.cookies.size).toBe(0)
  kid.cookies.set('tv_access', access)
  expect((await kid.call('GET', '/api/home')).json.error).toBe('not_signed_in')
  expect((await oma.call('GET', '/api/home')).status).toBe(200)
})

test('nobody ends the session of another person', async () => {
  const kid = await inviteMember(oma, 'kid')
  expect((await kid.call('DELETE', `/api/sessions/${oma.device.deviceId}`)).json.error).toBe('not_found')
  expect((await oma.call('GET', '/api/sessions')).json).toMatchObject([{ isCurrent: true, isOnline: false }])
})

test('a linked device signs in, and is told so once the root removed it', async () => {
  const phone = new DeviceKeys(oma.accountId)
  const add = oma.signEntry(oma.addOf(phone), { kind: 'device', deviceId: idToBytes(oma.device.deviceId) })
  expect((await oma.call('POST', '/api/log', { entry: toBase64Url(add) })).json.index).toBe(2)
  const laptop = new Map(oma.cookies)
  expect((await oma.signIn(phone)).status).toBe(200)
  const phoneCookies = new Map(oma.cookies)
  expect((await oma.call('PUT', '/api/prekeys', phone.makePrekeys(oma.now))).status).toBe(204)
  const ofLaptop = oma.draftEntry(oma.addOf(new DeviceKeys(oma.accountId)), asDevice(oma))
  expect((await oma.call('POST', '/api/log', { entry: toBase64Url(ofLaptop) })).json.error).toBe('not_allowed')
  for (const [name, value] of laptop) oma.cookies.set(name, value)
  const revoke = oma.signEntry({ type: 'device-revoke', deviceId: idToBytes(phone.deviceId), reason: 3 })
  expect((await oma.call('POST', '/api/log', { entry: toBase64Url(revoke) })).status).toBe(200)
  for (const [name, value] of phoneCookies) oma.cookies.set(name, value)
  expect((await oma.call('GET', '/api/home')).json.error).toBe('device_removed')
  expect((await refresh(oma)).json.error).toBe('device_removed')
  expect((await oma.signIn(phone)).json.error).toBe('device_removed')
})

test('an entry is taken from its signer only, and one that lost the race is told so', async () => {
  const kid = await inviteMember(oma, 'kid')
  const vouch = {
    type: 'vouch',
    otherUserId: idToBytes(kid.accountId),
    otherUikHash: sha256(idToBytes(kid.accountId)),
    how: 'qr',
  } as const
  const foreign = toBase64Url(oma.draftEntry(vouch, asDevice(oma)))
  expect((await kid.call('POST', '/api/log', { entry: foreign })).json.error).toBe('not_allowed')
  const ofRoot = toBase64Url(oma.draftEntry(oma.addOf(new DeviceKeys(oma.accountId))))
  expect((await kid.call('POST', '/api/log', { entry: ofRoot })).json.error).toBe('not_allowed')
  const stale = toBase64Url(oma.draftEntry(vouch, asDevice(oma)))
  running.clock.move(1)
  const winner = toBase64Url(oma.signEntry(vouch, asDevice(oma)))
  expect((await oma.call('POST', '/api/log', { entry: winner })).status).toBe(200)
  expect((await oma.call('POST', '/api/log', { entry: stale })).json.error).toBe('log_moved')
  const page = (await kid.call('GET', '/api/log?from=4')).json
  expect(page.entries).toEqual([winner])
})

test('a page of another site can change nothing', async () => {
  const elsewhere: Record<string, string>[] = [
    { origin: 'https://evil.test' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'null' },
  ]
  for (const headers of elsewhere)
    expect((await oma.call('PATCH', '/api/home', { name: 'Stolen' }, headers)).json.error).toBe('wrong_origin')
  expect((await oma.call('GET', '/api/home')).json.name).toBe('Zuhause')
})

test('bodies that are too long or not JSON are refused before anything looks at them', async () => {
  const long = await fetch(`${running.origin}/api/recovery/start`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"signInName":"${'x'.repeat(1_100_000)}"}`,
  })
  expect(long.status).toBe(413)
  const form = await fetch(`${running.origin}/api/recovery/start`, {
    method: 'POST',
    body: new URLSearchParams({ a: 'b' }),
  })
  expect(form.status).toBe(400)
  const broken = await fetch(`${running.origin}/api/recovery/start`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{',
  })
  expect(await broken.json()).toMatchObject({ error: 'bad_request' })
})
