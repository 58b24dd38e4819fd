import { beforeEach, describe, expect, test } from 'bun:test'
import type { ClientContext } from '../../src/client/context.ts'
import { messageKey, noticeKey } from '../../src/client/conversation-record.ts'
import { createLocalStore } from '../../src/client/local-store.ts'
import { MessageStore, type StoredMessage } from '../../src/client/message-store.ts'
import { Steps } from '../../src/client/steps.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { type AccountId, type ConversationId, idFromBytes, type MessageId } from '../../src/protocol/ids.ts'
import { BunPlatform, MemoryStorage } from '../support/bun-platform.ts'

const id = idFromBytes<ConversationId>(systemRandom(16))
const senderId = idFromBytes<AccountId>(systemRandom(16))

function message(seq: number, key = messageKey(0, seq)): StoredMessage {
  const messageId = idFromBytes<MessageId>(systemRandom(16))
  const base = { messageId, key, senderId, kind: 'text' as const, notice: null, reason: null }
  return { ...base, text: `m${seq}`, sentAt: 1_700_000_000_000 + seq }
}

let storage: MemoryStorage
let context: ClientContext
let steps: Steps
let store: MessageStore

function reopen(): void {
  const platform = new BunPlatform({ url: 'http://127.0.0.1:1', storage })
  context = { platform, store: createLocalStore(platform), emit: () => undefined }
  steps = new Steps(context)
  store = new MessageStore(context)
}
beforeEach(() => {
  storage = new MemoryStorage()
  reopen()
})

const add = (messages: StoredMessage[]) => steps.run((step) => store.add(step, id, messages))
const before = (key: string | null, limit: number) => steps.run((step) => store.before(step, id, key, limit))
const after = (key: string, limit: number) => steps.run((step) => store.after(step, id, key, limit))
const texts = (messages: readonly StoredMessage[]) => messages.map(({ text }) => text)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `m${from + at}`)

describe('messages at rest', () => {
  test('are found from either side across blocks and tail, also after a restart', async () => {
    for (let from = 1; from <= 901; from += 100) {
      await add(Array.from({ length: 100 }, (_, at) => message(from + at)))
    }
    for (const isReopened of [false, true]) {
      if (isReopened) reopen()
      expect(texts(await before(null, 250))).toEqual(range(751, 1001))
      expect(texts(await before(messageKey(0, 420), 50))).toEqual(range(370, 420))
      expect(texts(await after(messageKey(0, 95), 300))).toEqual(range(96, 396))
      expect(texts(await after(messageKey(0, 790), 500))).toEqual(range(791, 1001))
      expect(texts(await before(messageKey(0, 1), 10))).toEqual([])
      expect(texts(await after('', 5))).toEqual(range(1, 6))
    }
    const rows = await storage.list('messages', { from: 't/', before: 't0' })
    expect(rows.length).toBeLessThan(200)
  })

  test('that come out of order stand in order, older pages below and stragglers between', async () => {
    await add(Array.from({ length: 300 }, (_, at) => message(1_001 + at)))
    await add(Array.from({ length: 200 }, (_, at) => message(801 + at)))
    await add(Array.from({ length: 200 }, (_, at) => message(601 + at)))
    const missing = [message(590), message(595), message(599)]
    await add(missing)
    await add([message(0, noticeKey(0, 700, 4))])
    expect(texts(await before(messageKey(0, 603), 10))).toEqual(['m590', 'm595', 'm599', 'm601', 'm602'])
    expect(texts(await after(messageKey(0, 699), 4))).toEqual(['m700', 'm0', 'm701', 'm702'])
    reopen()
    expect(texts(await after('', 1_000))).toEqual([
      ...['m590', 'm595', 'm599'],
      ...range(601, 701),
      ...['m0'],
      ...range(701, 1301),
    ])
  })

  test('are each stored once, whatever comes twice', async () => {
    const lines = Array.from({ length: 250 }, (_, at) => message(1 + at))
    await add(lines)
    await add([lines[3]!, { ...lines[249]!, key: messageKey(0, 900) }])
    reopen()
    await add([{ ...lines[10]!, key: messageKey(1, 5) }])
    expect(texts(await after('', 1_000))).toEqual(range(1, 251))
  })

  test('change in place, in the tail and in a block', async () => {
    const lines = Array.from({ length: 250 }, (_, at) => message(1 + at))
    await add(lines)
    for (const at of [5, 240]) {
      const change = { text: `changed ${at}` }
      expect(await steps.run((step) => store.change(step, id, lines[at]!.messageId, change))).toBe(true)
    }
    reopen()
    expect(texts(await after(messageKey(0, 5), 2))).toEqual(['changed 5', 'm7'])
    expect(texts(await before(null, 10))[0]).toBe('changed 240')
    const found = await steps.run((step) => store.find(step, id, lines[5]!.messageId))
    expect(found?.text).toBe('changed 5')
    expect(await steps.run((step) => store.change(step, id, message(1).messageId, {}))).toBe(false)
  })

  test('that come one by one in one step leave no rows behind that they did not need, nor do those of an older page', async () => {
    await add([message(1_000)])
    await steps.run(async (step) => {
      for (let seq = 1_001; seq <= 1_399; seq++) await store.put(step, id, message(seq))
      expect(step.writes().filter(({ key, value }) => key.startsWith('t/') && value === null).length).toBe(1)
    })
    expect((await storage.list('messages', { from: 't/', before: 't0' })).length).toBe(100)
    await steps.run(async (step) => {
      for (let seq = 760; seq < 1_000; seq++) await store.put(step, id, message(seq))
      expect(texts(await store.before(step, id, messageKey(0, 1_002), 4))).toEqual(range(998, 1_002))
      expect(texts(await store.after(step, id, messageKey(0, 995), 6))).toEqual(range(996, 1_002))
    })
    reopen()
    expect(texts(await after('', 1_000))).toEqual(range(760, 1_400))
    const rows = await storage.list('messages', {})
    expect(rows.length).toBeLessThan(100 + 16)
  })

  test('are shown once where a block lost the line that it is named after', async () => {
    const lines = Array.from({ length: 250 }, (_, at) => message(10 * (1 + at)))
    await add(lines)
    await steps.run((step) => store.remove(step, id, lines[0]!.messageId))
    await add([message(25)])
    const wanted = ['m20', 'm25', ...lines.slice(2).map(({ text }) => text)]
    expect(texts(await after('', 1_000))).toEqual(wanted)
    reopen()
    expect(texts(await after('', 1_000))).toEqual(wanted)
  })

  test('leave no row of the tail behind a block when one takes the place of another in the step that seals it', async () => {
    const lines = Array.from({ length: 199 }, (_, at) => message(1 + at))
    await add(lines)
    const [gone] = lines as [StoredMessage]
    const instead = message(1)
    await steps.run(async (step) => {
      await store.remove(step, id, gone.messageId)
      await store.add(step, id, [message(200)])
      await store.add(step, id, [instead])
    })
    const tail = await storage.list('messages', { from: 't/', before: 't0' })
    expect(tail.length).toBe(100)
    reopen()
    expect(texts(await after('', 1_000))).toEqual(range(1, 201))
  })

  test('are found as this very step changed them', async () => {
    const lines = Array.from({ length: 250 }, (_, at) => message(1 + at))
    await add(lines)
    await steps.run(async (step) => {
      await store.change(step, id, lines[5]!.messageId, { text: 'changed' })
      expect(texts(await store.after(step, id, messageKey(0, 5), 2))).toEqual(['changed', 'm7'])
    })
    expect(texts(await after(messageKey(0, 5), 2))).toEqual(['changed', 'm7'])
  })

  test('are as before when a commit fails', async () => {
    await add(Array.from({ length: 199 }, (_, at) => message(1 + at)))
    storage.crashAfter(0)
    await expect(add([message(200), message(201)])).rejects.toThrow()
    storage.revive()
    expect(texts(await before(null, 3))).toEqual(['m197', 'm198', 'm199'])
    await add([message(200), message(201)])
    expect(texts(await after('', 500))).toEqual(range(1, 202))
  })
})
