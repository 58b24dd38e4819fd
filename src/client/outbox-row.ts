import type { AccountId, ConversationId, DeviceId, MessageId } from '../protocol/ids.ts'
import type { Notice } from './api.ts'
import { pendingKey } from './conversation-record.ts'
import type { StoredMessage } from './message-store.ts'

/** A body with what travels beside it, as it is sent and sent again, byte for byte. */
export type SealedPost = {
  body: Uint8Array
  envelopes: { deviceId: DeviceId; frame: Uint8Array }[]
  archive: { epoch: number; row: Uint8Array } | null
  /** Group: the chain it is sealed with, and who gets the chain along with it. */
  chainId: Uint8Array | null
  messageKey: Uint8Array
  bodyHash: Uint8Array
  /** Flag bit 0. */
  isEphemeral: boolean
}

/** Table outbox, p/<place>: something to be said in a conversation. */
export type OutboxRow = {
  place: number
  conversationId: ConversationId
  messageId: MessageId
  bodyClass: 0 | 1 | 2
  contentType: number
  payload: Uint8Array
  /** What the thread shows; null for silent ones. */
  text: string | null
  sentAt: number
  /** For how long it lasts; 0: for good. */
  expirySeconds: number
  /** The line that this device shows about a silent one, once it is stored. */
  notice: Notice | null
  sealed: SealedPost | null
  state: 'queued' | 'failed'
  reason: string | null
}

export function rowKey(row: Pick<OutboxRow, 'place'>): string {
  return `p/${String(row.place).padStart(12, '0')}`
}

/** As it stands at the end of its thread. */
export function lineOf(row: OutboxRow, senderId: AccountId): StoredMessage {
  const { messageId, sentAt, text, reason, expirySeconds: seconds } = row
  const base = { messageId, key: pendingKey(row.place), senderId, sentAt, reason }
  const expiry = seconds > 0 ? { expiry: { seconds, at: null } } : {}
  return { ...base, kind: 'text', text: text ?? '', notice: null, ...expiry }
}
