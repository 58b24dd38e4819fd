import { open, seal } from './aead.ts'
import { concat, Reader, u8, u32, Z32 } from './bytes.ts'
import { hkdf, hmacSha256 } from './hash.ts'
import type { DhPublicKey } from './key-types.ts'
import { label } from './label.ts'

/** What a ratchet frame says in the clear about the key that opens it (Double Ratchet specification, rev. 4). */
export interface RatchetHeader {
  /** The sender's current ratchet key, 32 bytes. */
  ratchetKey: DhPublicKey
  /** PN: the *count* of messages in the sender's previous chain, not the last index in it. */
  previousCount: number
  /** N: the index of this message in its chain, from 0. */
  counter: number
}

/** Everything that is authenticated beside the plaintext. */
export interface FrameContext {
  /** What both sides agreed on outside of the frame (in the product: the transcript T). */
  associatedData: Uint8Array
  /** The bytes of the frame that stand before the part a suite writes. */
  prefix: Uint8Array
}

/** 32-byte chain key and the key of one message. */
export interface ChainStep {
  messageKey: Uint8Array
  chainKey: Uint8Array
}

/**
 * Labels, key derivations, message encryption and header form: all that distinguishes one Double Ratchet from
 * another (PROTOCOL 2). The engine in double-ratchet.ts knows none of them.
 */
export interface Suite {
  readonly name: string
  /** KDF_RK: next root key and a new chain key from a Diffie-Hellman result. */
  stepRoot(rootKey: Uint8Array, sharedSecret: Uint8Array): { rootKey: Uint8Array; chainKey: Uint8Array }
  /** KDF_CK: the key of this message and the chain key of the next. */
  stepChain(chainKey: Uint8Array): ChainStep
  /** The whole frame: `context.prefix`, then header and ciphertext in the form of the suite. */
  sealFrame(
    messageKey: Uint8Array,
    context: FrameContext,
    header: RatchetHeader,
    plaintext: Uint8Array,
  ): Promise<Uint8Array>
  /** The header that follows `prefixLength` bytes; DecryptionFailed if there is none. */
  readHeader(frame: Uint8Array, prefixLength: number): RatchetHeader
  /** The plaintext of a frame whose first `prefixLength` bytes are the prefix; DecryptionFailed if it is not genuine. */
  openFrame(
    messageKey: Uint8Array,
    associatedData: Uint8Array,
    frame: Uint8Array,
    prefixLength: number,
  ): Promise<Uint8Array>
}

/** Bytes of the header of the product's suite: ratchetPub 32 | PN u32 | N u32. */
export const RATCHET_HEADER_BYTES = 40

/** mk = HMAC(CK, 01), CK' = HMAC(CK, 02): the step of ratchet chains and sender chains alike (PROTOCOL 4.4, 4.5). */
export function stepChain(chainKey: Uint8Array): ChainStep {
  return { messageKey: hmacSha256(chainKey, u8(1)), chainKey: hmacSha256(chainKey, u8(2)) }
}

/** HKDF(RK, DH, L("ratchet"), 64) -> RK 32 | CK 32. */
function stepRoot(rootKey: Uint8Array, sharedSecret: Uint8Array) {
  const output = hkdf(rootKey, sharedSecret, label('ratchet'), 64)
  return { rootKey: output.slice(0, 32), chainKey: output.slice(32) }
}

/** HKDF(Z32, mk, L("dr-msg"), 44) -> key 32 | iv 12. Every message key is used for one frame only. */
export function deriveFrameKeys(messageKey: Uint8Array): { key: Uint8Array; iv: Uint8Array } {
  const output = hkdf(Z32, messageKey, label('dr-msg'), 44)
  return { key: output.slice(0, 32), iv: output.slice(32) }
}

/**
 * The suite of the product (PROTOCOL 4.4). After the prefix:
 * ```
 * ratchetPub 32 | PN u32 | N u32 | AES-256-GCM ciphertext and tag        AAD = T || all bytes before the ciphertext
 * ```
 */
export const trallivalliSuite: Suite = {
  name: 'TralliValli/1',
  stepRoot,
  stepChain,

  async sealFrame(messageKey, { associatedData, prefix }, header, plaintext) {
    const front = concat(prefix, header.ratchetKey, u32(header.previousCount), u32(header.counter))
    const ciphertext = await seal({ ...deriveFrameKeys(messageKey), aad: concat(associatedData, front) }, plaintext)
    return concat(front, ciphertext)
  },

  readHeader(frame, prefixLength) {
    const reader = new Reader(frame.subarray(prefixLength))
    const ratchetKey = reader.take(32) as DhPublicKey
    return { ratchetKey, previousCount: reader.u32(), counter: reader.u32() }
  },

  async openFrame(messageKey, associatedData, frame, prefixLength) {
    const headerEnd = prefixLength + RATCHET_HEADER_BYTES
    const aad = concat(associatedData, frame.subarray(0, headerEnd))
    return open({ ...deriveFrameKeys(messageKey), aad }, frame.subarray(headerEnd))
  },
}
