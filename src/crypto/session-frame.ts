import { TAG_BYTES } from './aead.ts'
import { concat, Reader, u8, u32 } from './bytes.ts'
import { insist } from './errors.ts'
import { KEM_CIPHERTEXT_BYTES } from './kem.ts'
import type { DhPublicKey } from './key-types.ts'
import { RATCHET_HEADER_BYTES } from './suite.ts'

/** A frame may have at most 64 KiB (PROTOCOL 4.15). */
export const MAX_FRAME_BYTES = 65536
/** Bytes of the initial header. */
export const INITIAL_HEADER_BYTES = 1164

const REGULAR_PREFIX_BYTES = 18
const INITIAL = 1
const REGULAR = 2

/** What the responder needs to compute the session: repeated in each frame until something came back. */
export interface InitialHeader {
  userA: Uint8Array
  deviceA: Uint8Array
  ephemeralKey: DhPublicKey
  signedPrekeyId: number
  /** 0: none was left. */
  oneTimePrekeyId: number
  kemPrekeyId: number
  kemCiphertext: Uint8Array
}

/** The readable front of a session frame. */
export interface SessionFrame {
  sessionId: Uint8Array
  /** null in a regular frame. */
  initial: InitialHeader | null
  /** How many bytes stand before the ratchet header. */
  prefixLength: number
}

/**
 * ```
 * userA 16 | devA 16 | EK_A 32 | spkId u32 | opkId u32 | kemId u32 | ct 1088          = 1164
 * ```
 */
export function encodeInitialHeader(header: InitialHeader): Uint8Array {
  return concat(
    header.userA,
    header.deviceA,
    header.ephemeralKey,
    u32(header.signedPrekeyId),
    u32(header.oneTimePrekeyId),
    u32(header.kemPrekeyId),
    header.kemCiphertext,
  )
}

/**
 * The front of a frame (PROTOCOL 4.4), before the ratchet header:
 * ```
 * ver u8 = 1 | type u8 (1 initial, 2 regular) | sessionId 16 | [initial: initial header 1164]
 * ```
 */
export function encodeFramePrefix(sessionId: Uint8Array, initialHeader: Uint8Array | null): Uint8Array {
  if (initialHeader === null) return concat(u8(1), u8(REGULAR), sessionId)
  return concat(u8(1), u8(INITIAL), sessionId, initialHeader)
}

/** Reads the front of a frame; DecryptionFailed for anything that cannot be one. Proves nothing about its sender. */
export function parseSessionFrame(frame: Uint8Array): SessionFrame {
  insist(frame.length <= MAX_FRAME_BYTES, 'frame too long')
  const reader = new Reader(frame)
  reader.oneOf([1], 'version')
  const type = reader.oneOf([INITIAL, REGULAR], 'frame type')
  const sessionId = reader.take(16)
  const initial = type === INITIAL ? readInitialHeader(reader) : null
  insist(reader.left >= RATCHET_HEADER_BYTES + TAG_BYTES, 'no room for a tag')
  const prefixLength = REGULAR_PREFIX_BYTES + (initial === null ? 0 : INITIAL_HEADER_BYTES)
  return { sessionId, initial, prefixLength }
}

function readInitialHeader(reader: Reader): InitialHeader {
  return {
    userA: reader.take(16),
    deviceA: reader.take(16),
    ephemeralKey: reader.take(32) as DhPublicKey,
    signedPrekeyId: reader.u32(),
    oneTimePrekeyId: reader.u32(),
    kemPrekeyId: reader.u32(),
    kemCiphertext: reader.take(KEM_CIPHERTEXT_BYTES),
  }
}
