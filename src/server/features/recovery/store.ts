import type { AccountId } from '../../../protocol/ids.ts'
import type { Reader, Transaction } from '../../storage/database.ts'

/** When this subject was tried between the two, oldest first. What is later was written by a clock that was wrong. */
export async function listTries(
  reader: Reader,
  subject: string,
  { after, until }: { after: number; until: number },
): Promise<number[]> {
  const sql = `SELECT tried_at AS at FROM recovery_tries WHERE subject = ? AND tried_at > ? AND tried_at <= ?
    ORDER BY tried_at`
  return (await reader.all<{ at: number }>(sql, subject, after, until)).map(({ at }) => at)
}

export async function insertTry(tx: Transaction, subject: string, now: number): Promise<number> {
  return (await tx.run('INSERT INTO recovery_tries (subject, tried_at) VALUES (?, ?)', subject, now)).lastId
}

export async function deleteTry(tx: Transaction, tryId: number): Promise<void> {
  await tx.run('DELETE FROM recovery_tries WHERE try_id = ?', tryId)
}

export async function deleteOldTries(
  tx: Transaction,
  { before, after }: { before: number; after: number },
): Promise<void> {
  await tx.run('DELETE FROM recovery_tries WHERE tried_at <= ? OR tried_at > ?', before, after)
}

export async function insertTicket(
  tx: Transaction,
  row: { ticketHash: string; accountId: AccountId; expiresAt: number },
): Promise<void> {
  const sql = 'INSERT INTO recovery_tickets (ticket_hash, account_id, expires_at) VALUES (?, ?, ?)'
  await tx.run(sql, row.ticketHash, row.accountId, row.expiresAt)
}

/** Deletes the ticket and says whose it was; null for one that is unknown, spent or old. */
export async function spendTicket(tx: Transaction, ticketHash: string, now: number): Promise<AccountId | null> {
  const row = await tx.get<{ accountId: AccountId; expiresAt: number }>(
    'SELECT account_id AS accountId, expires_at AS expiresAt FROM recovery_tickets WHERE ticket_hash = ?',
    ticketHash,
  )
  await tx.run('DELETE FROM recovery_tickets WHERE ticket_hash = ?', ticketHash)
  return row && row.expiresAt > now ? row.accountId : null
}

export async function deleteExpiredTickets(tx: Transaction, now: number): Promise<void> {
  await tx.run('DELETE FROM recovery_tickets WHERE expires_at <= ?', now)
}

export async function isHost(reader: Reader, accountId: AccountId): Promise<boolean> {
  const sql = "SELECT 1 FROM accounts WHERE account_id = ? AND role = 'host'"
  return (await reader.get(sql, accountId)) !== null
}
