import { fromHex, toHex } from './bytes.ts'
import type { KeyLogState } from './key-log-validator.ts'

// A state holds Uint8Arrays, numbers, texts, nulls, lists and records. In a snapshot each Uint8Array is "x" and its hex,
// each text "t" and itself, so that JSON can carry it and reading it back needs no list of the fields.

/** JSON-compatible form of any validator state, to be kept by the one who made it: not a format for strangers. */
export type Snapshot = string | number | null | boolean | Snapshot[] | { [field: string]: Snapshot }

/** Plain data of a value made of records, lists, numbers, texts, nulls and Uint8Arrays. */
export function toSnapshot(value: unknown): Snapshot {
  if (value instanceof Uint8Array) return `x${toHex(value)}`
  if (typeof value === 'string') return `t${value}`
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(toSnapshot)
  if (typeof value !== 'object') throw new TypeError('cannot be kept')
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, toSnapshot(inner)]))
}

/** The value a snapshot was made of. */
export function fromSnapshot(snapshot: Snapshot): unknown {
  if (typeof snapshot === 'string') return snapshot.startsWith('x') ? fromHex(snapshot.slice(1)) : snapshot.slice(1)
  if (snapshot === null || typeof snapshot !== 'object') return snapshot
  if (Array.isArray(snapshot)) return snapshot.map(fromSnapshot)
  return Object.fromEntries(Object.entries(snapshot).map(([field, inner]) => [field, fromSnapshot(inner)]))
}

/** A key-log state as plain data. */
export function snapshotKeyLog(state: KeyLogState): Snapshot {
  return toSnapshot({ size: state.size, users: [...state.users.values()] })
}

/** The state again, from this device's own (sealed) storage; it is not validated a second time. */
export function restoreKeyLog(snapshot: Snapshot): KeyLogState {
  const { size, users } = fromSnapshot(snapshot) as { size: number; users: UserKeysList }
  return { size, users: new Map(users.map((user) => [toHex(user.userId), user])) }
}

type UserKeysList = KeyLogState['users'] extends ReadonlyMap<string, infer User> ? User[] : never
