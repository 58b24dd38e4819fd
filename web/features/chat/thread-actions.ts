import { ClientFailure, type MessageView } from '../../../src/client/api.ts'
import { type ConversationId, idFromBytes, type MessageId } from '../../../src/protocol/ids.ts'
import { bridge } from '../../bridge.ts'
import { $conversationsById, $me, threadOf } from '../../stores.ts'
import { attempt } from '../../submit.ts'
import {
  addNewer,
  addOlder,
  inParts,
  mergeMessages,
  pageSize,
  startThread,
  type Thread,
  unconfirmedKey,
} from '../../thread.ts'

/** Opens a conversation: what is kept of it is shown at once, the rest comes from the client. */
export async function openThread(conversationId: ConversationId): Promise<void> {
  const isUnread = ($conversationsById.get().get(conversationId)?.unreadCount ?? 0) > 0
  if (threadOf(conversationId).get() && !isUnread) return
  await showNewest(conversationId)
}

export async function showNewest(conversationId: ConversationId): Promise<void> {
  const slice = await bridge.call.openThread(conversationId, pageSize)
  threadOf(conversationId).set(startThread(slice))
}

type Direction = 'older' | 'newer'

/** The outermost message on one side that the client knows. */
function edgeOf(thread: Thread | null, direction: Direction): MessageView | undefined {
  const isKnown = ({ orderKey }: MessageView) => orderKey !== unconfirmedKey
  return direction === 'older' ? thread?.items.find(isKnown) : thread?.items.findLast(isKnown)
}

/** Loads the page above (or below) the window. Answers whether anything changed. */
export async function loadMore(conversationId: ConversationId, direction: Direction): Promise<boolean> {
  const $thread = threadOf(conversationId)
  const edge = edgeOf($thread.get(), direction)
  if (!edge) return false
  const load = direction === 'older' ? bridge.call.loadOlder : bridge.call.loadNewer
  let edgeId = edge.messageId
  for (const part of inParts(await load(conversationId, edge.orderKey, pageSize), direction)) {
    const thread = $thread.get()
    // The window moved meanwhile (it was left, or jumped): this part would leave a gap.
    if (!thread || edgeOf(thread, direction)?.messageId !== edgeId) return false
    $thread.set(direction === 'older' ? addOlder(thread, part) : addNewer(thread, part))
    if (part.items.length === 0) return false
    edgeId = edgeOf($thread.get(), direction)!.messageId
    await nextFrame()
  }
  return true
}

/** A browser that draws nothing has no frames; the window is to move all the same. */
export function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => resolve())
    setTimeout(resolve, 100)
  })
}

/** Puts the window at the end of the conversation. All of it counts as read then, so the client opens the newest page. */
export async function jumpToNewest(conversationId: ConversationId): Promise<void> {
  const $thread = threadOf(conversationId)
  const thread = $thread.get()
  if (thread?.hasNewer) {
    const newest = $conversationsById.get().get(conversationId)?.preview.messageId
    if (newest) bridge.call.markRead(conversationId, newest)
    await showNewest(conversationId)
  } else if (thread) $thread.set({ ...thread, newCount: 0, isAtBottom: true })
}

export function newMessageId(): MessageId {
  return idFromBytes<MessageId>(crypto.getRandomValues(new Uint8Array(16)))
}

/** Puts the own message on screen in this very frame, then hands it to the client. */
export function sendText(conversationId: ConversationId, text: string): void {
  const message = draftMessage(conversationId, text)
  put(conversationId, message)
  void send(message)
}

async function send(message: MessageView): Promise<void> {
  const { conversationId, messageId, text } = message
  try {
    if (threadOf(conversationId).get()?.hasNewer) await jumpToNewest(conversationId)
    await bridge.call.sendText(conversationId, messageId, text)
  } catch (cause) {
    const reason = cause instanceof ClientFailure ? cause.code : 'internal'
    put(conversationId, { ...message, state: 'failed', reason })
    await attempt(() => Promise.reject(cause))
  }
}

function put(conversationId: ConversationId, message: MessageView): void {
  const $thread = threadOf(conversationId)
  const thread = $thread.get()
  if (thread) $thread.set(mergeMessages({ ...thread, isAtBottom: !thread.hasNewer }, [message], []))
}

function draftMessage(conversationId: ConversationId, text: string): MessageView {
  return {
    messageId: newMessageId(),
    conversationId,
    senderId: $me.get()!.accountId,
    kind: 'text',
    text,
    notice: null,
    sentAt: Date.now(),
    isOwn: true,
    state: 'sending',
    reason: null,
    expirySeconds: $conversationsById.get().get(conversationId)?.expirySeconds ?? 0,
    expiresAt: null,
    orderKey: unconfirmedKey,
  }
}

/** A failed message that the client never took is sent from here again; one that it has, it sends itself. */
export function retry(message: MessageView): void {
  if (message.orderKey !== unconfirmedKey) return void attempt(() => bridge.call.retryMessage(message.messageId))
  const again = { ...message, state: 'sending' as const, reason: null }
  put(message.conversationId, again)
  void send(again)
}

export function discard(message: MessageView): void {
  const $thread = threadOf(message.conversationId)
  const thread = $thread.get()
  if (thread) $thread.set(mergeMessages(thread, [], [message.messageId]))
  if (message.orderKey !== unconfirmedKey) void attempt(() => bridge.call.discardMessage(message.messageId))
}
