import type { AccountId, InviteId } from '../../../protocol/ids.ts'
import type { Reader, Transaction } from '../../storage/database.ts'

export type InviteRow = {
  inviteId: InviteId
  createdBy: AccountId
  authHash: Uint8Array
  role: 'member' | 'host'
  uses: number
  usesLeft: number
  expiresAt: number
  createdAt: number
  revokedAt: number | null
  card: Uint8Array
  forAccount: AccountId | null
}

const selectInvite = `SELECT invite_id AS inviteId, created_by AS createdBy, auth_hash AS authHash, role, uses, uses_left AS usesLeft,
  expires_at AS expiresAt, created_at AS createdAt, revoked_at AS revokedAt, card, for_account AS forAccount FROM invites`

export function findInvite(reader: Reader, inviteId: InviteId): Promise<InviteRow | null> {
  return reader.get<InviteRow>(`${selectInvite} WHERE invite_id = ?`, inviteId)
}

export function listInvites(reader: Reader): Promise<InviteRow[]> {
  return reader.all<InviteRow>(`${selectInvite} ORDER BY created_at DESC`)
}

export function listUses(reader: Reader): Promise<{ inviteId: InviteId; accountId: AccountId }[]> {
  return reader.all('SELECT invite_id AS inviteId, account_id AS accountId FROM invite_uses ORDER BY used_at')
}

export async function insertInvite(tx: Transaction, row: Omit<InviteRow, 'revokedAt' | 'usesLeft'>): Promise<void> {
  await tx.run(
    `INSERT INTO invites (invite_id, created_by, auth_hash, role, uses, uses_left, expires_at, created_at, card,
       for_account)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.inviteId,
    row.createdBy,
    row.authHash,
    row.role,
    row.uses,
    row.uses,
    row.expiresAt,
    row.createdAt,
    row.card,
    row.forAccount,
  )
}

export async function findSignInName(reader: Reader, accountId: AccountId): Promise<string | null> {
  const sql = 'SELECT sign_in_name AS signInName FROM accounts WHERE account_id = ? AND left_at IS NULL'
  return (await reader.get<{ signInName: string }>(sql, accountId))?.signInName ?? null
}

export async function useInvite(
  tx: Transaction,
  row: { inviteId: InviteId; accountId: AccountId; now: number },
): Promise<void> {
  await tx.run('UPDATE invites SET uses_left = uses_left - 1 WHERE invite_id = ?', row.inviteId)
  const sql = 'INSERT OR REPLACE INTO invite_uses (invite_id, account_id, used_at) VALUES (?, ?, ?)'
  await tx.run(sql, row.inviteId, row.accountId, row.now)
}

export async function revokeInvite(tx: Transaction, inviteId: InviteId, now: number): Promise<void> {
  await tx.run('UPDATE invites SET revoked_at = coalesce(revoked_at, ?) WHERE invite_id = ?', now, inviteId)
}

/** Nobody joins any more by an invite of this account, nor begins it anew. */
export async function revokeInvitesOf(tx: Transaction, accountId: AccountId, now: number): Promise<void> {
  const sql = `UPDATE invites SET revoked_at = ? WHERE (created_by = ? OR for_account = ?) AND uses_left > 0
    AND revoked_at IS NULL`
  await tx.run(sql, now, accountId, accountId)
}

// An invite that somebody used stays: it says who invited whom.
export async function deleteOldInvites(tx: Transaction, endedBefore: number): Promise<void> {
  await tx.run(
    'DELETE FROM invites WHERE uses_left = uses AND min(expires_at, coalesce(revoked_at, expires_at)) < ?',
    endedBefore,
  )
}
