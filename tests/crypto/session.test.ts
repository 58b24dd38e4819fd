import { beforeAll, describe, expect, test } from 'bun:test'
import { decode, encode } from 'cborg'
import fc from 'fast-check'
import {
  MAX_STORED_KEYS,
  type RatchetState,
  ratchetDecrypt,
  ratchetEncrypt,
  STORED_KEY_LIFETIME_MS,
  startAsInitiator,
  startAsResponder,
} from '../../src/crypto/double-ratchet.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { diffieHellman, generateDhKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import {
  acceptIncomingSession,
  canSend,
  createOutgoingSession,
  decryptFrame,
  encryptPacket,
  needsRenewal,
  preferredSession,
  pruneSessions,
  SESSION_LIFETIME_MS,
  SESSION_RENEWAL_MS,
  type Session,
} from '../../src/crypto/session.ts'
import { parseSessionFrame } from '../../src/crypto/session-frame.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import { type Suite, trallivalliSuite } from '../../src/crypto/suite.ts'
import { connect, createDevice, flipBit, START } from './devices.ts'
import { deriveSignalRoot, signalSuite } from './signal-suite.ts'

const DAY_MS = 86_400_000
const surroundings = { random: systemRandom, now: START }
const bytes = fc.uint8Array({ maxLength: 300 })

beforeAll(() => sodiumReady)

async function expectRefusal(work: Promise<unknown>): Promise<void> {
  await expect(work).rejects.toBeInstanceOf(DecryptionFailed)
}

describe('a session', () => {
  test('repeats its initial header until something came back, and never after', async () => {
    let { a, b } = await connect()
    const second = await encryptPacket(a, new Uint8Array([2]))
    expect(parseSessionFrame(second.frame).initial).not.toBeNull()
    expect(second.frame.length).toBe(1238 + 1)
    const answer = await encryptPacket(b, new Uint8Array([1]))
    expect(answer.frame.length).toBe(74 + 1)
    ;({ session: a } = await decryptFrame(second.session, answer.frame, surroundings))
    const third = await encryptPacket(a, new Uint8Array([3]))
    expect(parseSessionFrame(third.frame).initial).toBeNull()
    ;({ session: b } = await decryptFrame(answer.session, third.frame, surroundings))
    expect((await decryptFrame(b, second.frame, surroundings)).packet).toEqual(new Uint8Array([2]))
  })

  test('opens what was sealed, and refuses it once a single bit is changed, as it was before', async () => {
    const { a, b } = await connect()
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat(), async (packet, bit) => {
        const { frame } = await encryptPacket(a, packet)
        const before = JSON.stringify(b)
        await expectRefusal(decryptFrame(b, flipBit(frame, bit), surroundings))
        expect(JSON.stringify(b)).toBe(before)
        expect((await decryptFrame(b, frame, surroundings)).packet).toEqual(packet)
      }),
      { numRuns: 60 },
    )
  })

  test('is of use to its two devices only', async () => {
    const papa = createDevice()
    const oma = createDevice()
    const stranger = createDevice()
    const started = createOutgoingSession(papa.own, oma.bundle, oma.own, surroundings)
    const { frame } = await encryptPacket(started, new Uint8Array([7]))
    await expectRefusal(acceptIncomingSession(stranger.own, stranger.held, papa.own, frame, surroundings))
    await expectRefusal(acceptIncomingSession(oma.own, oma.held, stranger.own, frame, surroundings))
    const accepted = await acceptIncomingSession(oma.own, oma.held, papa.own, frame, surroundings)
    expect(accepted.packet).toEqual(new Uint8Array([7]))
    const other = await connect()
    await expectRefusal(decryptFrame(other.b, frame, surroundings))
  })

  test('is not started from the bundle of another device', () => {
    const papa = createDevice()
    const oma = createDevice()
    const stranger = createDevice()
    const start = () => createOutgoingSession(papa.own, stranger.bundle, oma.own, surroundings)
    expect(start).toThrow(DecryptionFailed)
    const mixed = {
      ...stranger.bundle,
      dsk: oma.own.dsk,
      dik: oma.own.dik,
      userId: oma.own.userId,
      deviceId: oma.own.deviceId,
    }
    expect(() => createOutgoingSession(papa.own, mixed, oma.own, surroundings)).toThrow(DecryptionFailed)
  })

  test('survives being stored as CBOR between any two messages', async () => {
    let { a, b } = await connect()
    const stored = <T>(value: T): T => decode(encode(value)) as T
    for (let round = 0; round < 5; round++) {
      const there = await encryptPacket(stored(a), new Uint8Array([round]))
      const lost = await encryptPacket(stored(there.session), new Uint8Array([99]))
      const got = await decryptFrame(stored(b), there.frame, surroundings)
      expect(got.packet).toEqual(new Uint8Array([round]))
      const back = await encryptPacket(stored(got.session), new Uint8Array([round + 100]))
      const answered = await decryptFrame(stored(lost.session), back.frame, surroundings)
      a = answered.session
      b = back.session
    }
  })

  test('is renewed after seven days or a thousand messages, and rests after thirty days of silence', async () => {
    const { a } = await connect()
    expect(needsRenewal(a, START + SESSION_RENEWAL_MS - 1)).toBe(false)
    expect(needsRenewal(a, START + SESSION_RENEWAL_MS)).toBe(true)
    expect(needsRenewal({ ...a, messageCount: 1000 }, START)).toBe(true)
    expect(canSend(a, START + SESSION_LIFETIME_MS)).toBe(true)
    expect(canSend(a, START + SESSION_LIFETIME_MS + 1)).toBe(false)
  })

  test('of several is chosen alike by both sides', async () => {
    const { a } = await connect()
    const one: Session = { ...a, sessionId: new Uint8Array(16).fill(1) }
    const two: Session = { ...a, sessionId: new Uint8Array(16).fill(2) }
    expect(preferredSession([two, one], START)).toBe(one)
    const heard = { ...two, lastReceivedAt: START }
    expect(preferredSession([one, heard], START)).toBe(heard)
    expect(preferredSession([one], START + 31 * DAY_MS)).toBeNull()
  })

  test('is kept with at most five older ones, none of them silent for more than thirty days', async () => {
    const { a } = await connect()
    const heardOn = (day: number): Session => ({
      ...a,
      sessionId: new Uint8Array(16).fill(day),
      lastReceivedAt: START + day * DAY_MS,
    })
    const days = (sessions: Session[]) => sessions.map((session) => session.sessionId[0])
    const all = [3, 1, 9, 5, 7, 2, 8, 6].map(heardOn)
    expect(days(pruneSessions(all, START + 10 * DAY_MS))).toEqual([9, 8, 7, 6, 5, 3])
    expect(days(pruneSessions(all, START + 37 * DAY_MS))).toEqual([9, 8, 7])
    expect(pruneSessions(all, START + 60 * DAY_MS)).toEqual([])
  })
})

interface Party {
  state: RatchetState
  /** Frames on the way to the other one. */
  outbox: { frame: Uint8Array; text: string }[]
}

const prefix = new Uint8Array([1, 2, 3])

function pairOf(suite: Suite): { a: Party; b: Party } {
  const identityA = generateDhKeyPair()
  const identityB = generateDhKeyPair()
  const first = generateDhKeyPair()
  const rootKey = deriveSignalRoot([diffieHellman(identityA.secretKey, identityB.publicKey)])
  const secrets = { rootKey, associatedData: new Uint8Array([...identityA.publicKey, ...identityB.publicKey]) }
  return {
    a: { state: startAsInitiator(suite, secrets, generateDhKeyPair(), first.publicKey), outbox: [] },
    b: { state: startAsResponder(secrets, first), outbox: [] },
  }
}

const event = fc.record({
  sender: fc.constantFrom('a' as const, 'b' as const),
  what: fc.constantFrom('send', 'send', 'deliver', 'deliver', 'deliver', 'drop', 'repeat', 'forge'),
  pick: fc.nat(),
})

for (const suite of [trallivalliSuite, signalSuite]) {
  describe(`the ratchet engine with the suite of ${suite.name}`, () => {
    const environment = { suite, random: systemRandom, now: START }

    test('converges over a network that drops, repeats, reorders and forges', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
          const parties = pairOf(suite)
          const opened = new Set<string>()
          let sent = 0
          const send = async (sender: 'a' | 'b') => {
            if (parties[sender].state.sendingChainKey === null) return
            const text = `${sender}${sent++}`
            const result = await ratchetEncrypt(suite, parties[sender].state, new TextEncoder().encode(text), prefix)
            parties[sender].state = result.state
            parties[sender].outbox.push({ frame: result.frame, text })
          }
          const deliver = async (sender: 'a' | 'b', pick: number, keeps: boolean) => {
            const { outbox } = parties[sender]
            if (outbox.length === 0) return
            const index = pick % outbox.length
            const { frame, text } = outbox[index]!
            const receiver = parties[sender === 'a' ? 'b' : 'a']
            const work = ratchetDecrypt(environment, receiver.state, frame, prefix.length)
            if (!keeps) outbox.splice(index, 1)
            if (opened.has(text)) return expectRefusal(work)
            const { state, plaintext } = await work
            expect(new TextDecoder().decode(plaintext)).toBe(text)
            receiver.state = state
            opened.add(text)
          }
          const forge = async (sender: 'a' | 'b', pick: number) => {
            const { outbox } = parties[sender]
            if (outbox.length === 0) return
            const { frame } = outbox[pick % outbox.length]!
            const receiver = parties[sender === 'a' ? 'b' : 'a']
            const before = JSON.stringify(receiver.state)
            await expectRefusal(ratchetDecrypt(environment, receiver.state, flipBit(frame, pick), prefix.length))
            expect(JSON.stringify(receiver.state)).toBe(before)
          }
          for (const { sender, what, pick } of events) {
            if (what === 'send') await send(sender)
            else if (what === 'drop') parties[sender].outbox.splice(pick % 7, 1)
            else if (what === 'forge') await forge(sender, pick)
            else await deliver(sender, pick, what === 'repeat')
          }
          // Whatever happened: one more message each way is read.
          for (const sender of ['a', 'b', 'a'] as const) {
            await send(sender)
            await deliver(sender, parties[sender].outbox.length - 1, false)
          }
          expect(opened.size).toBeGreaterThanOrEqual(3)
        }),
        { numRuns: 40 },
      )
    })

    test('keeps at most two thousand keys of missing messages: the oldest goes', async () => {
      const { a, b } = pairOf(suite)
      const frames: Uint8Array[] = []
      for (let index = 0; index <= 2500; index++) {
        const result = await ratchetEncrypt(suite, a.state, new Uint8Array([1]))
        a.state = result.state
        frames.push(result.frame)
      }
      for (const index of [0, 1000, 2000, 2500])
        b.state = (await ratchetDecrypt(environment, b.state, frames[index]!)).state
      expect(b.state.skipped.length).toBe(MAX_STORED_KEYS)
      const oldest = b.state.skipped[0]!.counter
      await expectRefusal(ratchetDecrypt(environment, b.state, frames[oldest - 1]!))
      expect((await ratchetDecrypt(environment, b.state, frames[oldest]!)).plaintext).toEqual(new Uint8Array([1]))
    })

    test('forgets the keys of missing messages after thirty days', async () => {
      const { a, b } = pairOf(suite)
      const first = await ratchetEncrypt(suite, a.state, new Uint8Array([1]))
      const second = await ratchetEncrypt(suite, first.state, new Uint8Array([2]))
      const { state } = await ratchetDecrypt(environment, b.state, second.frame)
      const atTheEnd = { ...environment, now: START + STORED_KEY_LIFETIME_MS }
      expect((await ratchetDecrypt(atTheEnd, state, first.frame)).plaintext).toEqual(new Uint8Array([1]))
      const tooLate = { ...environment, now: START + STORED_KEY_LIFETIME_MS + 1 }
      await expectRefusal(ratchetDecrypt(tooLate, state, first.frame))
    })

    test('lets nobody speak first but the initiator', async () => {
      await expectRefusal(ratchetEncrypt(suite, pairOf(suite).b.state, new Uint8Array([1])))
    })
  })
}
