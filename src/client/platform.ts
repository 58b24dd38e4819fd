/** What a headless member's device asks of its host. The browser's is web/browser.ts, the tests' and the command line's run on Bun. */
export type Platform = {
  /** `location.origin` of the home in ASCII, for example https://chat.example:8443. */
  readonly origin: string
  readonly storage: PlatformStorage
  /** HTTP to the home: `path` begins with /api. Cookies are kept by the host. Rejects only when the network failed. */
  request(path: string, init: HttpInit): Promise<HttpAnswer>
  /** Opens the one WebSocket. Rejects when it cannot be opened. */
  openSocket(path: string, events: SocketEvents): Promise<PlatformSocket>
  readonly clock: PlatformClock
  /** Cryptographically secure. */
  random(length: number): Uint8Array
  /** Argon2id 1.3, p=1, 32 bytes, away from the calling thread so that its memory is given back. */
  stretch(passphrase: Uint8Array, salt: Uint8Array, memKiB: number, passes: number): Promise<Uint8Array>
  /** Runs `work` while this device's only crypto owner is the caller; resolves when work ended. */
  holdLock(name: string, work: () => Promise<void>): Promise<void>
}

export type HttpInit = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  json?: unknown
  /** Instead of JSON: sent as application/octet-stream. */
  bytes?: Uint8Array
  headers?: Record<string, string>
}
/** `bytes`: what an application/octet-stream answer brought. */
export type HttpAnswer = { status: number; json: unknown; bytes?: Uint8Array }

export type SocketEvents = { onFrame(bytes: Uint8Array): void; onClose(): void }
export type PlatformSocket = { send(bytes: Uint8Array): void; close(): void; bufferedBytes(): number }

export type PlatformClock = {
  /** Epoch milliseconds. */
  now(): number
  /** Calls back once after `delayMs`; the returned function cancels. */
  schedule(delayMs: number, callback: () => void): () => void
}

/** One row of the device's own database. Keys sort as ASCII text. Values are already sealed by local-store.ts. */
export type StoredRow = { key: string; value: Uint8Array }
/** value null = delete. */
export type StoredWrite = { table: TableName; key: string; value: Uint8Array | null }

export type PlatformStorage = {
  read(table: TableName, key: string): Promise<Uint8Array | null>
  /** Rows with from <= key < before, ascending (or descending), at most `limit`. */
  list(table: TableName, range: RowRange): Promise<StoredRow[]>
  /** All or nothing, on disk when it resolves. Rejects with StorageFull where the host says so. */
  commit(writes: readonly StoredWrite[]): Promise<void>
  /** The non-extractable AES-256-GCM key that seals every value (DKEY); made at first use, kept by the host. */
  deviceKey(): Promise<CryptoKey>
  /** Forgets everything, the device key too. */
  clear(): Promise<void>
}
export type RowRange = { from?: string; before?: string; descending?: boolean; limit?: number }

export const tables = [
  'device', // identity, secrets, settings, archive keys, account state: one row each
  'prekeys', // private halves by kind and id
  'log', // key log entries by index, validator state, leaf hashes
  'conversations', // a row a conversation: view, validated membership state, marks, preview
  'sessions', // Double Ratchet sessions by peer device and session id
  'chains', // own and received sender chains by conversation and chain id
  'keys', // content keys that came before their body
  'messages', // blocks of about a hundred and a tail of single rows, by conversation
  'bodies', // sealed bodies of the last 35 days in lots, for healing (PROTOCOL 4.14)
  'outbox', // what is to be sent, in order
  'people', // profiles and verification
] as const
export type TableName = (typeof tables)[number]
