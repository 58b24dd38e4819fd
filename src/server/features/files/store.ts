import type { AccountId, AttachmentId, ConversationId } from '../../../protocol/ids.ts'
import type { Reader, Transaction } from '../../storage/database.ts'

export interface FileRow {
  fileId: AttachmentId
  conversationId: ConversationId
  accountId: AccountId
  kind: 'bundle'
  bytes: number
  createdAt: number
  expiresAt: number | null
}

export function findFile(reader: Reader, fileId: AttachmentId): Promise<FileRow | null> {
  return reader.get<FileRow>(
    `SELECT file_id AS fileId, conversation_id AS conversationId, account_id AS accountId, kind, bytes,
       created_at AS createdAt, expires_at AS expiresAt FROM files WHERE file_id = ?`,
    fileId,
  )
}

export async function sumBytes(reader: Reader, accountId: AccountId): Promise<number> {
  const sql = 'SELECT coalesce(sum(bytes), 0) AS bytes FROM files WHERE account_id = ?'
  return (await reader.get<{ bytes: number }>(sql, accountId))!.bytes
}

/** False when there is a file of that id already. */
export async function insertFile(tx: Transaction, file: FileRow): Promise<boolean> {
  const { changes } = await tx.run(
    `INSERT INTO files (file_id, conversation_id, account_id, kind, bytes, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ...[file.fileId, file.conversationId, file.accountId, file.kind, file.bytes, file.createdAt, file.expiresAt],
  )
  return changes === 1
}

export async function listExpired(reader: Reader, nowMs: number, count: number): Promise<AttachmentId[]> {
  const sql = 'SELECT file_id AS fileId FROM files WHERE expires_at <= ? LIMIT ?'
  return (await reader.all<{ fileId: AttachmentId }>(sql, nowMs, count)).map(({ fileId }) => fileId)
}

export async function deleteFile(tx: Transaction, fileId: AttachmentId): Promise<void> {
  await tx.run('DELETE FROM files WHERE file_id = ?', fileId)
}
