import { concat, u8 } from './bytes.ts'
import { sodium } from './sodium.ts'

/** SHA-256, 32 bytes: "H" of the protocol. */
export function sha256(message: Uint8Array): Uint8Array {
  return sodium.crypto_hash_sha256(message)
}

/** SHA-512, 64 bytes. */
export function sha512(message: Uint8Array): Uint8Array {
  return sodium.crypto_hash_sha512(message)
}

/** HMAC-SHA-256 (RFC 2104), 32 bytes; the key may have any length (the one-shot call of libsodium demands 32). */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const state = sodium.crypto_auth_hmacsha256_init(key)
  sodium.crypto_auth_hmacsha256_update(state, message)
  return sodium.crypto_auth_hmacsha256_final(state)
}

/**
 * HKDF-SHA-256 (RFC 5869), extract and expand.
 * @param length bytes wanted, at most 8160
 */
export function hkdf(salt: Uint8Array, ikm: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (length > 255 * 32) throw new RangeError('HKDF output too long')
  const pseudoRandomKey = hmacSha256(salt, ikm)
  const output = new Uint8Array(length)
  let block: Uint8Array = new Uint8Array(0)
  for (let counter = 1, offset = 0; offset < length; counter++, offset += 32) {
    block = hmacSha256(pseudoRandomKey, concat(block, info, u8(counter)))
    output.set(block.subarray(0, Math.min(32, length - offset)), offset)
  }
  return output
}
