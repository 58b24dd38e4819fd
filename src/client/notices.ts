import type { Batch } from './batch.ts'
import { type ConversationRecord, noticeKey } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import { noticeOf } from './membership.ts'
import { type MessageStore, noticeId, type StoredMessage } from './message-store.ts'
import { withPreview } from './previews.ts'

type Tools = { conversations: Conversations; store: MessageStore; now(): number }

/** Puts the lines of entries up to `epoch` behind message `afterSeq`. */
export async function placeNotices(
  tools: Tools,
  batch: Batch,
  record: ConversationRecord,
  epoch: number,
  afterSeq: number,
): Promise<void> {
  if (record.noticedTo > epoch) return
  const range = { from: record.noticedTo, to: Math.min(epoch + 1, record.heads.length) }
  const lines = await noticeLines(tools, batch, record, { ...range, generation: record.generation, afterSeq })
  await tools.store.add(batch.step, record.conversationId, lines)
  let next: ConversationRecord = { ...record, noticedTo: range.to }
  for (const line of lines) {
    batch.tell(record.conversationId, line)
    next = withPreview(next, line)
  }
  tools.conversations.write(batch.step, next)
}

/** The lines of entries [from, to), as they would stand behind message `afterSeq`; not stored. */
export async function noticeLines(
  { conversations, now }: Tools,
  batch: Batch,
  record: ConversationRecord,
  place: { from: number; to: number; generation: number; afterSeq: number; at?: number },
): Promise<StoredMessage[]> {
  const lines: StoredMessage[] = []
  for (let index = place.from; index < place.to; index++) {
    const entry = await conversations.entry(batch.step, record.conversationId, index)
    const notice = entry && noticeOf(entry)
    if (!notice || !('actorId' in notice)) continue
    const key = noticeKey(place.generation, Math.max(0, place.afterSeq), index)
    const base = { messageId: noticeId(record.heads[index]!), key, senderId: notice.actorId, kind: 'notice' as const }
    lines.push({ ...base, text: '', notice, sentAt: place.at ?? now(), reason: null })
  }
  return lines
}
