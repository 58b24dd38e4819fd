import { concat, isZero, Reader, u8, u32 } from './bytes.ts'
import { insist } from './errors.ts'

/** Bytes of a DM header, of a group header, and of the signature behind a group body. */
export const DM_HEADER_BYTES = 104
export const GROUP_HEADER_BYTES = 124
export const BODY_SIGNATURE_BYTES = 64

// Written out here: the server reads this file, and needs nothing that holds a key (aead.ts).
const TAG_BYTES = 16
const MIN_PADDED_BYTES = 64
const EPHEMERAL = 1

/** 0 content, 1 silent, 2 conversation meta, 3 transient (never stored). */
export type BodyClass = 0 | 1 | 2 | 3

interface HeaderFields {
  class: BodyClass
  /** Flag bit 0: keys of this body are never archived. */
  isEphemeral: boolean
  convId: Uint8Array
  msgId: Uint8Array
}

/** A DM body belongs to no epoch: epoch 0 and 32 zero bytes stand in its header. */
export interface DmBodyFields extends HeaderFields {
  mode: 1
}

/** A group body names the state of the conversation its sender saw, and the chain that has its key. */
export interface GroupBodyFields extends HeaderFields {
  mode: 2
  epoch: number
  convHead: Uint8Array
  chainId: Uint8Array
  iteration: number
}

/** A header without its commitment. */
export type BodyFields = DmBodyFields | GroupBodyFields

/** What can be read of a body without a key. */
export type BodyHeader = BodyFields & { commit: Uint8Array; headerLength: number }

/**
 * The header of a body (PROTOCOL 4.5), 104 bytes (DM) or 124 (group); it is the associated data of the ciphertext:
 * ```
 * ver u8 = 1 | mode u8 (1 DM, 2 group) | class u8 | flags u8 (bit 0 ephemeral) | convId 16 | msgId 16 | epoch u32
 *   | convHead 32 | [mode 2: chainId 16 | iteration u32] | commit 32
 * ```
 */
export function encodeBodyHeader(fields: BodyFields, commit: Uint8Array): Uint8Array {
  const flags = fields.isEphemeral ? EPHEMERAL : 0
  const front = concat(u8(1), u8(fields.mode), u8(fields.class), u8(flags), fields.convId, fields.msgId)
  if (fields.mode === 1) return concat(front, u32(0), new Uint8Array(32), commit)
  const place = concat(u32(fields.epoch), fields.convHead, fields.chainId, u32(fields.iteration))
  return concat(front, place, commit)
}

/**
 * Reads the header of a body and refuses one that cannot be opened by anybody: unknown version, mode, class or flag,
 * a DM with an epoch, too short for its parts. Needs no key and proves nothing.
 */
export function parseBodyHeader(body: Uint8Array): BodyHeader {
  const reader = new Reader(body)
  reader.oneOf([1], 'version')
  const mode = reader.oneOf([1, 2], 'mode')
  const shared = {
    class: reader.oneOf([0, 1, 2, 3], 'class'),
    isEphemeral: reader.oneOf([0, EPHEMERAL], 'flags') === EPHEMERAL,
    convId: reader.take(16),
    msgId: reader.take(16),
  }
  const epoch = reader.u32()
  const convHead = reader.take(32)
  if (mode === 1) insist(epoch === 0 && isZero(convHead), 'a DM has no epoch')
  const place = mode === 1 ? { mode } : { mode, epoch, convHead, chainId: reader.take(16), iteration: reader.u32() }
  const commit = reader.take(32)
  insist(reader.left >= MIN_PADDED_BYTES + TAG_BYTES + (mode === 2 ? BODY_SIGNATURE_BYTES : 0), 'body too short')
  return { ...shared, ...place, commit, headerLength: reader.offset }
}
