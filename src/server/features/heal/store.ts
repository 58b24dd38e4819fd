import type { AccountId } from '../../../protocol/ids.ts'
import type { Reader, Transaction } from '../../storage/database.ts'

/** An account that came back with its log entries only: its root seed is not here yet. */
export async function isFoundAccount(reader: Reader, accountId: AccountId): Promise<boolean> {
  const sql = 'SELECT 1 FROM accounts WHERE account_id = ? AND length(wrapped_root_seed) = 0'
  return (await reader.get(sql, accountId)) !== null
}

export async function isNameTaken(reader: Reader, accountId: AccountId, signInName: string): Promise<boolean> {
  const sql = 'SELECT 1 FROM accounts WHERE sign_in_name = ? AND account_id <> ?'
  return (await reader.get(sql, signInName, accountId)) !== null
}

export async function nameAccount(tx: Transaction, accountId: AccountId, signInName: string): Promise<void> {
  await tx.run('UPDATE accounts SET sign_in_name = ? WHERE account_id = ?', signInName, accountId)
}

export async function setRootSeed(tx: Transaction, accountId: AccountId, wrapped: Uint8Array): Promise<void> {
  await tx.run('UPDATE accounts SET wrapped_root_seed = ? WHERE account_id = ?', wrapped, accountId)
}

export async function putSlot(
  tx: Transaction,
  accountId: AccountId,
  { slot, authHash, nowMs }: { slot: Uint8Array; authHash: Uint8Array; nowMs: number },
): Promise<void> {
  await tx.run(
    `INSERT INTO slots (account_id, kind, slot, auth_hash, updated_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (account_id, kind)
     DO UPDATE SET slot = excluded.slot, auth_hash = excluded.auth_hash, updated_at = excluded.updated_at`,
    ...[accountId, slot[0]!, slot, authHash, nowMs],
  )
}

/** What is there already stays: an epoch has one archive key. */
export async function addSealedKey(
  tx: Transaction,
  accountId: AccountId,
  { epoch, record }: { epoch: number; record: Uint8Array },
): Promise<void> {
  const sql = 'INSERT INTO sealed_archive_keys (account_id, epoch, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'
  await tx.run(sql, accountId, epoch, record)
}

/** Only a newer state takes the place of an older one. */
export async function raiseState(
  tx: Transaction,
  accountId: AccountId,
  { version, epoch, sealed }: { version: number; epoch: number; sealed: Uint8Array },
): Promise<void> {
  await tx.run(
    `INSERT INTO account_state (account_id, version, epoch, sealed) VALUES (?, ?, ?, ?)
     ON CONFLICT (account_id) DO UPDATE SET version = excluded.version, epoch = excluded.epoch, sealed = excluded.sealed
     WHERE excluded.version > account_state.version`,
    ...[accountId, version, epoch, sealed],
  )
}

/** An invite that let somebody in after the backup must not let in another one. */
export async function countInviteUses(tx: Transaction, nowMs: number): Promise<void> {
  await tx.run(
    `INSERT OR IGNORE INTO invite_uses (invite_id, account_id, used_at)
     SELECT accounts.invite_id, accounts.account_id, ? FROM accounts JOIN invites ON invites.invite_id = accounts.invite_id`,
    nowMs,
  )
  await tx.run(
    `UPDATE invites SET uses_left = max(0, uses - (SELECT count(*) FROM invite_uses
       WHERE invite_uses.invite_id = invites.invite_id))`,
  )
}
