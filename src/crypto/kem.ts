import { exactly } from './bytes.ts'
import { DecryptionFailed } from './errors.ts'
import type { KemPublicKey, KemSecretKey } from './key-types.ts'
import type { RandomSource } from './random.ts'
import { sodium } from './sodium.ts'

/** Bytes of an ML-KEM-768 ciphertext (FIPS 203). */
export const KEM_CIPHERTEXT_BYTES = 1088
/** Bytes of an ML-KEM-768 public key. */
export const KEM_PUBLIC_BYTES = 1184
/** Bytes of an X-Wing ciphertext (draft-connolly-cfrg-xwing-kem): ML-KEM-768 1088 | X25519 32. */
export const XWING_CIPHERTEXT_BYTES = 1120
/** Bytes of an X-Wing public key: ML-KEM-768 1184 | X25519 32. */
export const XWING_PUBLIC_BYTES = 1216

/** A shared secret of 32 bytes and what lets the other side find it. */
export interface Encapsulated {
  ciphertext: Uint8Array
  sharedSecret: Uint8Array
}

// libsodium throws plain errors for keys it refuses (the modulus check of FIPS 203, points of small order).
function refusing<T>(operation: () => T, reason: string): T {
  try {
    return operation()
  } catch {
    throw new DecryptionFailed(reason)
  }
}

/** ML-KEM-768.Encaps; DecryptionFailed for a key with a coefficient of q or more. Draws 32 bytes. */
export function encapsulate(publicKey: KemPublicKey, random: RandomSource): Encapsulated {
  exactly(publicKey, KEM_PUBLIC_BYTES, 'KEM key')
  return refusing(() => sodium.crypto_kem_mlkem768_enc_deterministic(publicKey, random(32)), 'KEM key refused')
}

/** ML-KEM-768.Decaps: always 32 bytes for 1088; a changed ciphertext gives an unrelated secret (implicit rejection). */
export function decapsulate(secretKey: KemSecretKey, ciphertext: Uint8Array): Uint8Array {
  exactly(ciphertext, KEM_CIPHERTEXT_BYTES, 'KEM ciphertext')
  return refusing(() => sodium.crypto_kem_mlkem768_dec(ciphertext, secretKey), 'KEM ciphertext refused')
}

/** X-Wing pair of a 32-byte seed; the secret key is kept as the seed. */
export function generateXwingKeyPair(seed: Uint8Array): { publicKey: Uint8Array; secretKey: Uint8Array } {
  const pair = sodium.crypto_kem_xwing_seed_keypair(exactly(seed, 32, 'seed'))
  return { publicKey: pair.publicKey, secretKey: pair.privateKey }
}

/** X-Wing encapsulation; draws 64 bytes (32 for ML-KEM, 32 for X25519). */
export function encapsulateXwing(publicKey: Uint8Array, random: RandomSource): Encapsulated {
  exactly(publicKey, XWING_PUBLIC_BYTES, 'X-Wing key')
  return refusing(() => sodium.crypto_kem_xwing_enc_deterministic(publicKey, random(64)), 'X-Wing key refused')
}

/** X-Wing decapsulation, 32 bytes. */
export function decapsulateXwing(secretKey: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  exactly(ciphertext, XWING_CIPHERTEXT_BYTES, 'X-Wing ciphertext')
  return refusing(() => sodium.crypto_kem_xwing_dec(ciphertext, secretKey), 'X-Wing ciphertext refused')
}
