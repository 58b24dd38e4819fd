import { expect, test } from 'bun:test'
import type { MessageView } from '../../src/client/api.ts'
import type { MessageId } from '../../src/protocol/ids.ts'
import {
  addNewer,
  addOlder,
  inParts,
  maxRows,
  mergeMessages,
  rowsPerFrame,
  startThread,
  type Thread,
  trimToNewest,
  unconfirmedKey,
} from '../../web/thread.ts'
import { longMessage } from './gallery/page/cast.ts'

const run = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => longMessage(from + index))
const keys = ({ items }: Thread) => items.map(({ orderKey }) => Number(orderKey))
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
const open = (from: number, to: number, edges: Partial<Thread> = {}): Thread => ({
  ...startThread({ items: run(from, to), hasOlder: false, hasNewer: false, firstUnreadId: null }),
  ...edges,
})

test('an own message that the client confirms moves from the end to its place and is there once', () => {
  const own: MessageView = { ...longMessage(7), orderKey: unconfirmedKey, state: 'sending' }
  const waiting = mergeMessages(open(0, 5), [own], [])
  expect(waiting.items.at(-1)?.messageId).toBe(own.messageId)
  const settled = mergeMessages(
    waiting,
    [longMessage(6), { ...longMessage(5), messageId: own.messageId, state: 'sent' }],
    [],
  )
  expect(keys(settled)).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test('what arrives below a reader who is further up is counted, and own messages are not', () => {
  const up = open(0, 5, { isAtBottom: false })
  const others = [5, 6].map((index) => ({ ...longMessage(index), isOwn: false }))
  expect(mergeMessages(up, [...others, { ...longMessage(7), isOwn: true }], []).newCount).toBe(2)
  expect(mergeMessages(open(0, 5), others, []).newCount).toBe(0)
})

test('what arrives beyond a window that does not reach the end leaves no gap in it', () => {
  const middle = open(10, 20, { hasOlder: true, hasNewer: true, isAtBottom: false })
  expect(keys(mergeMessages(middle, [longMessage(40)], []))).toEqual(numbers(10, 20))
  expect(keys(mergeMessages(middle, [longMessage(3)], []))).toEqual(numbers(10, 20))
})

test('a page above pushes out the newest rows, a page below the oldest, and the edges say so', () => {
  const full = open(200, 200 + maxRows, { hasOlder: true })
  const up = addOlder(full, { items: run(160, 200), hasOlder: true, hasNewer: true, firstUnreadId: null })
  expect(keys(up)).toEqual(numbers(160, 160 + maxRows))
  expect(up.hasNewer).toBe(true)
  const down = addNewer(up, { items: run(320, 360), hasOlder: true, hasNewer: false, firstUnreadId: null })
  expect(keys(down)).toEqual(numbers(200, 360))
  expect([down.hasOlder, down.hasNewer]).toEqual([true, false])
})

test('a reader at the bottom keeps the newest rows however many arrive', () => {
  const grown = run(0, 500).reduce((thread, message) => mergeMessages(thread, [message], []), open(0, 0))
  expect(keys(grown)).toEqual(numbers(500 - maxRows, 500))
  expect(grown.hasOlder).toBe(true)
})

test('a removed message is gone', () => {
  expect(keys(mergeMessages(open(0, 4), [], [longMessage(2).messageId as MessageId]))).toEqual([0, 1, 3])
})

test('of a thread that was left only its newest page is kept, and nothing of a window elsewhere', () => {
  expect(keys(trimToNewest(open(0, 100))!)).toEqual(numbers(60, 100))
  expect(trimToNewest(open(0, 100))!.hasOlder).toBe(true)
  expect(trimToNewest(open(0, 100, { hasNewer: true }))).toBeNull()
})

test('a page is drawn in pieces, the nearest first, and only its last piece says that the end is reached', () => {
  const page = { items: run(100, 120), hasOlder: false, hasNewer: false, firstUnreadId: null }
  const up = inParts(page, 'older')
  expect(up.map(({ items }) => items.length)).toEqual([rowsPerFrame, rowsPerFrame, rowsPerFrame, 20 - 3 * rowsPerFrame])
  expect(up.map(({ hasOlder }) => hasOlder)).toEqual([true, true, true, false])
  expect(keys(up.reduce(addOlder, open(120, 125)))).toEqual(numbers(100, 125))
  const down = inParts(page, 'newer')
  expect(down.map(({ hasNewer }) => hasNewer)).toEqual([true, true, true, false])
  expect(keys(down.reduce(addNewer, open(95, 100)))).toEqual(numbers(95, 120))
})

test('a page with nothing on it still says so', () => {
  const nothing = { items: [], hasOlder: false, hasNewer: false, firstUnreadId: null }
  expect(inParts(nothing, 'older')).toEqual([nothing])
})
