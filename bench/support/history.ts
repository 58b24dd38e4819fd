import { Database } from 'bun:sqlite'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { databaseName } from '../../src/server/context.ts'

/** Random bytes that cost nothing: a piece of one large block, another piece for every message. */
const noise = randomBytes(1 << 20)
const idBytes = 16

export interface HistoryPlan {
  folder: string
  messages: number
  bodyBytes: number
  /** Messages received within these days before now. */
  days: number
}

/**
 * Messages without their cryptography, written straight into the tables: one conversation after the other gets its next one, with
 * an archive row for its sender. The server never looks into a body that is stored, so its work is the same.
 */
export function writeHistory(
  { folder, messages, bodyBytes, days }: HistoryPlan,
  onProgress?: (done: number) => void,
): void {
  using database = new Database(join(folder, databaseName))
  database.run('PRAGMA synchronous = OFF')
  database.run('PRAGMA cache_size = -1000000')
  database.run('PRAGMA wal_autocheckpoint = 100000')
  const places = database
    .query<{ id: string; lastSeq: number; accountId: string; deviceId: string }, []>(
      `SELECT c.conversation_id AS id, c.last_seq AS lastSeq, m.account_id AS accountId, min(d.device_id) AS deviceId
       FROM conversations c JOIN conversation_members m USING (conversation_id) JOIN devices d ON d.account_id = m.account_id
       GROUP BY c.conversation_id`,
    )
    .all()
  const insertMessage = database.prepare(
    `INSERT INTO messages (conversation_id, seq, message_id, sender_account_id, sender_device_id, class, body, received_at,
       archive_epoch, archive_row)
     VALUES (?, ?, ?, ?, ?, 0, ?, ?, 1, ?)`,
  )
  const [now, perTransaction] = [Date.now(), 100_000]
  const msEach = (days * 86_400_000) / messages
  const piece = (length: number) => {
    const at = Math.floor(Math.random() * (noise.length - length))
    return noise.subarray(at, at + length)
  }
  const write = database.transaction((from: number, to: number) => {
    for (let index = from; index < to; index++) {
      const place = places[index % places.length]!
      const messageId = randomBytes(idBytes).toString('base64url')
      const at = Math.floor(now - (messages - index) * msEach)
      const { id, accountId, deviceId } = place
      insertMessage.run(id, ++place.lastSeq, messageId, accountId, deviceId, piece(bodyBytes), at, piece(92))
    }
  })
  for (let from = 0; from < messages; from += perTransaction) {
    write(from, Math.min(messages, from + perTransaction))
    onProgress?.(Math.min(messages, from + perTransaction))
  }
  const setSeq = database.prepare('UPDATE conversations SET last_seq = ? WHERE conversation_id = ?')
  database.transaction(() => {
    for (const { id, lastSeq } of places) setSeq.run(lastSeq, id)
  })()
  database.run('PRAGMA wal_checkpoint(TRUNCATE)')
}
