import type { AccountId, ConversationId, DeviceId, MessageId } from '../../../protocol/ids.ts'
import type { Database, Reader, SyncTransaction } from '../../storage/database.ts'

export interface NewMessage {
  conversationId: ConversationId
  messageId: MessageId
  /** Null for a body that was given back after a restore. */
  sender: { accountId: AccountId; deviceId: DeviceId } | null
  seq: number
  class: number
  body: Uint8Array
  receivedAt: number
  /** Of a disappearing message. */
  expiresAt: number | null
  /** Its sender's. */
  archive: SealedKey | null
}

/** An archive row, and the epoch of the key that opens it. */
export interface SealedKey {
  epoch: number
  row: Uint8Array
}

/** False, and nothing is written, if there is a message of this id already. */
export function insertMessage(sync: SyncTransaction, message: NewMessage): boolean {
  const { conversationId, messageId, sender, seq, archive } = message
  const { changes } = sync.run(
    `INSERT INTO messages (conversation_id, seq, message_id, sender_account_id, sender_device_id, class, received_at,
       expires_at, archive_epoch, archive_row, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (message_id) DO NOTHING`,
    ...[conversationId, seq, messageId, sender?.accountId ?? null, sender?.deviceId ?? null, message.class],
    ...[message.receivedAt, message.expiresAt, archive?.epoch ?? null, archive?.row ?? null, message.body],
  )
  if (changes === 0) return false
  sync.run('UPDATE conversations SET last_seq = ? WHERE conversation_id = ?', seq, conversationId)
  return true
}

export interface StoredMessage {
  conversationId: ConversationId
  senderDevice: DeviceId | null
  seq: number
  receivedAt: number
}

export function findMessage(sync: SyncTransaction, messageId: MessageId): StoredMessage | null {
  return sync.get<StoredMessage>(
    `SELECT conversation_id AS conversationId, sender_device_id AS senderDevice, seq, received_at AS receivedAt
     FROM messages WHERE message_id = ?`,
    messageId,
  )
}

export function readBody(sync: SyncTransaction, conversationId: ConversationId, seq: number): Uint8Array | null {
  const sql = 'SELECT body FROM messages WHERE conversation_id = ? AND seq = ?'
  return sync.get<{ body: Uint8Array }>(sql, conversationId, seq)?.body ?? null
}

export function insertEnvelope(
  sync: SyncTransaction,
  { deviceId, frame }: { deviceId: DeviceId; frame: Uint8Array },
  { sender, nowMs }: { sender: AccountId; nowMs: number },
): number {
  const sql = 'INSERT INTO envelopes (device_id, frame, created_at, sender_account_id) VALUES (?, ?, ?, ?)'
  return sync.run(sql, deviceId, frame, nowMs, sender).lastId
}

/** What one account has waiting for others. */
export function sumEnvelopes(sync: SyncTransaction, sender: AccountId): { count: number; bytes: number } {
  const sql = `SELECT count(*) AS count, coalesce(sum(length(frame)), 0) AS bytes FROM envelopes
    WHERE sender_account_id = ?`
  return sync.get<{ count: number; bytes: number }>(sql, sender)!
}

export interface WaitingEnvelope {
  envelopeId: number
  frame: Uint8Array
}

export function listEnvelopes(
  reader: Reader,
  deviceId: DeviceId,
  { after, count }: { after: number; count: number },
): Promise<WaitingEnvelope[]> {
  return reader.all<WaitingEnvelope>(
    `SELECT envelope_id AS envelopeId, frame FROM envelopes
     WHERE device_id = ? AND envelope_id > ? ORDER BY envelope_id LIMIT ?`,
    ...[deviceId, after, count],
  )
}

export function deleteEnvelope(sync: SyncTransaction, deviceId: DeviceId, envelopeId: number): void {
  sync.run('DELETE FROM envelopes WHERE envelope_id = ? AND device_id = ?', envelopeId, deviceId)
}

export interface ArchiveRow extends SealedKey {
  messageId: MessageId
}

/** The first writer wins: another device of the same account archived the same key, perhaps with the message itself. */
export function insertArchiveRow(sync: SyncTransaction, accountId: AccountId, archive: ArchiveRow): void {
  sync.run(
    `INSERT INTO archive_rows (account_id, message_id, epoch, row) SELECT ?, ?, ?, ? WHERE NOT EXISTS (
       SELECT 1 FROM messages WHERE message_id = ? AND sender_account_id = ? AND archive_row IS NOT NULL)
     ON CONFLICT DO NOTHING`,
    ...[accountId, archive.messageId, archive.epoch, archive.row, archive.messageId, accountId],
  )
}

/** Sequence numbers strictly between the two. */
export interface PageRange {
  above: number
  below: number
  isNewestFirst: boolean
  /** Class 2 alone. */
  isMeta: boolean
  /** What expired by then is gone, whether its row was deleted yet or not. */
  nowMs: number
  count: number
}

const direction = (range: PageRange) => (range.isNewestFirst ? 'DESC' : 'ASC')
const wanted = (range: PageRange) =>
  `seq > ? AND seq < ? AND (expires_at IS NULL OR expires_at > ?) ${range.isMeta ? 'AND class = 2' : ''}`

export interface PageItem {
  seq: number
  receivedAt: number
  body: Uint8Array
  archive: SealedKey | null
}

interface PageRow extends Omit<PageItem, 'archive'> {
  epoch: number | null
  row: Uint8Array | null
}

interface PageWish {
  conversationId: ConversationId
  accountId: AccountId
  withArchive: boolean
  /** Asked about each body in turn. */
  fits(bodyBytes: number): boolean
}

/** Up to `range.count` items, and no more than `fits` says yes to: a page of the largest bodies would be 32 MB in memory before it is cut. */
export async function listPage(
  database: Database,
  { conversationId, accountId, withArchive, fits }: PageWish,
  range: PageRange,
): Promise<PageItem[]> {
  const rows = await database.allWhile<PageRow>(
    ({ body }) => fits(body.length),
    `SELECT m.seq, m.received_at AS receivedAt, m.body,
       CASE WHEN m.sender_account_id = own.id THEN coalesce(m.archive_epoch, a.epoch) ELSE a.epoch END AS epoch,
       CASE WHEN m.sender_account_id = own.id THEN coalesce(m.archive_row, a.row) ELSE a.row END AS row
     FROM (SELECT ? AS id) own, messages m
     LEFT JOIN archive_rows a ON a.account_id = own.id AND a.message_id = m.message_id
     WHERE m.conversation_id = ? AND ${wanted(range)} ORDER BY m.seq ${direction(range)} LIMIT ?`,
    ...[accountId, conversationId, range.above, range.below, range.nowMs, range.count],
  )
  return rows.map(({ seq, receivedAt, body, epoch, row }) => ({
    seq,
    receivedAt,
    body,
    archive: withArchive && epoch !== null && row !== null ? { epoch, row } : null,
  }))
}

/** When this device last made itself a signed prekey; null when it has none. */
export function findSignedPrekeyTime(sync: SyncTransaction, deviceId: DeviceId): number | null {
  const sql = "SELECT max(created_at) AS createdAt FROM prekeys WHERE device_id = ? AND kind = 'signed'"
  return sync.get<{ createdAt: number | null }>(sql, deviceId)?.createdAt ?? null
}
