import { type DBSchema, type IDBPDatabase, openDB, unwrap } from 'idb'
import { ClientFailure } from '../src/client/api.ts'
import {
  type PlatformStorage,
  type RowRange,
  type StoredRow,
  type StoredWrite,
  type TableName,
  tables,
} from '../src/client/platform.ts'

const databaseName = 'trallivalli'
const databaseVersion = 1
/** Holds the one CryptoKey; its name is none of a table's. */
const hostStore = 'host'

type Schema = DBSchema &
  Record<TableName, { key: string; value: Uint8Array }> & { host: { key: string; value: CryptoKey } }
type Opened = IDBPDatabase<Schema>

/** A device's own rows in IndexedDB: a store for each table, and the key that seals them beside it. */
export class BrowserStorage implements PlatformStorage {
  #opened: Promise<Opened> | null = null
  #deviceKey: Promise<CryptoKey> | null = null

  read(table: TableName, key: string): Promise<Uint8Array | null> {
    return this.#use(async (database) => (await database.get(table, key)) ?? null)
  }

  list(table: TableName, range: RowRange): Promise<StoredRow[]> {
    // IndexedDB throws for a range that begins after its end.
    const isEmpty = range.from !== undefined && range.before !== undefined && range.from >= range.before
    if (isEmpty || range.limit === 0) return Promise.resolve([])
    return this.#use((database) =>
      range.descending ? listBackwards(database, table, range) : listForwards(database, table, range),
    )
  }

  commit(writes: readonly StoredWrite[]): Promise<void> {
    if (writes.length === 0) return Promise.resolve()
    const names = [...new Set(writes.map(({ table }) => table))]
    return this.#use(async (database) => {
      const transaction = database.transaction(names, 'readwrite', { durability: 'strict' })
      // A page of messages is some hundred requests: without a promise around each, all of which end with the transaction.
      const plain = unwrap(transaction)
      const stores = new Map(names.map((name) => [name, plain.objectStore(name)]))
      try {
        for (const write of writes) queueWrite(stores.get(write.table)!, write)
      } catch (cause) {
        // Requests that were taken before would be committed by themselves.
        transaction.done.catch(() => undefined)
        transaction.abort()
        throw cause
      }
      await transaction.done
    })
  }

  deviceKey(): Promise<CryptoKey> {
    this.#deviceKey ??= this.#findOrMakeKey().catch((cause: unknown) => {
      this.#deviceKey = null
      throw cause
    })
    return this.#deviceKey
  }

  async clear(): Promise<void> {
    this.#deviceKey = null
    await this.#use(async (database) => {
      const names = [...tables, hostStore] as const
      const transaction = database.transaction(names, 'readwrite', { durability: 'strict' })
      await Promise.all([...names.map((name) => transaction.objectStore(name).clear()), transaction.done])
    })
  }

  // `add` refuses a second key, so that two tabs that begin at once end up with one.
  async #findOrMakeKey(): Promise<CryptoKey> {
    const find = () => this.#use((database) => database.get(hostStore, 'device-key'))
    const known = await find()
    if (known) return known
    const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    await this.#use((database) => database.add(hostStore, made, 'device-key')).catch(async (cause: unknown) => {
      if (nameOf(cause) !== 'ConstraintError') throw cause
    })
    return (await find()) ?? made
  }

  // Browsers close connections of pages that sleep: the next use opens another one.
  async #use<T>(work: (database: Opened) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#open())
    } catch (cause) {
      if (nameOf(cause) === 'QuotaExceededError') throw new ClientFailure('storage_full')
      if (nameOf(cause) !== 'InvalidStateError') throw cause
      this.#opened = null
      return work(await this.#open())
    }
  }

  #open(): Promise<Opened> {
    this.#opened ??= openStores(() => {
      this.#opened = null
    }).catch((cause: unknown) => {
      this.#opened = null
      throw cause
    })
    return this.#opened
  }
}

function openStores(onClosed: () => void): Promise<Opened> {
  return openDB<Schema>(databaseName, databaseVersion, {
    upgrade(database) {
      for (const name of [...tables, hostStore] as const)
        if (!database.objectStoreNames.contains(name)) database.createObjectStore(name)
    },
    blocking(_current, _blocked, event) {
      ;(event.target as IDBDatabase).close()
      onClosed()
    },
    terminated: onClosed,
  })
}

function keyRange({ from, before }: RowRange): IDBKeyRange | null {
  if (from !== undefined && before !== undefined) return IDBKeyRange.bound(from, before, false, true)
  if (from !== undefined) return IDBKeyRange.lowerBound(from)
  return before === undefined ? null : IDBKeyRange.upperBound(before, true)
}

async function listForwards(database: Opened, table: TableName, range: RowRange): Promise<StoredRow[]> {
  const { store } = database.transaction(table)
  const wanted = keyRange(range)
  const [keys, values] = await Promise.all([store.getAllKeys(wanted, range.limit), store.getAll(wanted, range.limit)])
  return keys.map((key, index) => ({ key, value: values[index]! }))
}

async function listBackwards(database: Opened, table: TableName, range: RowRange): Promise<StoredRow[]> {
  const rows: StoredRow[] = []
  const limit = range.limit ?? Number.POSITIVE_INFINITY
  let cursor = await database.transaction(table).store.openCursor(keyRange(range), 'prev')
  while (cursor && rows.length < limit) {
    rows.push({ key: cursor.key, value: cursor.value })
    cursor = await cursor.continue()
  }
  return rows
}

// A request that fails aborts its transaction, whose own end is what is waited for.
function queueWrite(store: IDBObjectStore, { key, value }: StoredWrite): void {
  if (value === null) store.delete(key)
  else store.put(value, key)
}

const nameOf = (cause: unknown) => (cause as { name?: unknown } | null)?.name
