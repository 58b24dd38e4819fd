import type { MessageView } from '../../../src/client/api.ts'
import type { MessageId } from '../../../src/protocol/ids.ts'
import { dayKey } from '../../words/time.ts'

/** A message with its place among its neighbours. */
export type Row = { message: MessageView; isFirst: boolean; isLast: boolean; startsUnread: boolean }
export type Day = { key: number; rows: Row[] }

const runBreakMs = 10 * 60_000

/** One list a day; in each, runs of one sender's messages know where they begin and end. */
export function groupByDay(items: readonly MessageView[], firstUnreadId: MessageId | null): Day[] {
  const days: Day[] = []
  for (const [index, message] of items.entries()) {
    const key = dayKey(message.sentAt)
    // A late message sorts by arrival: a day that stood before opens no second section with the same name.
    if (days.length === 0 || key > days.at(-1)!.key) days.push({ key, rows: [] })
    const startsUnread = message.messageId === firstUnreadId
    const next = items[index + 1]
    const isFirst = startsUnread || !isOneRun(items[index - 1], message)
    const isLast = next?.messageId === firstUnreadId || !isOneRun(message, next)
    days.at(-1)!.rows.push({ message, isFirst, isLast, startsUnread })
  }
  return days
}

function isOneRun(first: MessageView | undefined, second: MessageView | undefined): boolean {
  return (
    first !== undefined &&
    second !== undefined &&
    first.senderId === second.senderId &&
    first.kind !== 'notice' &&
    second.kind !== 'notice' &&
    Math.abs(second.sentAt - first.sentAt) < runBreakMs &&
    dayKey(first.sentAt) === dayKey(second.sentAt)
  )
}
