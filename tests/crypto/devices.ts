import type {
  DeviceDhPublicKey,
  DeviceDhSecretKey,
  DevicePublicKey,
  DeviceSecretKey,
} from '../../src/crypto/key-types.ts'
import { generateDhKeyPair, generateSigningKeyPair } from '../../src/crypto/keys.ts'
import type { HeldPrekeys, PrekeyBundle } from '../../src/crypto/pqxdh.ts'
import { makeKemPrekey, makeOneTimePrekeys, makeSignedPrekey } from '../../src/crypto/prekey-signing.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import {
  acceptIncomingSession,
  createOutgoingSession,
  encryptPacket,
  type OwnDevice,
  type Session,
} from '../../src/crypto/session.ts'

/** A moment at which the tests begin. */
export const START = 1_795_219_200_000

/** A device of a member, with all its secrets and the prekeys it has published. */
export interface TestDevice {
  own: OwnDevice & { dskSecret: DeviceSecretKey }
  bundle: PrekeyBundle
  held: HeldPrekeys
}

/** A fresh device of a fresh user. */
export function createDevice(): TestDevice {
  const signing = generateSigningKeyPair()
  const dh = generateDhKeyPair()
  const own = {
    userId: systemRandom(16),
    deviceId: systemRandom(16),
    dsk: signing.publicKey as DevicePublicKey,
    dskSecret: signing.secretKey as DeviceSecretKey,
    dik: dh.publicKey as DeviceDhPublicKey,
    dikSecret: dh.secretKey as DeviceDhSecretKey,
  }
  const signedPrekey = makeSignedPrekey(own, 1, START)
  const kemPrekey = makeKemPrekey(own, 2, START)
  const oneTimePrekey = makeOneTimePrekeys(3, 1)[0]!
  return {
    own,
    bundle: { ...own, signedPrekey, kemPrekey, oneTimePrekey },
    held: { signedPrekey, kemPrekey, oneTimePrekey },
  }
}

/** Two devices with a session between them; the first frame has been sent and received, nothing came back yet. */
export async function connect(first = createDevice(), second = createDevice()): Promise<{ a: Session; b: Session }> {
  const surroundings = { random: systemRandom, now: START }
  const started = createOutgoingSession(first.own, second.bundle, second.own, surroundings)
  const { session: a, frame } = await encryptPacket(started, new Uint8Array([1]))
  const { session: b } = await acceptIncomingSession(second.own, second.held, first.own, frame, surroundings)
  return { a, b }
}

/** The same bytes with one bit changed. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice()
  const place = bit % (bytes.length * 8)
  changed[place >> 3]! ^= 1 << (place & 7)
  return changed
}
