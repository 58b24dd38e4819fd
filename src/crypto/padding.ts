import { concat, u8, zeros } from './bytes.ts'
import { insist } from './errors.ts'

/**
 * Bytes of the padded form of `length` bytes of content (PROTOCOL 4.5): one more for the 0x80, then the smallest that
 * holds it of 64, 128, 256, ..., 4096, 5120, 6144, ...
 */
export function paddedLength(length: number): number {
  const needed = length + 1
  if (needed > 4096) return Math.ceil(needed / 1024) * 1024
  let padded = 64
  while (padded < needed) padded *= 2
  return padded
}

/** content || 80 || 00...: hides the length of a body among its neighbours. */
export function padBody(content: Uint8Array): Uint8Array {
  return concat(content, u8(0x80), zeros(paddedLength(content.length) - content.length - 1))
}

/** The content; a missing 0x80, or a length that is not the one its content asks for, is a DecryptionFailed. */
export function unpadBody(padded: Uint8Array): Uint8Array {
  let end = padded.length - 1
  while (end >= 0 && padded[end] === 0) end--
  insist(end >= 0 && padded[end] === 0x80, 'padding: no 0x80')
  insist(paddedLength(end) === padded.length, 'padding: length')
  return padded.slice(0, end)
}
