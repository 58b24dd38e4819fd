import { concat, equal, Reader, u8, u32, Z32 } from '../../src/crypto/bytes.ts'
import { DecryptionFailed, insist } from '../../src/crypto/errors.ts'
import { hkdf, hmacSha256 } from '../../src/crypto/hash.ts'
import type { DhPublicKey } from '../../src/crypto/key-types.ts'
import { type FrameContext, type RatchetHeader, type Suite, stepChain } from '../../src/crypto/suite.ts'

// Signal's labels, key derivations and message encryption on the product's engine: if both run through the same code,
// nothing of the product has crept into the engine. The header is fixed-width here, not Signal's protobuf.

const MAC_BYTES = 8
const HEADER_BYTES = 41
const VERSION = 0x33

type OwnBytes = Uint8Array<ArrayBuffer>

const text = (ascii: string) => new TextEncoder().encode(ascii)

/** HKDF(Z32, FF*32 || DH..., "WhisperText", 64) -> root key 32 | chain key 32 (X3DH as libsignal derives it). */
export function deriveSignalRoot(secrets: Uint8Array[]): Uint8Array {
  return hkdf(Z32, concat(new Uint8Array(32).fill(0xff), ...secrets), text('WhisperText'), 64).slice(0, 32)
}

/** HKDF(Z32, seed, "WhisperMessageKeys", 80) -> cipher key 32 | MAC key 32 | iv 16. */
function deriveMessageKeys(seed: Uint8Array) {
  const output = hkdf(Z32, seed, text('WhisperMessageKeys'), 80)
  return { cipherKey: output.slice(0, 32), macKey: output.slice(32, 64), iv: output.slice(64) }
}

function mac(macKey: Uint8Array, { associatedData, prefix }: FrameContext, message: Uint8Array): Uint8Array {
  return hmacSha256(macKey, concat(associatedData, prefix, message)).slice(0, MAC_BYTES)
}

function cipher(iv: Uint8Array) {
  return { name: 'AES-CBC' as const, iv: iv as OwnBytes }
}

/** AES-256-CBC and HMAC-SHA-256 cut to 8 bytes, under Signal's labels. */
export const signalSuite: Suite = {
  name: 'Signal',

  stepRoot(rootKey, sharedSecret) {
    const output = hkdf(rootKey, sharedSecret, text('WhisperRatchet'), 64)
    return { rootKey: output.slice(0, 32), chainKey: output.slice(32) }
  },

  stepChain,

  async sealFrame(messageKey, context, header: RatchetHeader, plaintext) {
    const { cipherKey, macKey, iv } = deriveMessageKeys(messageKey)
    const key = await crypto.subtle.importKey('raw', cipherKey as OwnBytes, 'AES-CBC', false, ['encrypt'])
    const ciphertext = new Uint8Array(await crypto.subtle.encrypt(cipher(iv), key, plaintext as OwnBytes))
    const front = concat(u8(VERSION), header.ratchetKey, u32(header.previousCount), u32(header.counter))
    const message = concat(front, ciphertext)
    return concat(context.prefix, message, mac(macKey, context, message))
  },

  readHeader(frame, prefixLength) {
    const reader = new Reader(frame.subarray(prefixLength))
    reader.expect(u8(VERSION))
    return { ratchetKey: reader.take(32) as DhPublicKey, previousCount: reader.u32(), counter: reader.u32() }
  },

  async openFrame(messageKey, associatedData, frame, prefixLength) {
    insist(frame.length >= prefixLength + HEADER_BYTES + MAC_BYTES, 'too short')
    const { cipherKey, macKey, iv } = deriveMessageKeys(messageKey)
    const message = frame.subarray(prefixLength, -MAC_BYTES)
    const context = { associatedData, prefix: frame.subarray(0, prefixLength) }
    insist(equal(mac(macKey, context, message), frame.subarray(-MAC_BYTES)), 'mac')
    const key = await crypto.subtle.importKey('raw', cipherKey as OwnBytes, 'AES-CBC', false, ['decrypt'])
    const ciphertext = message.subarray(HEADER_BYTES) as OwnBytes
    const opened = await crypto.subtle.decrypt(cipher(iv), key, ciphertext).catch(() => null)
    if (opened === null) throw new DecryptionFailed('padding')
    return new Uint8Array(opened)
  },
}
