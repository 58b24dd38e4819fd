/** How hard to try. */
export interface Intensity {
  isLong: boolean
  /** Rounds of killing the server. */
  rounds: number
  /** Hostile inputs for each route and role, and for each frame and role. */
  inputs: number
  /** Walks through the API by the state machine. */
  walks: number
  /** How long the family lives. */
  minutes: number
  /** The executable to torture; null for the source. */
  binary: string | null
  seed: number
}

export const short: Intensity = {
  isLong: false,
  rounds: 12,
  inputs: 12,
  walks: 25,
  minutes: 1 / 6,
  binary: null,
  seed: Date.now() % 2 ** 31,
}
export const long: Intensity = { ...short, isLong: true, rounds: 200, inputs: 3_400, walks: 1_000, minutes: 60 }

/** What was tried and what came of it. */
export class Report {
  passed = 0
  readonly failures: string[] = []

  constructor(readonly say: (line: string) => void = console.log) {}

  check(what: string, isTrue: boolean, detail: unknown = ''): void {
    if (isTrue) this.passed++
    else this.fail(what, detail)
  }

  fail(what: string, detail: unknown = ''): void {
    const text = `${what}${detail === '' ? '' : `: ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`}`
    this.failures.push(text)
    this.say(`  FAILED ${text}`)
  }
}

export interface Part {
  name: string
  run(report: Report, intensity: Intensity): Promise<void>
}

/** Numbers that a seed repeats (mulberry32). */
export class Dice {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** Between the two, inclusive. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1))
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)]!
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.between(0, 255))
  }
}

export const pause = (ms: number) => Bun.sleep(ms)

/** Rejects when it takes longer: a server that hangs is as bad as one that died. */
export async function within<Value>(ms: number, what: string, work: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
