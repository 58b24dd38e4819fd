import type { AccountView, Role, SealedArchiveKey } from '../../../protocol/accounts.ts'
import { type AccountId, type InviteId, toBase64Url } from '../../../protocol/ids.ts'
import type { Reader, Transaction } from '../../storage/database.ts'

export async function insertAccount(
  tx: Transaction,
  row: Omit<AccountView, 'leftAt'> & { wrappedRootSeed: Uint8Array },
): Promise<void> {
  await tx.run(
    `INSERT INTO accounts (account_id, sign_in_name, role, created_at, invited_by, invite_id, wrapped_root_seed)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    row.accountId,
    row.signInName,
    row.role,
    row.createdAt,
    row.invitedBy,
    row.inviteId,
    row.wrappedRootSeed,
  )
}

export async function setRootSeed(tx: Transaction, accountId: AccountId, wrapped: Uint8Array): Promise<void> {
  await tx.run('UPDATE accounts SET wrapped_root_seed = ? WHERE account_id = ?', wrapped, accountId)
}

/** Who let this person begin anew, and by which invite. */
export async function setInviter(
  tx: Transaction,
  accountId: AccountId,
  { invitedBy, inviteId }: { invitedBy: AccountId; inviteId: InviteId },
): Promise<void> {
  const sql = 'UPDATE accounts SET invited_by = ?, invite_id = ? WHERE account_id = ?'
  await tx.run(sql, invitedBy, inviteId, accountId)
}

export function listAccounts(reader: Reader): Promise<AccountView[]> {
  return reader.all<AccountView>(
    `SELECT account_id AS accountId, iif(left_at IS NULL, sign_in_name, '') AS signInName, role, created_at AS createdAt,
       invited_by AS invitedBy, invite_id AS inviteId, left_at AS leftAt FROM accounts ORDER BY created_at, account_id`,
  )
}

type Present = { accountId: AccountId; role: Role }
const selectPresent = 'SELECT account_id AS accountId, role FROM accounts WHERE left_at IS NULL'

/** Everybody who is at this home now. */
export function listPresent(reader: Reader): Promise<Present[]> {
  return reader.all<Present>(selectPresent)
}

/** Null as well for who left. */
export function findPresent(reader: Reader, accountId: AccountId): Promise<Present | null> {
  return reader.get<Present>(`${selectPresent} AND account_id = ?`, accountId)
}

export async function setRole(tx: Transaction, accountId: AccountId, role: Role): Promise<void> {
  await tx.run('UPDATE accounts SET role = ? WHERE account_id = ?', role, accountId)
}

/** Frees the sign-in name: nobody can ask for one that begins with a tilde. */
export async function markLeft(tx: Transaction, accountId: AccountId, at: number): Promise<void> {
  const sql = "UPDATE accounts SET left_at = ?, role = 'member', sign_in_name = ? WHERE account_id = ?"
  await tx.run(sql, at, `~${accountId}`, accountId)
}

export async function hasAccounts(reader: Reader): Promise<boolean> {
  return (await reader.get('SELECT 1 FROM accounts LIMIT 1')) !== null
}

export async function isAccountKnown(reader: Reader, accountId: AccountId): Promise<boolean> {
  return (await reader.get('SELECT 1 FROM accounts WHERE account_id = ?', accountId)) !== null
}

export async function isNameTaken(reader: Reader, signInName: string): Promise<boolean> {
  return (await reader.get('SELECT 1 FROM accounts WHERE sign_in_name = ?', signInName)) !== null
}

export function findPresentByName(reader: Reader, signInName: string): Promise<Present | null> {
  return reader.get<Present>(`${selectPresent} AND sign_in_name = ?`, signInName)
}

export async function findLastAuditId(reader: Reader): Promise<number> {
  const sql = 'SELECT coalesce(max(audit_id), 0) AS last FROM audit'
  return (await reader.get<{ last: number }>(sql))!.last
}

/** Whether a role changed, by nobody else's doing, in lines after the one and up to the other. */
export async function hasUnsignedRoleChange(
  reader: Reader,
  { after, upTo }: { after: number; upTo: number },
): Promise<boolean> {
  const sql = `SELECT 1 FROM audit
    WHERE audit_id > ? AND audit_id <= ? AND event = 'role_changed' AND by_account_id IS NULL LIMIT 1`
  return (await reader.get(sql, after, upTo)) !== null
}

export type AccountOpening = { accountId: AccountId; wrappedRootSeed: Uint8Array }

export function findAccountByName(reader: Reader, signInName: string): Promise<AccountOpening | null> {
  const sql =
    'SELECT account_id AS accountId, wrapped_root_seed AS wrappedRootSeed FROM accounts WHERE sign_in_name = ?'
  return reader.get<AccountOpening>(sql, signInName)
}

export type SlotKind = 1 | 2
export type SlotRow = { slot: Uint8Array; authHash: Uint8Array }

export async function putSlot(
  tx: Transaction,
  accountId: AccountId,
  row: SlotRow & { kind: SlotKind; now: number },
): Promise<void> {
  await tx.run(
    'INSERT OR REPLACE INTO slots (account_id, kind, slot, auth_hash, updated_at) VALUES (?, ?, ?, ?, ?)',
    accountId,
    row.kind,
    row.slot,
    row.authHash,
    row.now,
  )
}

export function findSlot(reader: Reader, accountId: AccountId, kind: SlotKind): Promise<SlotRow | null> {
  const sql = 'SELECT slot, auth_hash AS authHash FROM slots WHERE account_id = ? AND kind = ?'
  return reader.get<SlotRow>(sql, accountId, kind)
}

/** False when that epoch has another key already. */
export async function addArchiveKey(
  tx: Transaction,
  accountId: AccountId,
  key: { epoch: number; record: Uint8Array },
): Promise<boolean> {
  const sql = 'INSERT OR IGNORE INTO sealed_archive_keys (account_id, epoch, record) VALUES (?, ?, ?)'
  await tx.run(sql, accountId, key.epoch, key.record)
  const kept = await tx.get<{ record: Uint8Array }>(
    'SELECT record FROM sealed_archive_keys WHERE account_id = ? AND epoch = ?',
    accountId,
    key.epoch,
  )
  return kept !== null && Buffer.from(kept.record).equals(key.record)
}

export async function deleteArchiveKeys(tx: Transaction, accountId: AccountId): Promise<void> {
  await tx.run('DELETE FROM sealed_archive_keys WHERE account_id = ?', accountId)
}

export async function listArchiveKeys(reader: Reader, accountId: AccountId): Promise<SealedArchiveKey[]> {
  const rows = await reader.all<{ epoch: number; record: Uint8Array }>(
    'SELECT epoch, record FROM sealed_archive_keys WHERE account_id = ? ORDER BY epoch',
    accountId,
  )
  return rows.map(({ epoch, record }) => ({ epoch, record: toBase64Url(record) }))
}

export type StateRow = { version: number; epoch: number; sealed: Uint8Array }

export function findState(reader: Reader, accountId: AccountId): Promise<StateRow | null> {
  return reader.get<StateRow>('SELECT version, epoch, sealed FROM account_state WHERE account_id = ?', accountId)
}

export async function putState(tx: Transaction, accountId: AccountId, row: StateRow): Promise<void> {
  const sql = 'INSERT OR REPLACE INTO account_state (account_id, version, epoch, sealed) VALUES (?, ?, ?, ?)'
  await tx.run(sql, accountId, row.version, row.epoch, row.sealed)
}
