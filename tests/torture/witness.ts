import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'

const pieceBytes = 4 * 1024 * 1024

/** One line of what a client saw. Plain facts; nothing here knows how the server works. */
export type Sight =
  | { what: 'sent'; who: string; where: string; id: string; hash: string }
  | { what: 'acked'; who: string; where: string; id: string; seq: number }
  | { what: 'heard'; who: string; where: string; seq: number; hash: string }
  | { what: 'key'; who: string; hash: string }
  | { what: 'read'; who: string; where: string; from: number; hashes: string[]; seqs: number[] }

export const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 32)

/** The log that clients write while they work, on disk before they go on. */
export class Witness implements Disposable {
  readonly #file: number
  constructor(readonly path: string) {
    this.#file = openSync(path, 'a')
  }
  note(sight: Sight): void {
    writeSync(this.#file, `${JSON.stringify(sight)}\n`)
  }
  [Symbol.dispose](): void {
    closeSync(this.#file)
  }
}

interface Told {
  hash: string
  where: string
  seq: number | null
}

/** Reads the log and nothing else, and says in sentences what cannot be true of a home that keeps its word. */
export class Checker {
  readonly #sentHashes = new Map<string, string>()
  readonly #told = new Map<string, Told>()
  /** The one order of each conversation: seq -> hash. */
  readonly #order = new Map<string, Map<number, string>>()
  readonly #places = new Map<string, string>()
  readonly #keys = new Set<string>()
  #readBytes = 0

  get sentCount(): number {
    return this.#told.size
  }
  get ackedCount(): number {
    return [...this.#told.values()].filter(({ seq }) => seq !== null).length
  }
  hasKey(hash: string): boolean {
    return this.#keys.has(hash)
  }

  /** What is new in the log, judged. `isWhole`: everybody has read everything, so what was acknowledged must be there. */
  judge(path: string, { isWhole }: { isWhole: boolean }): string[] {
    const faults: string[] = []
    for (const line of this.#newLines(path)) faults.push(...this.#take(JSON.parse(line) as Sight))
    return isWhole ? [...faults, ...this.#judgeWhole()] : faults
  }

  // Piece by piece: what everybody read again and again grows beyond what one string holds.
  *#newLines(path: string): Generator<string> {
    const file = openSync(path, 'r')
    const piece = Buffer.alloc(pieceBytes)
    let begun: Buffer[] = []
    try {
      for (let count = -1, at = this.#readBytes; count !== 0; at += count) {
        count = readSync(file, piece, 0, pieceBytes, at)
        let from = 0
        for (let end = piece.indexOf(10); end >= 0 && end < count; end = piece.indexOf(10, from)) {
          const line = Buffer.concat([...begun, piece.subarray(from, end)])
          begun = []
          from = end + 1
          this.#readBytes = at + from
          yield line.toString('utf8')
        }
        begun.push(Buffer.from(piece.subarray(from, count)))
      }
    } finally {
      closeSync(file)
    }
  }

  #take(sight: Sight): string[] {
    switch (sight.what) {
      case 'sent':
        this.#sentHashes.set(sight.hash, sight.id)
        if (!this.#told.has(sight.id)) this.#told.set(sight.id, { hash: sight.hash, where: sight.where, seq: null })
        return []
      case 'acked': {
        const told = this.#told.get(sight.id)
        if (!told) return [`${sight.id} was acknowledged and never sent`]
        const isOther = told.seq !== null && told.seq !== sight.seq
        told.seq = sight.seq
        return isOther
          ? [`${sight.id} was acknowledged under two numbers`]
          : this.#place(sight.where, sight.seq, told.hash)
      }
      case 'heard':
        return this.#place(sight.where, sight.seq, sight.hash)
      case 'key':
        this.#keys.add(sight.hash)
        return []
      case 'read':
        return this.#takeReading(sight)
    }
  }

  #takeReading({ who, where, from, hashes, seqs }: Extract<Sight, { what: 'read' }>): string[] {
    const gaps = seqs.flatMap((seq, index) =>
      seq === from + index + 1 ? [] : [`${who} read ${where} with a gap: ${seq} after ${from + index}`],
    )
    const faults = [...gaps, ...seqs.flatMap((seq, index) => this.#place(where, seq, hashes[index]!))]
    const known = [...(this.#order.get(where)?.keys() ?? [])]
    const last = from + seqs.length
    const lost = known.filter((seq) => seq > last)
    return lost.length === 0
      ? faults
      : [...faults, `${who} reads ${where} up to ${last}, but there was ${Math.max(...lost)}`]
  }

  // Whatever anybody was told of a place must be the same for everybody and for ever.
  #place(where: string, seq: number, hash: string): string[] {
    const order = this.#order.get(where) ?? new Map<number, string>()
    this.#order.set(where, order)
    const faults: string[] = []
    const known = order.get(seq)
    if (known !== undefined && known !== hash) faults.push(`${where} number ${seq} is two messages`)
    const place = `${where} ${seq}`
    const earlier = this.#places.get(hash)
    if (earlier !== undefined && earlier !== place) faults.push(`one message is at ${earlier} and at ${place}`)
    if (!this.#sentHashes.has(hash)) faults.push(`${place} holds what nobody sent`)
    order.set(seq, hash)
    this.#places.set(hash, place)
    return faults
  }

  #judgeWhole(): string[] {
    const faults: string[] = []
    for (const [id, { hash, where, seq }] of this.#told) {
      if (seq !== null && this.#order.get(where)?.get(seq) !== hash) faults.push(`${id} was acknowledged and is gone`)
    }
    for (const [where, order] of this.#order) {
      const last = Math.max(0, ...order.keys())
      if (order.size !== last) faults.push(`${where} has ${order.size} messages up to number ${last}`)
    }
    return faults
  }

  /** Messages that were sent and of which nobody knows whether they arrived. */
  unacknowledged(): string[] {
    return [...this.#told].filter(([, { seq }]) => seq === null).map(([id]) => id)
  }
}
