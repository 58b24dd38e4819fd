import { Database as Connection, type Statement } from 'bun:sqlite'
import { chmodSync } from 'node:fs'
import { createLog, errorFields } from '../log.ts'
import type { Database, RunResult, SqlValue, SyncTransaction, Transaction } from './database.ts'
import { type Disk, WalSync } from './wal-sync.ts'

const busyTimeoutMs = 5_000
const ownerOnly = 0o600
const log = createLog('error')

type Callback = () => void

/**
 * One file, one writing and one reading connection. Reading does not wait for the writer, but for the disk: nobody is told of a
 * commit, by its own promise or by a read, before it is synced. SQLite itself syncs at checkpoints only (synchronous NORMAL).
 */
export function openSqlite(file: string, disk?: Disk): Database {
  return new SqliteDatabase(file, disk)
}

class SqliteDatabase implements Database {
  readonly #writer: Handle
  readonly #reader: Handle
  readonly #sync: WalSync
  // bun:sqlite is synchronous and knows nothing of awaiting: whoever wants to write waits here for the one before.
  #lastWrite: Promise<unknown> = Promise.resolve()
  #batch: BatchItem[] = []
  #isClosed = false

  constructor(file: string, disk?: Disk) {
    this.#writer = new Handle(new Connection(file, { create: true, readwrite: true }))
    // SQLite gives its side files the mode of the database.
    chmodSync(file, ownerOnly)
    this.#writer.script('PRAGMA journal_mode = WAL')
    this.#reader = new Handle(new Connection(file, { readwrite: true }))
    this.#reader.script('PRAGMA query_only = ON')
    this.#sync = new WalSync(`${file}-wal`, disk)
  }

  async all<Row>(sql: string, ...params: SqlValue[]): Promise<Row[]> {
    const rows = this.#reader.all<Row>(sql, params)
    await this.#sync.settled()
    return rows
  }

  async allWhile<Row>(isWanted: (row: Row) => boolean, sql: string, ...params: SqlValue[]): Promise<Row[]> {
    const rows = this.#reader.allWhile<Row>(isWanted, sql, params)
    await this.#sync.settled()
    return rows
  }

  async get<Row>(sql: string, ...params: SqlValue[]): Promise<Row | null> {
    const row = this.#reader.get<Row>(sql, params)
    await this.#sync.settled()
    return row
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#runTransaction(work))
  }

  writeBatch(work: (tx: SyncTransaction) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (this.#isClosed) return Promise.reject(new Error('the database is closed'))
    this.#batch.push({ work, resolve, reject })
    // Microtasks run between two sockets' messages; an immediate runs after all that arrived in this turn.
    if (this.#batch.length === 1) setImmediate(() => this.#startBatch())
    return promise
  }

  async snapshotTo(file: string): Promise<void> {
    await this.#inTurn(async () => this.#writer.run('VACUUM INTO ?', [file]))
    chmodSync(file, ownerOnly)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    const unflushed = new Promise<void>((resolve) => setImmediate(resolve))
    await unflushed
    await this.#inTurn(async () => undefined)
    await this.#sync.settled()
    this.#isClosed = true
    this.#sync[Symbol.dispose]()
    this.#reader.close()
    this.#writer.close()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastWrite.then(() => {
      if (this.#isClosed) throw new Error('the database is closed')
      if (this.#sync.failure) throw this.#sync.failure
      return work()
    })
    this.#lastWrite = turn.catch(() => undefined)
    return turn
  }

  async #runTransaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const callbacks: Callback[] = []
    const tx = new OpenTransaction(this.#writer, callbacks)
    this.#writer.run('BEGIN IMMEDIATE')
    let result: T
    try {
      result = await work(tx)
      tx.end()
      this.#writer.run('COMMIT')
    } catch (error) {
      tx.end()
      this.#writer.rollback()
      // It may say what others have just written.
      await this.#sync.settled()
      throw error
    }
    // The next in turn may rely on what the callbacks change in memory.
    await new Promise<void>((resolve, reject) => {
      this.#sync.whenDurable((failure) => (failure ? reject(failure) : resolve()))
    })
    callAll(callbacks)
    return result
  }

  #startBatch(): void {
    this.#inTurn(async () => this.#runBatch()).catch((error: unknown) => {
      for (const { reject } of this.#batch.splice(0)) reject(error)
    })
  }

  #runBatch(): void {
    const items = this.#batch
    this.#batch = []
    const callbacks: Callback[] = []
    const settle: Callback[] = []
    try {
      this.#writer.run('BEGIN IMMEDIATE')
      for (const item of items) settle.push(this.#runItem(item, callbacks))
      this.#writer.run('COMMIT')
    } catch (error) {
      this.#writer.rollback()
      for (const { reject } of items) reject(error)
      return
    }
    this.#sync.whenDurable((failure) => {
      if (failure) for (const { reject } of items) reject(failure)
      else callAll(callbacks)
      for (const tell of settle) tell()
    })
  }

  #runItem({ work, resolve, reject }: BatchItem, callbacks: Callback[]): Callback {
    const own: Callback[] = []
    this.#writer.run('SAVEPOINT item')
    try {
      work(new SyncView(this.#writer, own))
    } catch (error) {
      // A full disk has rolled back everything already: then nobody's work of this turn was done.
      if (!this.#writer.connection.inTransaction) throw error
      this.#writer.run('ROLLBACK TO item')
      this.#writer.run('RELEASE item')
      return () => reject(error)
    }
    this.#writer.run('RELEASE item')
    callbacks.push(...own)
    return resolve
  }
}

type BatchItem = { work: (tx: SyncTransaction) => void; resolve: () => void; reject: (error: unknown) => void }

/** A connection and its prepared statements: the set of SQL texts in this program is small and fixed. */
class Handle {
  readonly #statements = new Map<string, Statement>()

  constructor(readonly connection: Connection) {
    connection.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    connection.run('PRAGMA synchronous = NORMAL')
    connection.run('PRAGMA foreign_keys = ON')
    connection.run('PRAGMA cache_size = -16000')
    // 32 MB of log: pages that many messages touch are carried over once, not once in a thousand pages.
    connection.run('PRAGMA wal_autocheckpoint = 8000')
  }

  #prepare(sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.connection.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  all<Row>(sql: string, params: SqlValue[]): Row[] {
    return this.#prepare(sql).all(...params) as Row[]
  }

  allWhile<Row>(isWanted: (row: Row) => boolean, sql: string, params: SqlValue[]): Row[] {
    const rows: Row[] = []
    for (const row of this.#prepare(sql).iterate(...params) as IterableIterator<Row>) {
      if (!isWanted(row)) break
      rows.push(row)
    }
    return rows
  }

  get<Row>(sql: string, params: SqlValue[]): Row | null {
    return (this.#prepare(sql).get(...params) ?? null) as Row | null
  }

  run(sql: string, params: SqlValue[] = []): RunResult {
    const { changes, lastInsertRowid } = this.#prepare(sql).run(...params)
    return { changes, lastId: Number(lastInsertRowid) }
  }

  script(sql: string): void {
    this.connection.run(sql)
  }

  /** A full disk makes SQLite itself roll back; then there is nothing left to take back. */
  rollback(): void {
    if (this.connection.inTransaction) this.connection.run('ROLLBACK')
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize()
    this.connection.close(true)
  }
}

class OpenTransaction implements Transaction {
  #isOpen = true

  constructor(
    private readonly handle: Handle,
    private readonly callbacks: Callback[],
  ) {}

  #use(): Handle {
    if (!this.#isOpen) throw new Error('this transaction is over')
    return this.handle
  }

  async all<Row>(sql: string, ...params: SqlValue[]): Promise<Row[]> {
    return this.#use().all<Row>(sql, params)
  }

  async get<Row>(sql: string, ...params: SqlValue[]): Promise<Row | null> {
    return this.#use().get<Row>(sql, params)
  }

  async run(sql: string, ...params: SqlValue[]): Promise<RunResult> {
    return this.#use().run(sql, params)
  }

  async script(sql: string): Promise<void> {
    this.#use().script(sql)
  }

  onCommit(callback: Callback): void {
    this.#use()
    this.callbacks.push(callback)
  }

  end(): void {
    this.#isOpen = false
  }
}

class SyncView implements SyncTransaction {
  constructor(
    private readonly handle: Handle,
    private readonly callbacks: Callback[],
  ) {}

  all<Row>(sql: string, ...params: SqlValue[]): Row[] {
    return this.handle.all<Row>(sql, params)
  }

  get<Row>(sql: string, ...params: SqlValue[]): Row | null {
    return this.handle.get<Row>(sql, params)
  }

  run(sql: string, ...params: SqlValue[]): RunResult {
    return this.handle.run(sql, params)
  }

  onCommit(callback: Callback): void {
    this.callbacks.push(callback)
  }
}

// What is on disk cannot be taken back: a callback that fails is reported and does not hide the commit.
function callAll(callbacks: Callback[]): void {
  for (const callback of callbacks) {
    try {
      callback()
    } catch (error) {
      log.error('after_commit_failed', errorFields(error))
    }
  }
}
