import type { LocalStore, LocalWrite } from './context.ts'
import type { TableName } from './platform.ts'

/** Rows worth keeping opened: they are read at every message. */
const CACHED: readonly TableName[] = ['conversations', 'sessions', 'chains']
const MAX_CACHED_ROWS = 4_000

/** One change of this device's memory: everything it reads, writes and then tells, kept apart until it is on disk. */
export class Step {
  readonly #pending = new Map<string, LocalWrite>()
  readonly #reads = new Map<string, Promise<unknown>>()
  readonly #effects: (() => void)[] = []
  readonly #regrets: (() => void)[] = []

  constructor(private readonly read: <Value>(table: TableName, key: string) => Promise<Value | null>) {}

  /** What the row will be after this step. It runs alone: what it has read once is the same value to its end. */
  async get<Value>(table: TableName, key: string): Promise<Value | null> {
    const place = `${table}|${key}`
    const pending = this.#pending.get(place)
    if (pending) return pending.value as Value | null
    let reading = this.#reads.get(place)
    if (!reading) {
      reading = this.read<Value>(table, key)
      this.#reads.set(place, reading)
    }
    return reading as Promise<Value | null>
  }

  /** null deletes. Values are never changed in place afterwards. */
  put(table: TableName, key: string, value: unknown): void {
    this.#pending.set(`${table}|${key}`, { table, key, value })
  }

  putAll(writes: readonly LocalWrite[]): void {
    for (const write of writes) this.put(write.table, write.key, write.value)
  }

  /** Runs once the step is on disk. */
  afterwards(effect: () => void): void {
    this.#effects.push(effect)
  }

  /** Runs when the step could not be stored: what was changed in memory ahead of it is dropped. */
  otherwise(regret: () => void): void {
    this.#regrets.push(regret)
  }

  writes(): LocalWrite[] {
    return [...this.#pending.values()]
  }
  succeed(): void {
    for (const effect of this.#effects) effect()
  }
  fail(): void {
    for (const regret of this.#regrets) regret()
  }
}

/**
 * The one queue of a device: every operation that moves a ratchet runs alone and ends in one commit (PROTOCOL 4.11).
 * A step must not start another one and wait for it.
 */
export class Steps {
  #tail: Promise<unknown> = Promise.resolve()
  readonly #cache = new Map<string, unknown>()

  constructor(private readonly store: LocalStore) {}

  run<Result>(work: (step: Step) => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(() => this.#perform(work))
    this.#tail = result.catch(() => null)
    return result
  }

  /** Resolves when everything asked for so far has ended. */
  async settled(): Promise<void> {
    await this.#tail
  }

  async #perform<Result>(work: (step: Step) => Promise<Result>): Promise<Result> {
    const step = new Step((table, key) => this.#read(table, key))
    try {
      const result = await work(step)
      const writes = step.writes()
      if (writes.length > 0) await this.store.commit(writes)
      this.#remember(writes)
      step.succeed()
      return result
    } catch (error) {
      step.fail()
      throw error
    }
  }

  async #read<Value>(table: TableName, key: string): Promise<Value | null> {
    if (!CACHED.includes(table)) return this.store.get<Value>(table, key)
    const place = `${table}|${key}`
    if (this.#cache.has(place)) return this.#cache.get(place) as Value | null
    const value = await this.store.get<Value>(table, key)
    this.#cache.set(place, value)
    return value
  }

  #remember(writes: readonly LocalWrite[]): void {
    if (this.#cache.size > MAX_CACHED_ROWS) this.#cache.clear()
    for (const { table, key, value } of writes) {
      if (CACHED.includes(table)) this.#cache.set(`${table}|${key}`, value)
    }
  }
}
