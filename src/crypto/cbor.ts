import { decode, encode } from 'cborg'
import { DecryptionFailed, insist } from './errors.ts'

/** What strict CBOR may hold here: no tags, no undefined, no NaN or infinity, text keys only. */
export type CborValue = null | boolean | number | string | Uint8Array | CborValue[] | { [key: string]: CborValue }

/** How a decoder is bounded. */
export interface CborBounds {
  maxBytes: number
  maxDepth?: number
}

const DEFAULT_DEPTH = 16
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
}

/** Canonical CBOR (RFC 8949, 4.2): one encoding for one value. */
export function encodeCbor(value: CborValue): Uint8Array {
  return new Uint8Array(encode(value))
}

/**
 * Decodes exactly one value. Non-minimal lengths, indefinite lengths, tags, duplicate keys, trailing bytes, too many
 * bytes or too deep nesting are a DecryptionFailed.
 */
export function decodeCbor(bytes: Uint8Array, { maxBytes, maxDepth = DEFAULT_DEPTH }: CborBounds): CborValue {
  insist(bytes.length <= maxBytes, 'CBOR too long')
  checkShape(bytes, maxDepth)
  try {
    return decode(bytes, OPTIONS) as CborValue
  } catch {
    throw new DecryptionFailed('not strict CBOR')
  }
}

/** As {@link decodeCbor}, and refuses anything but a map. */
export function decodeCborMap(bytes: Uint8Array, bounds: CborBounds): { [key: string]: CborValue } {
  insist(bytes.length > 0 && bytes[0]! >> 5 === 5, 'not a CBOR map')
  return decodeCbor(bytes, bounds) as { [key: string]: CborValue }
}

/**
 * Walks the heads of all items without building anything: the decoder recurses, so nesting must be bounded before it
 * starts, and a list that claims more items than there are bytes must not be believed.
 */
function checkShape(bytes: Uint8Array, maxDepth: number): void {
  const open: { left: number; isMap: boolean }[] = []
  let offset = 0
  do {
    const top = open.at(-1)
    const { major, argument, next } = readHead(bytes, offset)
    const isKey = top?.isMap === true && top.left % 2 === 0
    insist(!isKey || major === 3, 'CBOR key is not text')
    if (top !== undefined) top.left--
    offset = next
    if (major === 2 || major === 3) {
      insist(argument <= bytes.length - offset, 'CBOR cut short')
      if (major === 3) checkText(bytes.subarray(offset, offset + argument), isKey)
      offset += argument
    } else if (major === 4 || major === 5) {
      insist(open.length < maxDepth, 'CBOR too deep')
      open.push({ left: major === 5 ? 2 * argument : argument, isMap: major === 5 })
    }
    while (open.at(-1)?.left === 0) open.pop()
  } while (open.length > 0)
  insist(offset === bytes.length, 'CBOR trailing bytes')
}

// The decoder replaces what is not UTF-8, and would set the prototype of the object it builds.
function checkText(bytes: Uint8Array, isKey: boolean): void {
  let text: string
  try {
    text = UTF8.decode(bytes)
  } catch {
    throw new DecryptionFailed('CBOR text is not UTF-8')
  }
  insist(!isKey || text !== '__proto__', 'CBOR key not allowed')
}

function readHead(bytes: Uint8Array, offset: number): { major: number; argument: number; next: number } {
  insist(offset < bytes.length, 'CBOR cut short')
  const major = bytes[offset]! >> 5
  const info = bytes[offset]! & 31
  insist(info <= 27 && major !== 6, 'CBOR item not allowed')
  const extra = info < 24 ? 0 : 2 ** (info - 24)
  insist(offset + 1 + extra <= bytes.length, 'CBOR cut short')
  let argument = info < 24 ? info : 0
  for (let index = 0; index < extra; index++) argument = argument * 256 + bytes[offset + 1 + index]!
  return { major, argument, next: offset + 1 + extra }
}
