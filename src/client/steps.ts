import { toHex } from '../crypto/bytes.ts'
import type { RandomSource } from '../crypto/random.ts'
import type { ClientContext, LocalWrite } from './context.ts'
import type { TableName } from './platform.ts'

/** Rows worth keeping opened: they are read at every message. */
const CACHED: readonly TableName[] = ['conversations', 'sessions', 'chains']
const MAX_CACHED_ROWS = 4_000
/** Items that one row holds together: fewer ciphers, and fewer requests to the storage. */
export const MAX_LOT = 100
const LOT_NAME_BYTES = 6

/** One change of this device's memory: everything it reads, writes and then tells, kept apart until it is on disk. */
export class Step {
  readonly #pending = new Map<string, LocalWrite>()
  readonly #reads = new Map<string, Promise<unknown>>()
  readonly #created = new Set<string>()
  readonly #gathered = new Map<TableName, { key: string; value: unknown }[]>()
  readonly #effects: (() => void)[] = []
  readonly #regrets: (() => void)[] = []

  constructor(
    private readonly read: <Value>(table: TableName, key: string) => Promise<Value | null>,
    private readonly random: RandomSource,
  ) {}

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
    const place = `${table}|${key}`
    if (value === null && this.#created.delete(place)) this.#pending.delete(place)
    else this.#pending.set(place, { table, key, value })
  }
  /**
   * A row that is not there before this step: taken away again before its end it leaves no trace. One that this very step took away
   * was there.
   */
  create(table: TableName, key: string, value: unknown): void {
    const place = `${table}|${key}`
    if (!this.#pending.has(place)) this.#created.add(place)
    this.put(table, key, value)
  }
  /**
   * One more item for a table of lots: rows that each hold what steps gathered, as an array, in the order of its keys. A lot is named
   * after its largest and never written again; `get` does not see it.
   */
  gather(table: TableName, key: string, value: unknown): void {
    const items = this.#gathered.get(table) ?? []
    this.#gathered.set(table, items)
    items.push({ key, value })
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
    const lots = [...this.#gathered].flatMap(([table, items]) => this.#lotsOf(table, items))
    return [...this.#pending.values(), ...lots]
  }
  #lotsOf(table: TableName, items: readonly { key: string; value: unknown }[]): LocalWrite[] {
    const inOrder = [...items].sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    const lots: LocalWrite[] = []
    for (let at = 0; at < inOrder.length; at += MAX_LOT) {
      const lot = inOrder.slice(at, at + MAX_LOT)
      const key = `${lot.at(-1)!.key}/${toHex(this.random(LOT_NAME_BYTES))}`
      lots.push({ table, key, value: lot.map(({ value }) => value) })
    }
    return lots
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

  constructor(private readonly context: Pick<ClientContext, 'store' | 'platform'>) {}

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
    const { store, platform } = this.context
    const step = new Step((table, key) => this.#read(table, key), platform.random)
    try {
      const result = await work(step)
      const writes = step.writes()
      if (writes.length > 0) await store.commit(writes)
      this.#remember(writes)
      step.succeed()
      return result
    } catch (error) {
      step.fail()
      throw error
    }
  }

  async #read<Value>(table: TableName, key: string): Promise<Value | null> {
    const { store } = this.context
    if (!CACHED.includes(table)) return store.get<Value>(table, key)
    const place = `${table}|${key}`
    if (this.#cache.has(place)) return this.#cache.get(place) as Value | null
    const value = await store.get<Value>(table, key)
    // Read for a step that failed meanwhile, it may be older than what another wrote.
    if (!this.#cache.has(place)) this.#cache.set(place, value)
    return this.#cache.get(place) as Value | null
  }

  #remember(writes: readonly LocalWrite[]): void {
    if (this.#cache.size > MAX_CACHED_ROWS) this.#cache.clear()
    for (const { table, key, value } of writes) {
      if (CACHED.includes(table)) this.#cache.set(`${table}|${key}`, value)
    }
  }
}
