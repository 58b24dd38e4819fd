import { Refusal } from '../../../protocol/errors.ts'
import type { SyncTransaction } from '../../storage/database.ts'
import type { RosterConversation } from '../conversations/conversations.ts'
import type { Header } from './header.ts'
import type { Accepted } from './post.ts'
import { findMessage, insertMessage } from './store.ts'

/** The place a body has already; null if it is missing. */
export function findReturned(sync: SyncTransaction, header: Header): { seq: number } | null {
  const held = findMessage(sync, header.messageId)
  if (held && held.conversationId !== header.conversationId) throw new Refusal('message_id_taken')
  return held
}

/** Its sender is inside and nowhere else: whoever gave it back may be somebody else. */
export function storeReturned(
  sync: SyncTransaction,
  conversation: RosterConversation,
  { header, body, seq, nowMs }: { header: Header; body: Uint8Array; seq: number; nowMs: number },
): Accepted {
  const { conversationId, messageId } = header
  const place = { conversationId, messageId, sender: null, seq }
  insertMessage(sync, { ...place, class: header.class, body, receivedAt: nowMs, expiresAt: null, archive: null })
  const members = [...conversation.members.keys()]
  return { messageId, seq, receivedAt: nowMs, isNew: true, members, envelopes: [] }
}
