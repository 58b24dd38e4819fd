import { type AnyId, idFromBytes, idToBytes } from './ids.ts'

/** A frame or field that does not follow its layout. The socket answers it with `bad_request`, never with a crash. */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame'
}

const keptBytes = 64 * 1024

/** Appends big-endian fields to one growing buffer. */
export class FrameWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1_024)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** Makes room for `count` bytes and answers where they begin. */
  #take(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length))
      larger.set(this.#bytes.subarray(0, at))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }

  u8(value: number): void {
    const at = this.#take(1)
    this.#view.setUint8(at, value)
  }
  u16(value: number): void {
    const at = this.#take(2)
    this.#view.setUint16(at, value)
  }
  u32(value: number): void {
    const at = this.#take(4)
    this.#view.setUint32(at, value)
  }
  u64(value: number): void {
    const at = this.#take(8)
    this.#view.setUint32(at, Math.floor(value / 0x100000000))
    this.#view.setUint32(at + 4, value >>> 0)
  }
  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length)
    this.#bytes.set(bytes, at)
  }
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }
  /** Begins anew, in the same buffer unless that grew large. */
  clear(): void {
    this.#length = 0
    if (this.#bytes.length <= keptBytes) return
    this.#bytes = new Uint8Array(keptBytes)
    this.#view = new DataView(this.#bytes.buffer)
  }
}

/** Reads big-endian fields; every read past the end throws {@link MalformedFrame}. Byte fields are copies, or views where that is asked for. */
export class FrameReader {
  readonly #bytes: Uint8Array
  readonly #isView: boolean
  #at = 0

  // Plain indices: asking a foreign array for its buffer, as a DataView does, costs more than reading all of a frame.
  constructor(bytes: Uint8Array, isView = false) {
    this.#bytes = bytes
    this.#isView = isView
  }

  #take(count: number): number {
    const at = this.#at
    if (at + count > this.#bytes.length) throw new MalformedFrame('frame too short')
    this.#at = at + count
    return at
  }
  u8(): number {
    return this.#bytes[this.#take(1)]!
  }
  u16(): number {
    const at = this.#take(2)
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!
  }
  u32(): number {
    return this.#word(this.#take(4))
  }
  u64(): number {
    const at = this.#take(8)
    const value = this.#word(at) * 0x100000000 + this.#word(at + 4)
    if (!Number.isSafeInteger(value)) throw new MalformedFrame('number too large')
    return value
  }
  raw(count: number): Uint8Array {
    const at = this.#take(count)
    return this.#isView ? this.#bytes.subarray(at, at + count) : this.#bytes.slice(at, at + count)
  }
  end(): void {
    if (this.#at !== this.#bytes.length) throw new MalformedFrame('trailing bytes')
  }

  #word(at: number): number {
    const bytes = this.#bytes
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  }
}

/** How one field is written and read. */
export type Field<Value> = {
  write(writer: FrameWriter, value: Value): void
  read(reader: FrameReader): Value
}
export type ValueOf<Of> = Of extends Field<infer Value> ? Value : never

export const u8: Field<number> = { write: (writer, value) => writer.u8(value), read: (reader) => reader.u8() }
export const u16: Field<number> = { write: (writer, value) => writer.u16(value), read: (reader) => reader.u16() }
export const u32: Field<number> = { write: (writer, value) => writer.u32(value), read: (reader) => reader.u32() }
/** A number below 2^53 in eight bytes. */
export const u64: Field<number> = { write: (writer, value) => writer.u64(value), read: (reader) => reader.u64() }

/** One byte, 0 or 1. */
export const flag: Field<boolean> = {
  write: (writer, value) => writer.u8(value ? 1 : 0),
  read(reader) {
    const value = reader.u8()
    if (value > 1) throw new MalformedFrame('a flag is 0 or 1')
    return value === 1
  },
}

/** 16 raw bytes, an id in memory. */
export function id<Kind extends AnyId>(): Field<Kind> {
  return {
    write: (writer, value) => writer.raw(idToBytes(value)),
    read: (reader) => idFromBytes<Kind>(reader.raw(16)),
  }
}

/** Exactly `length` bytes. */
export function fixed(length: number): Field<Uint8Array> {
  return {
    write(writer, value) {
      if (value.length !== length) throw new MalformedFrame(`expected ${length} bytes`)
      writer.raw(value)
    },
    read: (reader) => reader.raw(length),
  }
}

/** u32 length || bytes, at most `max`. */
export function bytes(max: number): Field<Uint8Array> {
  return {
    write(writer, value) {
      if (value.length > max) throw new MalformedFrame('field too long')
      writer.u32(value.length)
      writer.raw(value)
    },
    read(reader) {
      const length = reader.u32()
      if (length > max) throw new MalformedFrame('field too long')
      return reader.raw(length)
    },
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** u16 length || UTF-8, at most `max` bytes. */
export function text(max: number): Field<string> {
  return {
    write(writer, value) {
      const encoded = encoder.encode(value)
      if (encoded.length > max) throw new MalformedFrame('text too long')
      writer.u16(encoded.length)
      writer.raw(encoded)
    },
    read(reader) {
      const length = reader.u16()
      if (length > max) throw new MalformedFrame('text too long')
      const raw = reader.raw(length)
      try {
        return decoder.decode(raw)
      } catch {
        throw new MalformedFrame('text is not UTF-8')
      }
    },
  }
}

/** u16 count || items, at most `max`. */
export function list<Value>(item: Field<Value>, max: number): Field<Value[]> {
  return {
    write(writer, values) {
      if (values.length > max) throw new MalformedFrame('list too long')
      writer.u16(values.length)
      for (const value of values) item.write(writer, value)
    },
    read(reader) {
      const count = reader.u16()
      if (count > max) throw new MalformedFrame('list too long')
      return Array.from({ length: count }, () => item.read(reader))
    },
  }
}

/** A flag, then the value where it is 1. */
export function optional<Value>(item: Field<Value>): Field<Value | null> {
  return {
    write(writer, value) {
      flag.write(writer, value !== null)
      if (value !== null) item.write(writer, value)
    },
    read: (reader) => (flag.read(reader) ? item.read(reader) : null),
  }
}

type Shape = Record<string, Field<unknown>>
type RecordOf<Of extends Record<string, unknown>> = { [Key in keyof Of]: ValueOf<Of[Key]> }

/** Fields one after the other, in the order they are written here. */
export function record<Of extends Record<string, Field<unknown>>>(shape: Of): Field<RecordOf<Of>> {
  const fields = Object.entries(shape as Shape) as [string, Field<unknown>][]
  return {
    write(writer, value) {
      const source = value as Record<string, unknown>
      for (const [name, field] of fields) field.write(writer, source[name])
    },
    read(reader) {
      const target: Record<string, unknown> = {}
      for (const [name, field] of fields) target[name] = field.read(reader)
      return target as RecordOf<Of>
    },
  }
}

type Layout = { code: number; field: Field<unknown> }
type FrameOf<Table extends Record<string, Layout>> = {
  [Type in keyof Table]: { type: Type } & ValueOf<Table[Type]['field']>
}[keyof Table]

export type FrameCodec<Frame> = {
  /** Type byte || fields. Throws {@link MalformedFrame} when a field breaks its bounds. */
  encode(frame: Frame): Uint8Array<ArrayBuffer>
  /** Exact inverse; unknown types, short, long or out-of-range input throw {@link MalformedFrame}. Byte fields are copies. */
  decode(bytes: Uint8Array): Frame
  /** As `decode`, but byte fields are views: for who owns `bytes` and never changes them. */
  decodeViews(bytes: Uint8Array): Frame
}

/** A discriminated union of frames from a table of layouts, one code byte each. */
export function frameCodec<Table extends Record<string, Layout>>(table: Table): FrameCodec<FrameOf<Table>> {
  const byCode = new Map(Object.entries(table).map(([type, layout]) => [layout.code, { type, field: layout.field }]))
  const read = (reader: FrameReader) => {
    const layout = byCode.get(reader.u8())
    if (!layout) throw new MalformedFrame('unknown frame')
    const fields = layout.field.read(reader)
    reader.end()
    return { type: layout.type, ...(fields as object) } as unknown as FrameOf<Table>
  }
  // One for all frames: making a buffer and its views costs more than filling them.
  const writer = new FrameWriter()
  return {
    encode(frame) {
      const layout = table[frame.type as string]!
      try {
        writer.u8(layout.code)
        layout.field.write(writer, frame)
        return writer.finish()
      } finally {
        writer.clear()
      }
    },
    decode: (input) => read(new FrameReader(input)),
    decodeViews: (input) => read(new FrameReader(input, true)),
  }
}
