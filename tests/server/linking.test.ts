import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { systemRandom } from '../../src/crypto/random.ts'
import { toBase64Url } from '../../src/protocol/ids.ts'
import { linkLimits } from '../../src/protocol/linking.ts'
import { type RunningApp, startApp } from '../support/app.ts'
import { someId } from '../support/home.ts'
import { foundHome, inviteMember, Newcomer } from '../support/newcomer.ts'

const bytes = (count: number) => toBase64Url(systemRandom(count))

let running: RunningApp
let oma: Newcomer
let kid: Newcomer
/** Has no account and no session: a new browser, or somebody who looks for one. */
let tablet: Newcomer
let stranger: Newcomer
let linkId: string

beforeAll(async () => {
  running = await startApp()
  oma = await foundHome(running)
  kid = await inviteMember(oma, 'kid')
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
beforeEach(async () => {
  tablet = new Newcomer(running, 'tablet')
  stranger = new Newcomer(running, 'stranger')
  linkId = someId()
  running.clock.move(10 * 60_000)
  for (const member of [oma, kid]) await member.signIn()
})

const join = (who: Newcomer, offer: { shows: boolean; isOld: boolean }, id = linkId) =>
  who.call('POST', '/api/links', { linkId: id, ...offer })
const send = (who: Newcomer, seat: string, letter: string) => who.call('POST', '/api/links/letters', { seat, letter })
const collect = (who: Newcomer, seat: string, from = 0) => who.call('POST', '/api/links/collect', { seat, from })
const end = (who: Newcomer, seat: string, ending: string) => who.call('POST', '/api/links/end', { seat, ending })

async function meet() {
  const fresh = (await join(tablet, { shows: true, isOld: false })).json.seat as string
  const old = (await join(oma, { shows: false, isOld: true })).json.seat as string
  return { fresh, old }
}

describe('the relay', () => {
  test('carries letters both ways, in order, and wakes who waits', async () => {
    const { fresh, old } = await meet()
    const waiting = collect(tablet, fresh)
    const letters = [bytes(32), bytes(200)]
    for (const letter of letters) expect((await send(oma, old, letter)).status).toBe(204)
    expect((await waiting).json.letters[0]).toBe(letters[0])
    expect((await collect(tablet, fresh)).json).toEqual({ letters, ending: null })
    expect((await collect(tablet, fresh, 1)).json.letters).toEqual([letters[1]])
    const answer = bytes(150)
    await send(tablet, fresh, answer)
    expect((await collect(oma, old)).json.letters).toEqual([answer])
  })

  test('says how the other end left, and forgets the link when both have', async () => {
    const { fresh, old } = await meet()
    await send(oma, old, bytes(10))
    const waiting = collect(oma, old)
    await end(tablet, fresh, 'done')
    expect((await waiting).json).toEqual({ letters: [], ending: 'done' })
    expect((await collect(tablet, fresh)).json.letters).toHaveLength(1)
    await end(oma, old, 'done')
    expect((await collect(tablet, fresh)).json.error).toBe('link_gone')
  })

  test('keeps nothing for longer than ten minutes', async () => {
    const { fresh, old } = await meet()
    await send(oma, old, bytes(100))
    running.clock.move(linkLimits.lifetimeMs)
    expect((await collect(tablet, fresh)).json.error).toBe('link_gone')
    expect((await send(oma, old, bytes(10))).json.error).toBe('link_gone')
    expect((await join(stranger, { shows: false, isOld: false })).json.error).toBe('link_gone')
  })

  test('bounds what a browser without a session may leave here', async () => {
    const { fresh, old } = await meet()
    expect((await send(tablet, fresh, bytes(linkLimits.maxLetterOfNewBytes + 3))).json.error).toBe('too_large')
    expect((await send(oma, old, bytes(linkLimits.maxLetterOfNewBytes + 3))).status).toBe(204)
    expect((await send(oma, old, bytes(linkLimits.maxLetterOfOldBytes + 3))).status).toBe(400)
    for (let count = 0; count < linkLimits.maxLetters; count++) await send(tablet, fresh, bytes(10))
    expect((await send(tablet, fresh, bytes(10))).json.error).toBe('too_many')
  })
})

describe('a seat', () => {
  test('is for one device of each kind', async () => {
    await join(tablet, { shows: true, isOld: false })
    expect((await join(stranger, { shows: true, isOld: false })).json.error).toBe('link_taken')
    expect((await join(stranger, { shows: false, isOld: false })).json.error).toBe('link_taken')
    expect((await join(oma, { shows: false, isOld: true })).status).toBe(200)
    expect((await join(kid, { shows: false, isOld: true })).json.error).toBe('link_taken')
  })

  test('of the old device takes its session at every call', async () => {
    expect((await join(stranger, { shows: true, isOld: true })).json.error).toBe('not_signed_in')
    const { old } = await meet()
    for (const who of [stranger, kid]) {
      expect((await collect(who, old)).json.error).toBe('not_signed_in')
      expect((await send(who, old, bytes(10))).json.error).toBe('not_signed_in')
      expect((await end(who, old, 'done')).json.error).toBe('not_signed_in')
    }
  })

  test('is not found by who knows the link alone: Stranger gets nothing', async () => {
    const { fresh, old } = await meet()
    await send(oma, old, bytes(100))
    expect(stranger.cookies.size).toBe(0)
    for (const guess of [bytes(32), linkId.padEnd(43, 'A')]) {
      const answer = await collect(stranger, guess)
      expect([400, 410]).toContain(answer.status)
      expect(answer.json.letters).toBeUndefined()
    }
    expect((await collect(tablet, fresh)).json.letters).toHaveLength(1)
  })
})

test('one address cannot open links without end', async () => {
  const answers: string[] = []
  for (let count = 0; count < 40; count++)
    answers.push((await join(stranger, { shows: true, isOld: false }, someId())).json.error ?? 'open')
  expect(answers).toContain('too_many')
})

describe('whoever holds a session alone', () => {
  test('replaces neither slot nor root: that takes what opens them', async () => {
    const thief = oma
    const slot = { slot: bytes(86), authHash: bytes(32) }
    const root = {
      ...{ entry: bytes(100), wrappedRootSeed: bytes(60), passphraseSlot: slot, recoverySlot: slot },
      sealedArchiveKeys: [{ epoch: 1, record: bytes(1248) }],
    }
    const rotation = thief.draftEntry({
      ...{ type: 'root-rotate', uik: thief.root.publicKey, backupPkHash: systemRandom(32) },
      possession: systemRandom(64),
    })
    const forged = Uint8Array.from(Buffer.from(slot.slot, 'base64url'))
    forged.set([1, 1])
    const passphraseSlot = { ...slot, slot: toBase64Url(forged) }
    forged.set([2, 1])
    const recoverySlot = { ...slot, slot: toBase64Url(forged) }
    const ticket = 'x'.repeat(43)
    expect((await thief.call('PUT', '/api/slots', { ...passphraseSlot, ticket })).json.error).toBe('wrong_key')
    const offer = { ...root, entry: toBase64Url(rotation), passphraseSlot, recoverySlot, ticket }
    expect((await thief.call('POST', '/api/recovery/root', offer)).json.error).toBe('wrong_key')
    expect((await kid.call('POST', '/api/recovery/root', offer)).json.error).toBe('not_allowed')
  })
})
