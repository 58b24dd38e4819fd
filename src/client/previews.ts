import type { ConversationRecord } from './conversation-record.ts'
import type { StoredMessage } from './message-store.ts'

/** The record with this line as its preview, if it is the newest. */
export function withPreview(record: ConversationRecord, line: StoredMessage): ConversationRecord {
  if (record.preview && record.preview.key > line.key) return record
  const { messageId, kind, text, senderId, sentAt, key, notice } = line
  const preview = { messageId, kind, text: text.slice(0, 200), senderId, sentAt, key, notice }
  return { ...record, preview, activeAt: Math.max(record.activeAt, sentAt) }
}
