import type { AccountId, MessageId } from '../protocol/ids.ts'
import type { DeliveryState } from './api.ts'
import type { Batch } from './batch.ts'
import { type ConversationRecord, markOf, memberIds } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { Disappearing } from './disappearing.ts'
import type { MessageStore, StoredMessage } from './message-store.ts'
import type { Step } from './steps.ts'

/** Beyond this a face shows no number. */
const MAX_UNREAD = 999

type Tools = {
  store: MessageStore
  conversations: Conversations
  disappearing: Disappearing
  selfId: AccountId
}
type Receipt = { accountId: AccountId; delivered: MessageId | null; read: MessageId | null }

/** How far everybody else got with an own message. */
export function stateOf(record: ConversationRecord, key: string, selfId: AccountId): DeliveryState {
  const others = memberIds(record, selfId).filter((accountId) => accountId !== selfId)
  if (others.length === 0) return 'sent'
  if (others.every((accountId) => markOf(record, accountId).readKey >= key)) return 'read'
  return others.every((accountId) => markOf(record, accountId).deliveredKey >= key) ? 'delivered' : 'sent'
}

/** Messages of others that nobody of this account has read. */
export async function countUnread(
  store: MessageStore,
  step: Step,
  record: ConversationRecord,
  selfId: AccountId,
): Promise<number> {
  const unread = await store.after(step, record.conversationId, markOf(record, selfId).readKey, MAX_UNREAD)
  return unread.filter((message) => message.kind !== 'notice' && message.senderId !== selfId).length
}

type Kept = {
  before: ConversationRecord
  after: ConversationRecord
  line: StoredMessage
  /** There was a line of this id already. */
  isFilled: boolean
  selfId: AccountId
}

/** With one more line. Counted anew only where the answer is not one more: a page of missed messages must not look through all of them each time. */
export async function unreadAfter(
  store: MessageStore,
  step: Step,
  { before, after, line, isFilled, selfId }: Kept,
): Promise<number> {
  const { readKey } = markOf(after, selfId)
  const isOwn = line.senderId === selfId
  if (readKey !== markOf(before, selfId).readKey || (isFilled && isOwn)) {
    return countUnread(store, step, after, selfId)
  }
  const isOneMore = !isFilled && line.kind !== 'notice' && !isOwn && line.key > readKey
  return Math.min(MAX_UNREAD, after.unreadCount + (isOneMore ? 1 : 0))
}

/** A receipt: marks only ever move forward. Tells of own messages whose ticks it changed. */
export async function advanceMark(
  { store, conversations, disappearing, selfId }: Tools,
  batch: Batch,
  record: ConversationRecord,
  { accountId, delivered, read }: Receipt,
): Promise<void> {
  const id = record.conversationId
  // What disappeared here may be what another one has just seen.
  const keyOf = async (messageId: MessageId | null) => {
    if (messageId === null) return ''
    const held = await store.find(batch.step, id, messageId)
    return held?.key ?? (await disappearing.isGone(batch.step, id, messageId))?.key ?? ''
  }
  const mark = markOf(record, accountId)
  const toldKey = await keyOf(read)
  const readKey = larger(mark.readKey, toldKey)
  const deliveredKey = larger(larger(mark.deliveredKey, await keyOf(delivered)), readKey)
  if (readKey === mark.readKey && deliveredKey === mark.deliveredKey) return
  const marked = { ...record, marks: { ...record.marks, [accountId]: { deliveredKey, readKey } } }
  const unreadCount = accountId === selfId ? await countUnread(store, batch.step, marked, selfId) : record.unreadCount
  const announcedRead = accountId === selfId ? larger(record.announcedRead, toldKey) : record.announcedRead
  conversations.write(batch.step, { ...marked, unreadCount, announcedRead })
  if (accountId === selfId) return
  const isTicked = (message: StoredMessage) =>
    message.senderId === selfId && stateOf(record, message.key, selfId) !== stateOf(marked, message.key, selfId)
  for (const message of (await store.tail(batch.step, id)).filter(isTicked)) batch.tell(id, message)
}

export function larger(left: string, right: string): string {
  return left > right ? left : right
}
