import { concat, equal, u32, Z32 } from './bytes.ts'
import { insist } from './errors.ts'
import { hkdf, sha256 } from './hash.ts'
import { decapsulate, encapsulate } from './kem.ts'
import type { DeviceDhPublicKey, DeviceDhSecretKey, DevicePublicKey, DhPublicKey, KemPublicKey } from './key-types.ts'
import { type DhKeyPair, diffieHellman, generateDhKeyPair, type KemKeyPair } from './keys.ts'
import { label, labelled } from './label.ts'
import { checkPrekey, type SignedPrekey } from './prekeys.ts'
import type { RandomSource } from './random.ts'
import type { InitialHeader } from './session-frame.ts'
import { wipe } from './sodium.ts'

/** The public keys by which a device is known in the key log. */
export interface DeviceIdentity {
  userId: Uint8Array
  deviceId: Uint8Array
  dsk: DevicePublicKey
  dik: DeviceDhPublicKey
}

/** A one-time prekey as handed out by the server; unsigned, its worth is one more secret. */
export interface OneTimePrekey {
  /** From 1 upwards. */
  id: number
  publicKey: DhPublicKey
}

/** What the server hands out for one device: everything needed to start a session while it is offline. */
export interface PrekeyBundle extends DeviceIdentity {
  signedPrekey: SignedPrekey<DhPublicKey>
  /** A one-time KEM prekey, or the last resort. */
  kemPrekey: SignedPrekey<KemPublicKey>
  /** null when the server has none left. */
  oneTimePrekey: OneTimePrekey | null
}

/** The result of the agreement: 32-byte root key, 16-byte session id, 32-byte transcript T. */
export interface Agreement {
  rootKey: Uint8Array
  sessionId: Uint8Array
  transcript: Uint8Array
}

/** The private halves of the prekeys an initial header names; null where the device does not hold (any more) what it names. */
export interface HeldPrekeys {
  signedPrekey: DhKeyPair | null
  kemPrekey: KemKeyPair | null
  oneTimePrekey: DhKeyPair | null
}

interface TranscriptParts {
  a: DeviceIdentity
  b: DeviceIdentity
  ephemeralKey: DhPublicKey
  signedPrekey: { id: number; publicKey: Uint8Array }
  oneTimePrekey: { id: number; publicKey: Uint8Array } | null
  kemPrekey: { id: number; publicKey: Uint8Array }
  kemCiphertext: Uint8Array
}

/**
 * T, 32 bytes: everything both must agree on, so that no key can be swapped, added or left out unseen.
 * ```
 * H( L("pqxdh transcript") || 00 || userA devA DSK_A DIK_A || userB devB DSK_B DIK_B || EK_A
 *    || u32 spkId SPK_B || u32 opkId OPK_B|Z32 || u32 kemId H(KPK_B) || H(ct) )
 * ```
 */
function transcriptOf(parts: TranscriptParts): Uint8Array {
  const { a, b, signedPrekey, oneTimePrekey, kemPrekey } = parts
  return sha256(
    labelled(
      'pqxdh transcript',
      concat(a.userId, a.deviceId, a.dsk, a.dik),
      concat(b.userId, b.deviceId, b.dsk, b.dik),
      parts.ephemeralKey,
      concat(u32(signedPrekey.id), signedPrekey.publicKey),
      concat(u32(oneTimePrekey?.id ?? 0), oneTimePrekey?.publicKey ?? Z32),
      concat(u32(kemPrekey.id), sha256(kemPrekey.publicKey)),
      sha256(parts.kemCiphertext),
    ),
  )
}

/**
 * OKM = HKDF(Z32, FF*32 || DH1 || DH2 || DH3 [|| DH4] || SS, L("PQXDH_X25519_SHA-256_ML-KEM-768") || T, 64);
 * RK0 = OKM[0:32], sessionId = OKM[32:48].
 */
function deriveAgreement(secrets: Uint8Array[], transcript: Uint8Array): Agreement {
  const ikm = concat(new Uint8Array(32).fill(0xff), ...secrets)
  const okm = hkdf(Z32, ikm, concat(label('PQXDH_X25519_SHA-256_ML-KEM-768'), transcript), 64)
  wipe(ikm, ...secrets)
  return { rootKey: okm.slice(0, 32), sessionId: okm.slice(32, 48), transcript }
}

function checkBundle(bundle: PrekeyBundle, logged: DeviceIdentity, now: number): void {
  const isLogged =
    equal(bundle.userId, logged.userId) &&
    equal(bundle.deviceId, logged.deviceId) &&
    equal(bundle.dsk, logged.dsk) &&
    equal(bundle.dik, logged.dik)
  insist(isLogged, 'the bundle is not of the device in the key log')
  checkPrekey('spk', { ...logged, now }, bundle.signedPrekey)
  checkPrekey('kem-prekey', { ...logged, now }, bundle.kemPrekey)
  insist(bundle.oneTimePrekey === null || bundle.oneTimePrekey.id !== 0, 'prekey id 0')
}

/**
 * PQXDH as the initiator A (PROTOCOL 4.4): checks B's bundle against what the key log says of B (`logged`), its
 * signatures and ages, and agrees on the root key. Draws EK_A (32 bytes) and the encapsulation seed (32), in this order.
 * Throws DecryptionFailed for a bundle that is not B's, is too old, or holds a key of small order.
 */
export function agreeAsInitiator(
  own: DeviceIdentity & { dikSecret: DeviceDhSecretKey },
  bundle: PrekeyBundle,
  logged: DeviceIdentity,
  { random, now }: { random: RandomSource; now: number },
): Agreement & { header: InitialHeader } {
  checkBundle(bundle, logged, now)
  const { signedPrekey, oneTimePrekey, kemPrekey } = bundle
  const ephemeral = generateDhKeyPair(random(32))
  const kem = encapsulate(kemPrekey.publicKey, random)
  const secrets = [
    diffieHellman(own.dikSecret, signedPrekey.publicKey),
    diffieHellman(ephemeral.secretKey, logged.dik),
    diffieHellman(ephemeral.secretKey, signedPrekey.publicKey),
  ]
  if (oneTimePrekey !== null) secrets.push(diffieHellman(ephemeral.secretKey, oneTimePrekey.publicKey))
  const transcript = transcriptOf({
    ...{ a: own, b: logged, ephemeralKey: ephemeral.publicKey, kemCiphertext: kem.ciphertext },
    ...{ signedPrekey, oneTimePrekey, kemPrekey },
  })
  const agreement = deriveAgreement([...secrets, kem.sharedSecret], transcript)
  wipe(ephemeral.secretKey)
  const header = {
    userA: own.userId,
    deviceA: own.deviceId,
    ephemeralKey: ephemeral.publicKey,
    signedPrekeyId: signedPrekey.id,
    oneTimePrekeyId: oneTimePrekey?.id ?? 0,
    kemPrekeyId: kemPrekey.id,
    kemCiphertext: kem.ciphertext,
  }
  return { ...agreement, header }
}

/**
 * PQXDH as the responder B: the same from the initial header, `logged` = what the key log says of A.
 * Throws DecryptionFailed when a prekey is not held, A is not who the header says, or the session id differs.
 */
export function agreeAsResponder(
  own: DeviceIdentity & { dikSecret: DeviceDhSecretKey },
  held: HeldPrekeys,
  logged: DeviceIdentity,
  { header, sessionId }: { header: InitialHeader; sessionId: Uint8Array },
): Agreement {
  const { signedPrekey, kemPrekey } = held
  const oneTimePrekey = header.oneTimePrekeyId === 0 ? null : held.oneTimePrekey
  insist(equal(header.userA, logged.userId) && equal(header.deviceA, logged.deviceId), 'another device in the key log')
  insist(signedPrekey !== null && kemPrekey !== null, 'a prekey that is not held')
  insist((oneTimePrekey === null) === (header.oneTimePrekeyId === 0), 'a one-time prekey that is not held')
  const secrets = [
    diffieHellman(signedPrekey.secretKey, logged.dik),
    diffieHellman(own.dikSecret, header.ephemeralKey),
    diffieHellman(signedPrekey.secretKey, header.ephemeralKey),
  ]
  if (oneTimePrekey !== null) secrets.push(diffieHellman(oneTimePrekey.secretKey, header.ephemeralKey))
  const sharedSecret = decapsulate(kemPrekey.secretKey, header.kemCiphertext)
  const transcript = transcriptOf({
    ...{ a: logged, b: own, ephemeralKey: header.ephemeralKey, kemCiphertext: header.kemCiphertext },
    signedPrekey: { id: header.signedPrekeyId, publicKey: signedPrekey.publicKey },
    oneTimePrekey: oneTimePrekey && { id: header.oneTimePrekeyId, publicKey: oneTimePrekey.publicKey },
    kemPrekey: { id: header.kemPrekeyId, publicKey: kemPrekey.publicKey },
  })
  const agreement = deriveAgreement([...secrets, sharedSecret], transcript)
  insist(equal(agreement.sessionId, sessionId), 'the session id differs')
  return agreement
}
