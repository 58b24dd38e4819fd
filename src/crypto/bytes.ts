import { DecryptionFailed, insist } from './errors.ts'

/** 32 zero bytes, "Z32" of the protocol (PROTOCOL 4). */
export const Z32: Uint8Array = new Uint8Array(32)

/** `length` zero bytes. */
export function zeros(length: number): Uint8Array {
  return new Uint8Array(length)
}

/** The parts, one after the other, nothing between them. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Whether both are the same bytes; takes the same time wherever they differ (lengths are public). */
export function equal(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  let difference = 0
  for (let index = 0; index < left.length; index++) difference |= left[index]! ^ right[index]!
  return difference === 0
}

/** Unsigned, byte by byte: negative, zero or positive as `left` is before, at or after `right`. Public data only. */
export function compare(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length)
  for (let index = 0; index < shared; index++) {
    const difference = left[index]! - right[index]!
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** Whether every byte is zero. */
export function isZero(bytes: Uint8Array): boolean {
  let all = 0
  for (const byte of bytes) all |= byte
  return all === 0
}

function bigEndian(value: number, length: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * length)) {
    throw new RangeError(`${value} does not fit in ${length} bytes`)
  }
  const bytes = new Uint8Array(length)
  let rest = value
  for (let index = length - 1; index >= 0; index--) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return bytes
}

/** One byte. */
export function u8(value: number): Uint8Array {
  return bigEndian(value, 1)
}

/** Two bytes, big-endian. */
export function u16(value: number): Uint8Array {
  return bigEndian(value, 2)
}

/** Four bytes, big-endian. */
export function u32(value: number): Uint8Array {
  return bigEndian(value, 4)
}

/** Eight bytes, big-endian; `value` is a safe integer (below 2^53). */
export function u64(value: number): Uint8Array {
  return bigEndian(value, 8)
}

/** u16 length || bytes. */
export function lp16(bytes: Uint8Array): Uint8Array {
  return concat(u16(bytes.length), bytes)
}

/** The bytes of an ASCII text; throws a RangeError for anything else (a programmer's mistake). */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 127) throw new RangeError('not ASCII')
    bytes[index] = code
  }
  return bytes
}

/** `bytes` itself if it has exactly `length` bytes; a DecryptionFailed otherwise. */
export function exactly<T extends Uint8Array>(bytes: T, length: number, what = 'field'): T {
  insist(bytes.length === length, `${what}: length`)
  return bytes
}

/**
 * Reads a byte format from front to back. Every read past the end, and `end()` with bytes left over,
 * is a DecryptionFailed. Byte strings come back as copies: they outlive the buffer they were read from.
 */
export class Reader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** How many bytes were read so far. */
  get offset(): number {
    return this.#offset
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#offset
  }

  /** The next `length` bytes. */
  take(length: number): Uint8Array {
    insist(length <= this.left, 'too short')
    const taken = this.#bytes.slice(this.#offset, this.#offset + length)
    this.#offset += length
    return taken
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.take(this.left)
  }

  /** All bytes read so far (what a signature at this place covers). */
  before(): Uint8Array {
    return this.#bytes.slice(0, this.#offset)
  }

  u8(): number {
    return this.#integer(1)
  }

  u16(): number {
    return this.#integer(2)
  }

  u32(): number {
    return this.#integer(4)
  }

  /** Eight bytes; a value of 2^53 or more is refused. */
  u64(): number {
    const value = this.#integer(8)
    insist(Number.isSafeInteger(value), 'u64 above 2^53')
    return value
  }

  /** u16 length, then so many bytes. */
  lp16(): Uint8Array {
    return this.take(this.u16())
  }

  /** Refuses unless the next bytes are exactly these (a magic, a version). */
  expect(bytes: Uint8Array): void {
    insist(equal(this.take(bytes.length), bytes), 'unknown format')
  }

  /** A u8 that must be one of the listed values. */
  oneOf<const Values extends readonly number[]>(values: Values, what: string): Values[number] {
    const value = this.u8()
    insist(values.includes(value), `unknown ${what}`)
    return value
  }

  /** Refuses trailing bytes. */
  end(): void {
    insist(this.left === 0, 'trailing bytes')
  }

  #integer(length: number): number {
    insist(length <= this.left, 'too short')
    let value = 0
    for (let count = 0; count < length; count++) value = value * 256 + this.#bytes[this.#offset++]!
    return value
  }
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at++) text += hexOfByte[bytes[at]!]!
  return text
}

/** Strict: lower case, an even number of digits; a DecryptionFailed otherwise. */
export function fromHex(text: string): Uint8Array {
  insist(text.length % 2 === 0 && /^[0-9a-f]*$/.test(text), 'not hex')
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(2 * index, 2 * index + 2), 16)
  }
  return bytes
}

function encodeBits(bytes: Uint8Array, bits: number, alphabet: string): string {
  let text = ''
  let buffer = 0
  let held = 0
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte
    held += 8
    while (held >= bits) {
      held -= bits
      text += alphabet[(buffer >>> held) & (2 ** bits - 1)]
      buffer &= 2 ** held - 1
    }
  }
  return held > 0 ? text + alphabet[(buffer << (bits - held)) & (2 ** bits - 1)] : text
}

function decodeBits(text: string, bits: number, alphabet: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * bits) / 8))
  let buffer = 0
  let held = 0
  let written = 0
  for (const character of text) {
    const value = alphabet.indexOf(character)
    if (value < 0) throw new DecryptionFailed('foreign character')
    buffer = (buffer << bits) | value
    held += bits
    if (held >= 8) {
      held -= 8
      bytes[written++] = buffer >>> held
      buffer &= 2 ** held - 1
    }
  }
  // One text for one byte string: neither a superfluous character nor a spare bit that is set.
  insist(held < bits && buffer === 0, 'spare bits')
  return bytes
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** base64url of RFC 4648 without `=`. */
export function toBase64Url(bytes: Uint8Array): string {
  return encodeBits(bytes, 6, BASE64URL)
}

/** Strict: no `=`, no other alphabet, spare bits zero; a DecryptionFailed otherwise. */
export function fromBase64Url(text: string): Uint8Array {
  return decodeBits(text, 6, BASE64URL)
}

/** base32 of RFC 4648 (A-Z 2-7) without `=`. */
export function toBase32(bytes: Uint8Array): string {
  return encodeBits(bytes, 5, BASE32)
}

/** Strict: upper case, no `=`, spare bits zero; a DecryptionFailed otherwise. */
export function fromBase32(text: string): Uint8Array {
  return decodeBits(text, 5, BASE32)
}
