import type { AccountId, ConversationId, MessageId } from '../protocol/ids.ts'
import type { Conversation, MessageView, Preview } from './api.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, isFilled, memberIds, PENDING } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import { stateOf } from './marks.ts'
import { adminIds } from './membership.ts'
import type { StoredMessage } from './message-store.ts'
import { lineOf, type OutboxRow } from './outbox-row.ts'
import type { AccountParts } from './parts.ts'

const EMPTY: Preview = {
  ...{ messageId: null, kind: 'empty', text: '', senderId: null },
  ...{ sentAt: 0, state: null, notice: null },
}
type Live = { pending(id: ConversationId): OutboxRow[]; typing(id: ConversationId): AccountId[] }

/** Turns what is stored into what a face is shown, and tells it. */
export class Announcer {
  #isDue = false

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly records: Conversations,
    private readonly live: Live,
  ) {}

  /** All changes of one turn of the event loop become one event. */
  conversations(): void {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      this.replay()
    })
  }

  replay(): void {
    this.context.emit({ type: 'conversations', conversations: this.list() })
  }

  /** Every conversation this device knows, newest first. */
  list(): Conversation[] {
    const conversations = this.records.all().map((record) => this.#conversation(record))
    return conversations.sort((left, right) => right.activeAt - left.activeAt)
  }

  messages(id: ConversationId, lines: readonly StoredMessage[], removedIds: MessageId[] = []): void {
    const record = this.records.find(id)
    if (!record || (lines.length === 0 && removedIds.length === 0)) return
    const items = [...lines]
      .sort((left, right) => (left.key < right.key ? -1 : 1))
      .map((line) => this.view(record, line))
    this.context.emit({ type: 'messages', conversationId: id, items, removedIds })
    this.conversations()
  }

  view(record: ConversationRecord, line: StoredMessage): MessageView {
    const { messageId, senderId, kind, text, notice, sentAt, reason, key, expiry } = line
    const isOwn = senderId === this.#selfId
    const state = isOwn && kind === 'text' ? this.#state(record, line) : null
    const { conversationId } = record
    const expirySeconds = expiry?.seconds ?? 0
    const shown = { messageId, conversationId, senderId, kind, text, notice, sentAt, isOwn, state, reason }
    return { ...shown, expirySeconds, expiresAt: expiry?.at ?? null, orderKey: key }
  }

  #state(record: ConversationRecord, line: Pick<StoredMessage, 'key' | 'messageId'>): MessageView['state'] {
    if (!line.key.startsWith(PENDING)) return stateOf(record, line.key, this.#selfId)
    const row = this.live.pending(record.conversationId).find((pending) => pending.messageId === line.messageId)
    return row?.state === 'failed' ? 'failed' : 'sending'
  }

  #conversation(record: ConversationRecord): Conversation {
    const { conversationId, kind, isMember, unreadCount, expirySeconds } = record
    const admins = kind === 'group' ? adminIds(record, this.parts) : []
    const peer = kind === 'direct' && record.peerId !== this.#selfId ? this.parts.people.find(record.peerId!) : null
    const members = memberIds(record, this.#selfId).map((accountId) => ({
      accountId,
      isAdmin: admins.includes(accountId),
    }))
    const preview = this.#preview(record)
    return {
      ...{ conversationId, kind, members, isMember, unreadCount, preview, expirySeconds },
      historyPolicy: record.group?.historyPolicy ?? 'none',
      isFamily: this.parts.home.state().familyConversationId === conversationId,
      title: peer ? peer.name : record.title,
      photo: peer ? peer.photo : record.photo,
      isAdmin: admins.includes(this.#selfId),
      isFilled: isFilled(record),
      typing: this.live.typing(conversationId),
      activeAt: Math.max(record.activeAt, preview.sentAt),
    }
  }

  #preview(record: ConversationRecord): Preview {
    const pending = this.live.pending(record.conversationId).at(-1)
    const line = pending ? { ...lineOf(pending, this.#selfId), key: PENDING } : record.preview
    if (!line) return EMPTY
    const { messageId, kind, text, senderId, sentAt, notice } = line
    const isOwnText = senderId === this.#selfId && kind === 'text'
    return { messageId, kind, text, senderId, sentAt, notice, state: isOwnText ? this.#state(record, line) : null }
  }

  get #selfId(): AccountId {
    return this.parts.identity.accountId
  }
}
