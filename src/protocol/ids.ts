declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

/** 16 random bytes as 22 characters of base64url, each kind its own type so that one cannot stand for another. */
export type AccountId = Id<'account'>
export type DeviceId = Id<'device'>
export type ConversationId = Id<'conversation'>
export type MessageId = Id<'message'>
export type InviteId = Id<'invite'>
export type ChainId = Id<'chain'>
export type SessionId = Id<'session'>
export type Incarnation = Id<'incarnation'>
export type LinkId = Id<'link'>
export type AttachmentId = Id<'attachment'>
export type AnyId =
  | AccountId
  | DeviceId
  | ConversationId
  | MessageId
  | InviteId
  | ChainId
  | SessionId
  | Incarnation
  | LinkId
  | AttachmentId

/** An id's raw form is always this long. */
export const ID_BYTES = 16

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const digitOf = new Int16Array(128).fill(-1)
for (let digit = 0; digit < 64; digit++) digitOf[alphabet.charCodeAt(digit)] = digit

/** base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at
    const word = (bytes[at]! << 16) | ((left > 1 ? bytes[at + 1]! : 0) << 8) | (left > 2 ? bytes[at + 2]! : 0)
    text += alphabet[word >> 18]! + alphabet[(word >> 12) & 63]!
    if (left > 1) text += alphabet[(word >> 6) & 63]!
    if (left > 2) text += alphabet[word & 63]!
  }
  return text
}

/**
 * Strict inverse of {@link toBase64Url}: null for padding, foreign characters, an impossible length
 * or spare bits that are not zero, so that every byte string has exactly one spelling.
 */
export function fromBase64Url(text: string): Uint8Array | null {
  const spare = text.length % 4
  if (spare === 1) return null
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let held = 0
  let heldBits = 0
  let at = 0
  for (let index = 0; index < text.length; index++) {
    const digit = digitOf[text.charCodeAt(index)] ?? -1
    if (digit < 0) return null
    held = ((held << 6) | digit) & 0xfff
    heldBits += 6
    if (heldBits >= 8) {
      heldBits -= 8
      bytes[at++] = (held >> heldBits) & 0xff
    }
  }
  return (held & ((1 << heldBits) - 1)) === 0 ? bytes : null
}

/** Names 16 raw bytes as an id of the wanted kind. Throws RangeError on another length. */
export function idFromBytes<Kind extends AnyId>(bytes: Uint8Array): Kind {
  if (bytes.length !== ID_BYTES) throw new RangeError('an id is 16 bytes')
  return toBase64Url(bytes) as Kind
}

/** The 16 raw bytes of an id. Throws RangeError for text that is not one. */
export function idToBytes(id: AnyId): Uint8Array {
  const bytes = fromBase64Url(id)
  if (bytes?.length !== ID_BYTES) throw new RangeError('not an id')
  return bytes
}

/** True for text that is an id of any kind. */
export function isId(text: string): boolean {
  return text.length === 22 && fromBase64Url(text)?.length === ID_BYTES
}
