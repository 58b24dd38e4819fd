import { beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { openBodyWithKey, openDmBody, sealDmBody } from '../../src/crypto/body.ts'
import type { BodyClass } from '../../src/crypto/body-header.ts'
import type { BodyPlaintext } from '../../src/crypto/body-plaintext.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { encodeContentKey, encodeSenderKey, parseContentKey, parseSenderKey } from '../../src/crypto/packets.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import {
  acceptSenderKey,
  CHAIN_MAX_AGE_MS,
  CHAIN_MAX_MESSAGES,
  createChain,
  isChainWorn,
  MAX_STORED_CHAIN_KEYS,
  openWithChain,
  type ReceivingChain,
  type SendingChain,
  sealWithChain,
  senderKeyOf,
} from '../../src/crypto/sender-chain.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import { createDevice, flipBit, START, type TestDevice } from './devices.ts'

beforeAll(() => sodiumReady)

async function expectRefusal(work: Promise<unknown>): Promise<void> {
  await expect(work).rejects.toBeInstanceOf(DecryptionFailed)
}

function content({ own }: TestDevice, payload: Uint8Array, expirySeconds = 0): BodyPlaintext {
  return {
    contentType: 1,
    senderUser: own.userId,
    senderDevice: own.deviceId,
    sentAt: START,
    sthSize: 3,
    sthRoot: systemRandom(32),
    expirySeconds,
    payload,
  }
}

const fields = (isEphemeral = false) => ({
  class: 0 as BodyClass,
  isEphemeral,
  convId: systemRandom(16),
  msgId: systemRandom(16),
})

describe('a DM body', () => {
  test('opens to what was sealed; one changed bit of body or content key is refused', async () => {
    const papa = createDevice()
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.nat(),
        fc.boolean(),
        async (payload, bit, isEphemeral) => {
          const plaintext = content(papa, payload, isEphemeral ? 60 : 0)
          const { body, contentKey } = await sealDmBody(systemRandom(32), fields(isEphemeral), plaintext)
          const packet = encodeContentKey(contentKey)
          const opened = await openDmBody(body, parseContentKey(packet), papa.own)
          expect(opened.plaintext).toEqual(plaintext)
          expect((await openBodyWithKey(body, opened)).plaintext).toEqual(plaintext)
          await expectRefusal(openDmBody(flipBit(body, bit), contentKey, papa.own))
          await expectRefusal((async () => openDmBody(body, parseContentKey(flipBit(packet, bit)), papa.own))())
        },
      ),
      { numRuns: 60 },
    )
  })

  test('of Papa is refused when it comes through the session with a stranger', async () => {
    const papa = createDevice()
    const stranger = createDevice()
    const { body, contentKey } = await sealDmBody(systemRandom(32), fields(), content(papa, new Uint8Array([1])))
    await expectRefusal(openDmBody(body, contentKey, stranger.own))
    const sameUser = { userId: papa.own.userId, deviceId: stranger.own.deviceId }
    await expectRefusal(openDmBody(body, contentKey, sameUser))
  })

  test('says nothing of the length of a short message', async () => {
    const papa = createDevice()
    const lengths = new Set<number>()
    for (const length of [0, 1, 20, 42]) {
      const { body } = await sealDmBody(systemRandom(32), fields(), content(papa, new Uint8Array(length)))
      lengths.add(body.length)
    }
    expect(lengths.size).toBe(1)
  })

  test('that is not ephemeral cannot be sealed with an expiry', async () => {
    const papa = createDevice()
    const sealing = sealDmBody(systemRandom(32), fields(), content(papa, new Uint8Array(), 60))
    await expect(sealing).rejects.toBeInstanceOf(RangeError)
  })
})

function startChain(owner: TestDevice, klass: 0 | 1 = 0): SendingChain {
  const place = { convId: systemRandom(16), epoch: 4, convHead: systemRandom(32), klass }
  return createChain(owner.own, place, { random: systemRandom, now: START })
}

function accept(owner: TestDevice, chain: SendingChain): ReceivingChain {
  return acceptSenderKey(owner.own, parseSenderKey(encodeSenderKey(senderKeyOf(chain))))
}

async function sealMany(owner: TestDevice, start: SendingChain, count: number) {
  let chain = start
  const bodies: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const payload = new Uint8Array([index >> 8, index & 255])
    const sealed = await sealWithChain(chain, { class: 0, msgId: systemRandom(16) }, content(owner, payload))
    chain = sealed.chain
    bodies.push(sealed.body)
  }
  return { chain, bodies }
}

describe('a sender chain', () => {
  test('brings all members to the same end over a network that drops, repeats and reorders', async () => {
    const oma = createDevice()
    const start = startChain(oma)
    const { bodies } = await sealMany(oma, start, 24)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(23), { maxLength: 40 }), async (arrivals) => {
        let chain = accept(oma, start)
        const opened = new Set<number>()
        for (const index of arrivals) {
          const work = openWithChain(chain, bodies[index]!, START)
          if (opened.has(index)) {
            await expectRefusal(work)
            continue
          }
          const result = await work
          expect(result.plaintext.payload).toEqual(new Uint8Array([0, index]))
          chain = result.chain
          opened.add(index)
        }
        for (let index = 0; index < bodies.length; index++) {
          if (!opened.has(index)) chain = (await openWithChain(chain, bodies[index]!, START)).chain
        }
        expect([chain.nextIteration, chain.skipped.length]).toEqual([24, 0])
      }),
      { numRuns: 30 },
    )
  })

  test('stays as it was when one bit of a body is changed', async () => {
    const oma = createDevice()
    const start = startChain(oma)
    const { bodies } = await sealMany(oma, start, 3)
    const chain = accept(oma, start)
    const before = JSON.stringify(chain)
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.nat(), async (index, bit) => {
        await expectRefusal(openWithChain(chain, flipBit(bodies[index]!, bit), START))
        expect(JSON.stringify(chain)).toBe(before)
      }),
      { numRuns: 100 },
    )
  })

  test('is read by a device that joins later from there on, and not before', async () => {
    const oma = createDevice()
    const first = await sealMany(oma, startChain(oma), 3)
    const later = accept(oma, first.chain)
    const second = await sealMany(oma, first.chain, 1)
    for (const body of first.bodies) await expectRefusal(openWithChain(later, body, START))
    expect((await openWithChain(later, second.bodies[0]!, START)).plaintext.payload).toEqual(new Uint8Array([0, 0]))
  })

  test('that another device claims as its own is refused', () => {
    const oma = createDevice()
    const stranger = createDevice()
    const key = senderKeyOf(startChain(oma))
    expect(() => acceptSenderKey(stranger.own, key)).toThrow(DecryptionFailed)
    expect(() => acceptSenderKey({ ...oma.own, deviceId: stranger.own.deviceId }, key)).toThrow(DecryptionFailed)
    const moved = { ...key, convId: systemRandom(16) }
    expect(() => acceptSenderKey(oma.own, moved)).toThrow(DecryptionFailed)
  })

  test('refuses the bodies of another chain', async () => {
    const oma = createDevice()
    const one = startChain(oma)
    const { bodies } = await sealMany(oma, startChain(oma), 1)
    await expectRefusal(openWithChain(accept(oma, one), bodies[0]!, START))
  })

  test('keeps two thousand keys of missing bodies, for thirty days', async () => {
    const oma = createDevice()
    const start = startChain(oma)
    const jumped = { ...start, iteration: 0 }
    const { bodies, chain } = await sealMany(oma, jumped, 2)
    const far = await sealMany(oma, await skip(chain, 1990), 1)
    const farther = await sealMany(oma, await skip(far.chain, 100), 1)
    let receiving = accept(oma, start)
    receiving = (await openWithChain(receiving, far.bodies[0]!, START)).chain
    receiving = (await openWithChain(receiving, farther.bodies[0]!, START)).chain
    expect(receiving.skipped.length).toBe(MAX_STORED_CHAIN_KEYS)
    await expectRefusal(openWithChain(receiving, bodies[0]!, START))
    const fresh = (await openWithChain(accept(oma, start), bodies[1]!, START)).chain
    expect((await openWithChain(fresh, bodies[0]!, START + 30 * 86_400_000)).chain.skipped.length).toBe(0)
    await expectRefusal(openWithChain(fresh, bodies[0]!, START + 30 * 86_400_000 + 1))
  })

  test('is worn after 200 messages or a day', async () => {
    const chain = startChain(createDevice())
    expect(isChainWorn(chain, START + CHAIN_MAX_AGE_MS - 1)).toBe(false)
    expect(isChainWorn(chain, START + CHAIN_MAX_AGE_MS)).toBe(true)
    expect(isChainWorn({ ...chain, iteration: CHAIN_MAX_MESSAGES }, START)).toBe(true)
  })
})

/** The chain after `count` messages that nobody will ever see. */
async function skip(chain: SendingChain, count: number): Promise<SendingChain> {
  const { stepChain } = await import('../../src/crypto/suite.ts')
  let { chainKey } = chain
  for (let index = 0; index < count; index++) chainKey = stepChain(chainKey).chainKey
  return { ...chain, chainKey, iteration: chain.iteration + count }
}
