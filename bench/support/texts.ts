import type { MessageView } from '../../src/client/api.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { type ConversationId, idFromBytes, type MessageId } from '../../src/protocol/ids.ts'
import type { Member } from '../../tests/support/member.ts'

/** Ids whose first bytes are a number: whoever reads the message knows which it is. */
export function numberedId(number: number): MessageId {
  const bytes = systemRandom(16)
  new DataView(bytes.buffer).setUint32(0, number)
  return idFromBytes<MessageId>(bytes)
}

/** Calls back for each message that others see for the first time with its text open. */
export function onOpened(
  member: Member,
  conversationId: ConversationId,
  tell: (view: MessageView) => void,
): () => void {
  const seen = new Set<MessageId>()
  return member.client.subscribe((event) => {
    if (event.type !== 'messages' || event.conversationId !== conversationId) return
    for (const view of event.items) {
      if (view.kind !== 'text' || view.isOwn || seen.has(view.messageId)) continue
      seen.add(view.messageId)
      tell(view)
    }
  })
}
