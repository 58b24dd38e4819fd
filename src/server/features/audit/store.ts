import type { AuditEntry } from '../../../protocol/audit.ts'
import type { Reader } from '../../storage/database.ts'

type Row = Pick<AuditEntry, 'auditId' | 'at' | 'event' | 'accountId' | 'byAccountId' | 'deviceId'> & {
  detail: string | null
}
const noDetails = { inviteId: null, role: null, reason: null, backupAt: null }

/** The newest lines before this one, newest first. */
export async function listLines(
  reader: Reader,
  { before, count }: { before: number; count: number },
): Promise<AuditEntry[]> {
  const rows = await reader.all<Row>(
    `SELECT audit_id AS auditId, at, event, account_id AS accountId, by_account_id AS byAccountId, device_id AS deviceId,
       detail FROM audit WHERE audit_id < ? ORDER BY audit_id DESC LIMIT ?`,
    before,
    count,
  )
  return rows.map(({ detail, ...row }) => ({ ...row, ...noDetails, ...(detail === null ? {} : JSON.parse(detail)) }))
}
