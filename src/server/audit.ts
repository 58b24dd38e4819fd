import type { AuditEntry } from '../protocol/audit.ts'
import type { Transaction } from './storage/database.ts'

type Details = Pick<AuditEntry, 'inviteId' | 'role' | 'reason' | 'backupAt'>
export type AuditLine = Pick<AuditEntry, 'at' | 'event'> &
  Partial<Pick<AuditEntry, 'accountId' | 'byAccountId' | 'deviceId'> & Details>

/** Writes down what happened, in the transaction in which it happens: there is no event without its line, and no line without its event. */
export async function writeAudit(tx: Transaction, line: AuditLine): Promise<void> {
  const { at, event, accountId = null, byAccountId = null, deviceId = null, ...details } = line
  const isByAnother = byAccountId !== accountId
  const sql = 'INSERT INTO audit (at, event, account_id, by_account_id, device_id, detail) VALUES (?, ?, ?, ?, ?, ?)'
  const detail = Object.keys(details).length > 0 ? JSON.stringify(details) : null
  await tx.run(sql, at, event, accountId, isByAnother ? byAccountId : null, deviceId, detail)
}
