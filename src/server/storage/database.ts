/** What a column may hold. */
export type SqlValue = string | number | Uint8Array | null
export type RunResult = { changes: number; lastId: number }

/** Reads what is committed; inside a transaction also what the transaction itself wrote. */
export interface Reader {
  all<Row>(sql: string, ...params: SqlValue[]): Promise<Row[]>
  get<Row>(sql: string, ...params: SqlValue[]): Promise<Row | null>
}

/** One unit of work: all of it is on disk, or none. Unusable once its work has settled. */
export interface Transaction extends Reader {
  run(sql: string, ...params: SqlValue[]): Promise<RunResult>
  /** Many statements without parameters (migrations). */
  script(sql: string): Promise<void>
  /** Called once the transaction is on disk, in order; never after a rollback. */
  onCommit(callback: () => void): void
}

/** The same without promises, for the message path. */
export interface SyncTransaction {
  all<Row>(sql: string, ...params: SqlValue[]): Row[]
  get<Row>(sql: string, ...params: SqlValue[]): Row | null
  run(sql: string, ...params: SqlValue[]): RunResult
  onCommit(callback: () => void): void
}

/** The one door to what is kept. Several engines may stand behind it. */
export interface Database extends Reader, AsyncDisposable {
  /** One writer at a time. Do not call it, or `writeBatch`, and wait for the answer from within `work`: that waits for ever. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /**
   * Group commit: what is asked for in one turn of the event loop becomes one transaction. Resolves when it is on disk. A work that
   * throws takes back its own writes and rejects its own promise; the others are not touched.
   */
  writeBatch(work: (tx: SyncTransaction) => void): Promise<void>
  /** The first rows, up to the one before the first that is not wanted; those behind are not read. */
  allWhile<Row>(isWanted: (row: Row) => boolean, sql: string, ...params: SqlValue[]): Promise<Row[]>
  /** A consistent copy in a new file, made while others read and write. */
  snapshotTo(file: string): Promise<void>
}
