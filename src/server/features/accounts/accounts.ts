import type { AccountView, SealedArchiveKey, SealedState } from '../../../protocol/accounts.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type AccountId, toBase64Url } from '../../../protocol/ids.ts'
import type { Principal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import type { Reader } from '../../storage/database.ts'
import { readArchiveKey, readState } from './sealed-keys.ts'
import * as store from './store.ts'

export { readArchiveKey, readSlot, readState } from './sealed-keys.ts'
export {
  addArchiveKey,
  deleteArchiveKeys,
  findAccountByName,
  findSlot,
  findState,
  listArchiveKeys,
  putSlot,
  putState,
  setRootSeed,
} from './store.ts'

export function listAccounts({ database }: { database: Reader }): Promise<AccountView[]> {
  return store.listAccounts(database)
}

export async function readSealedState(reader: Reader, accountId: AccountId): Promise<SealedState | null> {
  const row = await store.findState(reader, accountId)
  return row && { version: row.version, epoch: row.epoch, sealed: toBase64Url(row.sealed) }
}

/** Compare-and-swap: whoever writes has seen the version before. */
export async function replaceState({ database }: Context, { accountId }: Principal, offer: SealedState): Promise<void> {
  const state = readState(offer)
  await database.transaction(async (tx) => {
    const held = await store.findState(tx, accountId)
    if (state.version !== (held?.version ?? 0) + 1) throw new Refusal('state_moved')
    await store.putState(tx, accountId, state)
  })
}

export function listOwnArchiveKeys({ database }: Context, { accountId }: Principal): Promise<SealedArchiveKey[]> {
  return store.listArchiveKeys(database, accountId)
}

/** Adds the key of one epoch; the first writer wins, and the same bytes again are no loss. */
export async function putArchiveKey(
  { database }: Context,
  { accountId }: Principal,
  offer: SealedArchiveKey,
): Promise<void> {
  const key = readArchiveKey(offer)
  const isKept = await database.transaction((tx) => store.addArchiveKey(tx, accountId, key))
  if (!isKept) throw new Refusal('state_moved')
}
