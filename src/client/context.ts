import type { ClientEvent } from './api.ts'
import type { Platform, RowRange, TableName } from './platform.ts'

/** A change to the device's own database, before sealing. value null deletes; else CBOR-encodable plain data. */
export type LocalWrite = { table: TableName; key: string; value: unknown }

/** The device's own database with every value sealed under DKEY (aad: table and key). Implemented in local-store.ts. */
export type LocalStore = {
  get<Value>(table: TableName, key: string): Promise<Value | null>
  list<Value>(table: TableName, range: RowRange): Promise<{ key: string; value: Value }[]>
  /** Seals all values first, then one transaction: all or nothing, on disk when it resolves. */
  commit(writes: readonly LocalWrite[]): Promise<void>
}

/** What every part of the client is handed. Parts are created once by client.ts and call each other through their own functions. */
export type ClientContext = {
  readonly platform: Platform
  readonly store: LocalStore
  emit(event: ClientEvent): void
}
