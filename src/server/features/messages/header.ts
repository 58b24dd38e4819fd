import { DecryptionFailed, parseBodyHeader } from '../../../crypto/verify.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type ConversationId, idFromBytes, type MessageId } from '../../../protocol/ids.ts'
import type { RosterConversation } from '../conversations/conversations.ts'

/** What the server reads of a sealed body: where it belongs and under which membership it was sealed. */
export interface Header {
  mode: 1 | 2
  class: 0 | 1 | 2 | 3
  /** Flag bit 0. */
  isEphemeral: boolean
  conversationId: ConversationId
  messageId: MessageId
  /** 0 and 32 zero bytes in a direct conversation. */
  epoch: number
  convHead: Uint8Array
}

const noHead = new Uint8Array(32)

/** Refuses with bad_request what nobody could open. */
export function readHeader(body: Uint8Array): Header {
  try {
    const header = parseBodyHeader(body)
    return {
      mode: header.mode,
      class: header.class,
      isEphemeral: header.isEphemeral,
      conversationId: idFromBytes(header.convId),
      messageId: idFromBytes(header.msgId),
      epoch: header.mode === 2 ? header.epoch : 0,
      convHead: header.mode === 2 ? header.convHead : noHead,
    }
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new Refusal('bad_request', { detail: error.reason })
    throw error
  }
}

export function isHeaderOf(header: Header, conversation: RosterConversation): boolean {
  const mode = conversation.kind === 'direct' ? 1 : 2
  return header.mode === mode && header.conversationId === conversation.conversationId
}
