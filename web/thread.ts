import type { MessageView, ThreadSlice } from '../src/client/api.ts'
import type { MessageId } from '../src/protocol/ids.ts'

/** A page asked of the client, and the most that is kept (and drawn) at once. */
export const pageSize = 40
export const maxRows = 160
/** What a slow phone draws within one frame while somebody scrolls. */
export const rowsPerFrame = 6
/** Sorts after every key the client gives: a message that the client has not confirmed yet. */
export const unconfirmedKey = '\uffff'

/** One unbroken stretch of a conversation, in order. */
export type Thread = ThreadSlice & {
  /** The reader sees the newest message: what arrives pushes out the oldest rows, not the newest. */
  isAtBottom: boolean
  /** How many of others arrived below while the reader was further up. */
  newCount: number
}

export function startThread(slice: ThreadSlice): Thread {
  return { ...slice, isAtBottom: !slice.hasNewer, newCount: 0 }
}

const byKey = (a: MessageView, b: MessageView) => (a.orderKey < b.orderKey ? -1 : a.orderKey > b.orderKey ? 1 : 0)

/** Takes in what the client said was added or changed; what lies outside of the window only changes its edges. */
export function mergeMessages(thread: Thread, changed: MessageView[], removedIds: MessageId[]): Thread {
  const items = new Map(thread.items.map((item) => [item.messageId, item]))
  for (const id of removedIds) items.delete(id)
  const firstKey = thread.items[0]?.orderKey
  const lastKey = thread.items.findLast((item) => item.orderKey !== unconfirmedKey)?.orderKey
  let { hasNewer, newCount } = thread
  for (const item of changed) {
    const isKnown = items.has(item.messageId)
    const isOlder = !isKnown && thread.hasOlder && firstKey !== undefined && item.orderKey < firstKey
    const isNewer = !isKnown && (lastKey === undefined || item.orderKey > lastKey)
    if (isNewer && !item.isOwn && !thread.isAtBottom) newCount++
    if (isNewer && thread.hasNewer) hasNewer = true
    else if (!isOlder) items.set(item.messageId, item)
  }
  const merged = { ...thread, items: [...items.values()].sort(byKey), hasNewer, newCount }
  return thread.isAtBottom ? dropOldest(merged) : dropNewest(merged)
}

export function addOlder(thread: Thread, { items, hasOlder }: ThreadSlice): Thread {
  return dropNewest({ ...thread, items: union(items, thread.items), hasOlder })
}

export function addNewer(thread: Thread, { items, hasNewer }: ThreadSlice): Thread {
  return dropOldest({ ...thread, items: union(thread.items, items), hasNewer })
}

/** A page beyond the window in pieces, the nearest first, each with what one frame can draw. */
export function inParts(slice: ThreadSlice, direction: 'older' | 'newer'): ThreadSlice[] {
  const { items } = slice
  const parts: ThreadSlice[] = []
  for (let taken = 0; taken === 0 || taken < items.length; taken += rowsPerFrame) {
    const left = items.length - taken
    const [from, to] = direction === 'older' ? [Math.max(0, left - rowsPerFrame), left] : [taken, taken + rowsPerFrame]
    const more = direction === 'older' ? { hasOlder: true } : { hasNewer: true }
    parts.push({ ...slice, ...(left > rowsPerFrame ? more : {}), items: items.slice(from, to) })
  }
  return parts
}

/** What is worth keeping of a thread that was left: its newest page, or nothing if the window was elsewhere. */
export function trimToNewest(thread: Thread | null): Thread | null {
  if (!thread || thread.hasNewer) return null
  const items = thread.items.slice(-pageSize)
  const hasOlder = thread.hasOlder || items.length < thread.items.length
  return { ...thread, items, hasOlder, firstUnreadId: null, isAtBottom: true, newCount: 0 }
}

function union(first: MessageView[], second: MessageView[]): MessageView[] {
  return [...new Map([...first, ...second].map((item) => [item.messageId, item])).values()].sort(byKey)
}

function dropOldest(thread: Thread): Thread {
  if (thread.items.length <= maxRows) return thread
  return { ...thread, items: thread.items.slice(-maxRows), hasOlder: true }
}

function dropNewest(thread: Thread): Thread {
  if (thread.items.length <= maxRows) return thread
  return { ...thread, items: thread.items.slice(0, maxRows), hasNewer: true }
}
