import { concat } from '../crypto/bytes.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import type { LocalStore } from './context.ts'
import type { Platform, TableName } from './platform.ts'

const IV_BYTES = 12
/** Own rows: only a bound against nonsense. undefined is not CBOR here: leave such fields out or write null. */
const BOUNDS = { maxBytes: 2 ** 28, maxDepth: 32 }
const encoder = new TextEncoder()

type OwnBytes = Uint8Array<ArrayBuffer>

/** A row is bound to its place: a host that swaps two rows is found out. */
function algorithm(iv: Uint8Array, table: TableName, key: string) {
  return { name: 'AES-GCM' as const, iv: iv as OwnBytes, additionalData: encoder.encode(`${table}|${key}`) }
}

/** The device's database with every value as iv 12 || AES-256-GCM(DKEY, CBOR; aad = table|key). */
export function createLocalStore(platform: Platform): LocalStore {
  const { storage } = platform

  async function sealValue(table: TableName, key: string, value: unknown): Promise<Uint8Array> {
    const iv = platform.random(IV_BYTES)
    const plain = encodeCbor(value as CborValue) as OwnBytes
    const deviceKey = await storage.deviceKey()
    return concat(iv, new Uint8Array(await crypto.subtle.encrypt(algorithm(iv, table, key), deviceKey, plain)))
  }

  async function openValue(table: TableName, key: string, sealed: Uint8Array): Promise<unknown> {
    const deviceKey = await storage.deviceKey()
    const iv = sealed.subarray(0, IV_BYTES)
    const rest = sealed.subarray(IV_BYTES) as OwnBytes
    const plain = await crypto.subtle.decrypt(algorithm(iv, table, key), deviceKey, rest).catch(() => null)
    if (plain === null) throw new DecryptionFailed(`local row ${table}`)
    return decodeCbor(new Uint8Array(plain), BOUNDS)
  }

  return {
    async get<Value>(table: TableName, key: string) {
      const sealed = await storage.read(table, key)
      return sealed === null ? null : ((await openValue(table, key, sealed)) as Value)
    },
    async list<Value>(table: TableName, range = {}) {
      const rows = await storage.list(table, range)
      return Promise.all(
        rows.map(async ({ key, value }) => ({ key, value: (await openValue(table, key, value)) as Value })),
      )
    },
    async commit(writes) {
      const sealed = await Promise.all(
        writes.map(async ({ table, key, value }) => ({
          table,
          key,
          value: value === null ? null : await sealValue(table, key, value),
        })),
      )
      await storage.commit(sealed)
    },
  }
}
