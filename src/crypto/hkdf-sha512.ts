import { concat, u8 } from './bytes.ts'
import { sodium } from './sodium.ts'

/** HMAC-SHA-512 (RFC 2104), 64 bytes, key of any length. */
export function hmacSha512(key: Uint8Array, message: Uint8Array): Uint8Array {
  const state = sodium.crypto_auth_hmacsha512_init(key)
  sodium.crypto_auth_hmacsha512_update(state, message)
  return sodium.crypto_auth_hmacsha512_final(state)
}

/** HKDF-Expand with SHA-512 (RFC 5869, 2.3): at most 16,320 bytes. */
export function expandSha512(pseudoRandomKey: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (length > 255 * 64) throw new RangeError('HKDF output too long')
  const output = new Uint8Array(length)
  let block: Uint8Array = new Uint8Array(0)
  for (let counter = 1, offset = 0; offset < length; counter++, offset += 64) {
    block = hmacSha512(pseudoRandomKey, concat(block, info, u8(counter)))
    output.set(block.subarray(0, Math.min(64, length - offset)), offset)
  }
  return output
}

/** HKDF-SHA-512, extract and expand. */
export function hkdfSha512(salt: Uint8Array, ikm: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return expandSha512(hmacSha512(salt, ikm), info, length)
}
