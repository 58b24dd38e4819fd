import { equal, toHex } from '../crypto/bytes.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import { admitEntries, EMPTY_KEY_LOG, type KeyLogState, type UserKeys } from '../crypto/key-log-validator.ts'
import type { LogPublicKey } from '../crypto/key-types.ts'
import { checkSth, type TreeHead } from '../crypto/sth.ts'
import { leafHash, MerkleTree } from '../crypto/tree.ts'
import type { LocalStore, LocalWrite } from './context.ts'

/** A validated log with its tree. Replaced as a whole when it grows, so that nothing half-checked is ever visible. */
export type LogCopy = {
  readonly state: KeyLogState
  readonly tree: MerkleTree
  /** Newest signed head that covers exactly this copy, 144 bytes. */
  readonly signedHead: Uint8Array | null
  readonly headTime: number
}

export const EMPTY_COPY: LogCopy = { state: EMPTY_KEY_LOG, tree: new MerkleTree(), signedHead: null, headTime: 0 }

const LEAF_BYTES = 32

type StoredLog = {
  size: number
  users: UserKeys[]
  leaves: Uint8Array
  signedHead: Uint8Array | null
  headTime: number
}

/** What is wrong with what the home showed. */
export class LogConflict extends Error {
  override readonly name = 'LogConflict'
  constructor(
    readonly kind: 'fork' | 'rollback' | 'bad_entry',
    readonly detail: string,
    readonly badEntry: Uint8Array | null = null,
  ) {
    super(detail)
  }
}

/** Reads and checks a signed head under the pinned key; LogConflict when it is not this log's. */
export function readHead(logPublicKey: LogPublicKey, treeHead: Uint8Array): TreeHead {
  try {
    return checkSth(logPublicKey, treeHead)
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new LogConflict('fork', `head: ${error.reason}`)
    throw error
  }
}

/** The copy with `entries` behind it, exactly as the signed head says; LogConflict otherwise. */
export function growCopy(
  copy: LogCopy,
  entries: readonly Uint8Array[],
  head: TreeHead,
  signedHead: Uint8Array,
): LogCopy {
  let { state } = copy
  const tree = entries.length === 0 ? copy.tree : copy.tree.clone()
  for (const entry of entries) {
    state = admit(state, entry)
    tree.append(leafHash(entry))
  }
  if (tree.size !== head.size || !equal(tree.root(), head.root)) throw new LogConflict('fork', 'another root')
  return { state, tree, signedHead, headTime: head.time }
}

function admit(state: KeyLogState, entry: Uint8Array): KeyLogState {
  try {
    return admitEntries(state, [entry])
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new LogConflict('bad_entry', error.reason, entry)
    throw error
  }
}

/** The key under which entry `index` is kept: sorts as text. */
export function entryKey(index: number): string {
  return `entry:${index.toString().padStart(10, '0')}`
}

/** Everything that must be on disk for `copy`, the entries from `from` on included. */
export function copyWrites(copy: LogCopy, from: number, entries: readonly Uint8Array[]): LocalWrite[] {
  const leafHashes = copy.tree.leafHashes()
  const leaves = new Uint8Array(leafHashes.length * LEAF_BYTES)
  leafHashes.forEach((hash, index) => {
    leaves.set(hash, index * LEAF_BYTES)
  })
  const { signedHead, headTime } = copy
  const stored: StoredLog = {
    size: copy.state.size,
    users: [...copy.state.users.values()],
    leaves,
    signedHead,
    headTime,
  }
  return [
    ...entries.map((value, offset) => ({ table: 'log' as const, key: entryKey(from + offset), value })),
    { table: 'log', key: 'state', value: stored },
  ]
}

/** The copy this device kept; empty before the first fetch. */
export async function loadCopy(store: LocalStore): Promise<LogCopy> {
  const stored = await store.get<StoredLog>('log', 'state')
  if (stored === null) return EMPTY_COPY
  const { size, users, leaves, signedHead, headTime } = stored
  const hashes = Array.from({ length: size }, (_, index) => leaves.slice(index * LEAF_BYTES, (index + 1) * LEAF_BYTES))
  const state = { size, users: new Map(users.map((user) => [toHex(user.userId), user])) }
  return { state, tree: new MerkleTree(hashes), signedHead, headTime }
}
