import { open, seal } from '../../src/crypto/aead.ts'
import { openArchiveRow, sealArchiveRow } from '../../src/crypto/archive.ts'
import { ARGON2_FLOOR, stretchPassphrase } from '../../src/crypto/argon2.ts'
import { openBodyWithKey } from '../../src/crypto/body.ts'
import { encapsulate } from '../../src/crypto/kem.ts'
import {
  diffieHellman,
  generateDhKeyPair,
  generateKemKeyPair,
  generateSigningKeyPair,
  sign,
  verifySignature,
} from '../../src/crypto/keys.ts'
import { encodeSenderKey } from '../../src/crypto/packets.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import {
  acceptSenderKey,
  createChain,
  openWithChain,
  sealWithChain,
  senderKeyOf,
} from '../../src/crypto/sender-chain.ts'
import { createOutgoingSession, encryptPacket } from '../../src/crypto/session.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import { createDevice } from '../../tests/crypto/devices.ts'

// Runs on Bun and in a page alike, so nothing of either is used here.

/** Microseconds, by name. */
export type Costs = Record<string, number>

const repeats = 7

async function timeEach(count: number, work: (index: number) => unknown): Promise<number> {
  const results: number[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    const startedAt = performance.now()
    for (let index = 0; index < count; index++) await work(repeat * count + index)
    results.push(((performance.now() - startedAt) * 1_000) / count)
  }
  return results.sort((left, right) => left - right)[repeats >> 1]!
}

/** So many under way at once, as a page of messages is opened: what each costs, not how long one waits for another thread to wake. */
const together = 50
const timeTogether = async (count: number, work: () => Promise<unknown>): Promise<number> =>
  (await timeEach(count / together, () => Promise.all(Array.from({ length: together }, work)))) / together

async function primitives(): Promise<Costs> {
  const [dh, other] = [generateDhKeyPair(), generateDhKeyPair()]
  const signing = generateSigningKeyPair()
  const message = systemRandom(300)
  const signature = sign(signing.secretKey, 'group-msg', message)
  const kem = generateKemKeyPair()
  const gcm = () => ({ key: systemRandom(32), iv: systemRandom(12), aad: systemRandom(16) })
  const context = gcm()
  const sealed = await seal(context, message)
  return {
    x25519: await timeEach(200, () => diffieHellman(dh.secretKey, other.publicKey)),
    ed25519_sign: await timeEach(200, () => sign(signing.secretKey, 'group-msg', message)),
    ed25519_verify: await timeEach(200, () => verifySignature(signing.publicKey, 'group-msg', message, signature)),
    mlkem768_encaps: await timeEach(200, () => encapsulate(kem.publicKey, systemRandom)),
    aes_gcm_300: await timeTogether(1_000, () => open(context, sealed)),
    aes_gcm_300_alone: await timeEach(200, () => open(context, sealed)),
  }
}

async function groups(): Promise<Costs> {
  const device = createDevice()
  const place = { convId: systemRandom(16), epoch: 1, convHead: systemRandom(32), klass: 0 as const }
  const { userId, deviceId } = device.own
  const plaintext = () => ({
    ...{ contentType: 1, senderUser: userId, senderDevice: deviceId, sentAt: Date.now() },
    ...{ sthSize: 1, sthRoot: systemRandom(32), expirySeconds: 0, payload: systemRandom(300) },
  })
  let sending = createChain(device.own, place, { random: systemRandom, now: Date.now() })
  let receiving = acceptSenderKey(device.own, senderKeyOf(sending))
  const bodies: Uint8Array[] = []
  const group_send = await timeEach(100, async () => {
    const sealed = await sealWithChain(sending, { class: 0, msgId: systemRandom(16) }, plaintext())
    sending = sealed.chain
    bodies.push(sealed.body)
  })
  const group_receive = await timeEach(100, async (index) => {
    receiving = (await openWithChain(receiving, bodies[index]!, Date.now())).chain
  })
  const archive = { epoch: 1, key: systemRandom(32) }
  const msgId = systemRandom(16)
  const { messageKey, bodyHash } = await openWithChain(
    acceptSenderKey(device.own, senderKeyOf(sending)),
    (await sealWithChain(sending, { class: 0, msgId }, plaintext())).body,
    Date.now(),
  )
  const { body } = await sealWithChain(sending, { class: 0, msgId }, plaintext())
  const row = await sealArchiveRow(archive, { userId, msgId }, { messageKey, bodyHash }, systemRandom)
  const known = { messageKey, bodyHash: new Uint8Array(await crypto.subtle.digest('SHA-256', body.slice())) }
  const archive_read = await timeEach(200, async () => {
    await openArchiveRow(archive, { userId, msgId }, row)
    await openBodyWithKey(body, known)
  })
  return { group_send, group_receive, archive_read }
}

/** The key of one chain for the 89 other devices of a family: once with fresh sessions, then over those that are there. */
async function fanOut(): Promise<Costs> {
  const own = createDevice()
  const others = Array.from({ length: 89 }, createDevice)
  const place = { convId: systemRandom(16), epoch: 1, convHead: systemRandom(32), klass: 0 as const }
  const surroundings = { random: systemRandom, now: 1_795_219_200_000 }
  const packet = encodeSenderKey(senderKeyOf(createChain(own.own, place, surroundings)))
  let sessions = others.map((other) => createOutgoingSession(own.own, other.bundle, other.own, surroundings))
  const first_fan_out_89 = await timeEach(1, async () => {
    sessions = others.map((other) => createOutgoingSession(own.own, other.bundle, other.own, surroundings))
    sessions = await Promise.all(sessions.map(async (session) => (await encryptPacket(session, packet)).session))
  })
  const rekey_89 = await timeEach(3, async () => {
    sessions = await Promise.all(sessions.map(async (session) => (await encryptPacket(session, packet)).session))
  })
  return { first_fan_out_89, rekey_89 }
}

export async function measureCosts(): Promise<Costs> {
  await sodiumReady
  const salt = systemRandom(16)
  const costs = { ...(await primitives()), ...(await groups()), ...(await fanOut()) }
  return {
    ...costs,
    argon2id_64mib: await timeEach(1, () => stretchPassphrase('lamp river stone', salt, ARGON2_FLOOR)),
  }
}
