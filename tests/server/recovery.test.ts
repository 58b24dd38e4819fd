import { afterEach, beforeEach, expect, test } from 'bun:test'
import { systemRandom } from '../../src/crypto/random.ts'
import { fromBase64Url, toBase64Url } from '../../src/protocol/ids.ts'
import { type RunningApp, startApp } from '../support/app.ts'
import { DeviceKeys, foundHome, makeSlot, Newcomer } from '../support/newcomer.ts'

let running: RunningApp
let oma: Newcomer
let stranger: Newcomer

beforeEach(async () => {
  running = await startApp()
  oma = await foundHome(running)
  stranger = new Newcomer(running, 'stranger')
})
afterEach(async () => {
  await running[Symbol.asyncDispose]()
})

const start = async (signInName: string, kind = 'passphrase') =>
  stranger.call('POST', '/api/recovery/start', { signInName, kind })
const open = async (signInName: string, auth: Uint8Array, kind = 'passphrase') =>
  stranger.call('POST', '/api/recovery/open', { signInName, kind, auth: toBase64Url(auth) })

/** What a prober could tell answers apart by. */
const shapeOf = ({ status, json }: { status: number; json: Record<string, unknown> }) => ({
  status,
  fields: Object.entries(json)
    .filter(([name]) => name !== 'requestId')
    .map(([name, value]) => [name, name.endsWith('Id') || name === 'slotBeginning' ? String(value).length : value]),
})

test('somebody who lost every device gets everything back by the kit, and adds a new one', async () => {
  const { json: beginning } = await start('oma', 'code')
  expect(beginning.accountId).toBe(oma.accountId)
  const { status, json } = await open('oma', oma.codeAuth, 'code')
  expect(status).toBe(200)
  expect(json.entries).toHaveLength(2)
  expect(toBase64Url(fromBase64Url(json.slot)!.subarray(0, 26))).toBe(beginning.slotBeginning)
  const tablet = new DeviceKeys(oma.accountId)
  const deviceAdd = toBase64Url(oma.signEntry(oma.addOf(tablet)))
  const offer = { ticket: json.ticket, deviceAdd, prekeys: tablet.makePrekeys(oma.now) }
  expect((await stranger.call('POST', '/api/devices', { ...offer, ticket: 'x'.repeat(43) })).json.error).toBe(
    'wrong_key',
  )
  expect((await stranger.call('POST', '/api/devices', offer)).status).toBe(200)
  expect((await stranger.call('POST', '/api/devices', offer)).json.error).toBe('wrong_key')
  oma.cookies.clear()
  expect((await oma.signIn(tablet)).status).toBe(200)
})

test('a ticket is worth nothing after ten minutes', async () => {
  const { json } = await open('oma', oma.passphraseAuth)
  running.clock.move(10 * 60_000)
  const tablet = new DeviceKeys(oma.accountId)
  const offer = {
    ticket: json.ticket,
    deviceAdd: toBase64Url(oma.draftEntry(oma.addOf(tablet))),
    prekeys: tablet.makePrekeys(oma.now),
  }
  expect((await stranger.call('POST', '/api/devices', offer)).json.error).toBe('wrong_key')
  expect(running.context.keyLog.size).toBe(2)
})

test('five wrong keys an hour and no more, also after a restart, and the right one does not help then', async () => {
  for (let at = 0; at < 5; at++) {
    expect((await open('oma', systemRandom(32))).json.error).toBe('wrong_key')
    running.clock.move(60_000)
  }
  const { status, json } = await open('oma', oma.passphraseAuth)
  expect({ status, error: json.error }).toEqual({ status: 429, error: 'too_many_tries' })
  expect(json.retryAfterMs).toBe(55 * 60_000)
  const { folder, clock } = running
  await using again = await startApp({ folder, clock })
  const [before, caller] = [running, new Newcomer(again, 'stranger')]
  const body = { signInName: 'oma', kind: 'passphrase', auth: toBase64Url(oma.passphraseAuth) }
  expect((await caller.call('POST', '/api/recovery/open', body)).json.error).toBe('too_many_tries')
  before.clock.move(55 * 60_000)
  expect((await caller.call('POST', '/api/recovery/open', body)).status).toBe(200)
})

test('right keys do not use up the tries', async () => {
  for (let at = 0; at < 8; at++) expect((await open('oma', oma.passphraseAuth)).status).toBe(200)
})

test('passphrase and kit share their tries', async () => {
  for (const kind of ['passphrase', 'code', 'passphrase', 'code', 'code']) await open('oma', systemRandom(32), kind)
  expect((await open('oma', oma.codeAuth, 'code')).json.error).toBe('too_many_tries')
})

test('a name that does not exist is answered like one that does, for ever the same', async () => {
  for (const kind of ['passphrase', 'code']) {
    const [real, unknown] = [await start('oma', kind), await start('nobody', kind)]
    expect(shapeOf(unknown)).toEqual(shapeOf(real))
    expect((await start('nobody', kind)).json).toEqual(unknown.json)
    expect((await start('somebody', kind)).json.accountId).not.toBe(unknown.json.accountId)
    const [a, b] = [real, unknown].map(({ json }) => fromBase64Url(json.slotBeginning)!)
    expect(b!.subarray(0, 10)).toEqual(a!.subarray(0, 10))
    if (kind === 'passphrase') expect(b!.subarray(10)).not.toEqual(a!.subarray(10))
    else expect(b!.subarray(10)).toEqual(a!.subarray(10))
  }
  expect((await start('nobody')).json.accountId).toBe((await start('nobody', 'code')).json.accountId)
})

test('tries of a name that does not exist are counted like those of one that does', async () => {
  for (let at = 0; at < 7; at++) {
    const auth = systemRandom(32)
    expect(shapeOf(await open('nobody', auth))).toEqual(shapeOf(await open('oma', auth)))
    running.clock.move(30_000)
  }
  expect((await open('nobody', systemRandom(32))).json.error).toBe('too_many_tries')
})

test('a new passphrase slot opens, and the one before does not', async () => {
  const auth = systemRandom(32)
  const { ticket } = (await open('oma', oma.passphraseAuth)).json
  expect((await oma.call('PUT', '/api/slots', { ...makeSlot(1, auth), ticket: 'x'.repeat(43) })).status).toBe(401)
  expect((await oma.call('PUT', '/api/slots', { ...makeSlot(1, auth), ticket })).status).toBe(204)
  expect((await oma.call('PUT', '/api/slots', { ...makeSlot(1, auth), ticket })).status).toBe(401)
  expect((await open('oma', oma.passphraseAuth)).json.error).toBe('wrong_key')
  expect((await open('oma', auth)).status).toBe(200)
  expect((await open('oma', oma.codeAuth, 'code')).status).toBe(200)
})
