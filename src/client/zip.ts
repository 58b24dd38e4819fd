import { concat } from '../crypto/bytes.ts'

const LOCAL_FILE = 0x04034b50
const CENTRAL_FILE = 0x02014b50
const END = 0x06054b50
/** Names are UTF-8. */
const UTF8 = 0x0800
const VERSION = 20
/** Regular file, read and write for its owner. */
const UNIX_MODE = (0o100600 << 16) >>> 0
const MAX_BYTES = 0xffffffff
const MAX_FILES = 0xffff
const encoder = new TextEncoder()

const crcTable = new Uint32Array(256).map((_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** CRC-32 of ISO 3309, as ZIP wants it. */
export function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of bytes) value = crcTable[(value ^ byte) & 0xff]! ^ (value >>> 8)
  return (value ^ 0xffffffff) >>> 0
}

export class ArchiveTooLarge extends Error {
  override readonly name = 'ArchiveTooLarge'
}

/**
 * Writes a ZIP archive front to back (APPNOTE 6.3.10, nothing compressed): what `add` and `end` answer, one after the other, is the
 * file. It remembers names and places only.
 */
export class ZipWriter {
  readonly #central: Uint8Array[] = []
  #offset = 0

  constructor(private readonly madeAt: Date) {}

  /** One whole file. */
  add(name: string, content: Uint8Array): Uint8Array {
    const rawName = encoder.encode(name)
    const common = this.#common(rawName, content)
    const local = concat(fields([LOCAL_FILE, 4], [VERSION, 2]), common, fields([0, 2]), rawName, content)
    this.#central.push(
      concat(
        fields([CENTRAL_FILE, 4], [(3 << 8) | VERSION, 2], [VERSION, 2]),
        common,
        // no extra field, no comment, first disk, no internal attributes
        fields([0, 2], [0, 2], [0, 2], [0, 2], [UNIX_MODE, 4], [this.#offset, 4]),
        rawName,
      ),
    )
    this.#offset += local.length
    if (this.#offset > MAX_BYTES || this.#central.length >= MAX_FILES) throw new ArchiveTooLarge('archive')
    return local
  }

  /** The list of contents; nothing may be added behind it. */
  end(): Uint8Array {
    const list = concat(...this.#central)
    if (this.#offset + list.length > MAX_BYTES) throw new ArchiveTooLarge('archive')
    const count = this.#central.length
    const end = fields([END, 4], [0, 2], [0, 2], [count, 2], [count, 2], [list.length, 4], [this.#offset, 4], [0, 2])
    return concat(list, end)
  }

  /** What both headers say alike: flags, method "stored", time, checksum, sizes, length of the name. */
  #common(rawName: Uint8Array, content: Uint8Array): Uint8Array {
    const [time, date] = dosTime(this.madeAt)
    return fields(
      ...([
        [UTF8, 2],
        [0, 2],
        [time, 2],
        [date, 2],
        [crc32(content), 4],
      ] as const),
      ...([
        [content.length, 4],
        [content.length, 4],
        [rawName.length, 2],
      ] as const),
    )
  }
}

/** Two-second steps from 1980 on. */
function dosTime(at: Date): [number, number] {
  const year = Math.min(Math.max(at.getFullYear() - 1980, 0), 127)
  const time = (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1)
  return [time, (year << 9) | ((at.getMonth() + 1) << 5) | at.getDate()]
}

/** Little-endian numbers of 2 or 4 bytes. */
function fields(...values: (readonly [value: number, size: 2 | 4])[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, [, size]) => sum + size, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [value, size] of values) {
    if (size === 2) view.setUint16(at, value, true)
    else view.setUint32(at, value, true)
    at += size
  }
  return bytes
}
