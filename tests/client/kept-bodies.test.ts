import { beforeEach, describe, expect, test } from 'bun:test'
import type { LocalStore } from '../../src/client/context.ts'
import { type KeptBody, keepBody, keptBodies, pruneBodies } from '../../src/client/kept-bodies.ts'
import { createLocalStore } from '../../src/client/local-store.ts'
import { Steps } from '../../src/client/steps.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { healMissing } from '../../src/protocol/heal.ts'
import { type ConversationId, idFromBytes, type MessageId } from '../../src/protocol/ids.ts'
import { BunPlatform, MemoryStorage } from '../support/bun-platform.ts'

const id = idFromBytes<ConversationId>(systemRandom(16))
const now = Date.UTC(2026, 10, 1)
const days = 86_400_000

let storage: MemoryStorage
let store: LocalStore
let steps: Steps
beforeEach(() => {
  storage = new MemoryStorage()
  const platform = new BunPlatform({ url: 'http://127.0.0.1:1', storage })
  store = createLocalStore(platform)
  steps = new Steps({ platform, store })
})

function bodyAt(receivedAt: number, bytes = 40): KeptBody {
  const messageId = idFromBytes<MessageId>(systemRandom(16))
  return { id, messageId, body: new Uint8Array(bytes), receivedAt, archive: null }
}
const keep = (bodies: readonly KeptBody[]) =>
  steps.run(async (step) => {
    for (const body of bodies) keepBody(step, now, body)
  })
const someAt = (from: number, count: number) => Array.from({ length: count }, (_, at) => bodyAt(now + from + at))

async function lots(): Promise<KeptBody[][]> {
  const all: KeptBody[][] = []
  for await (const lot of keptBodies(store)) all.push(lot)
  return all
}
const times = (kept: readonly KeptBody[]) => kept.map(({ receivedAt }) => receivedAt - now)
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

describe('bodies kept for a home that may lose them', () => {
  test('are given back in lots for which a home answers, whole pages of them', async () => {
    for (let page = 0; page < 3; page++) await keep(someAt(page * 400, 400))
    const given = await lots()
    expect(times(given.flat())).toEqual(upTo(1_200))
    for (const lot of given) expect(lot.length).toBeLessThanOrEqual(healMissing.properties.messageIds.maxItems!)
    expect(given.length).toBe(3)
  })

  test('are given back together where they came one by one', async () => {
    for (const body of someAt(0, 600)) await keep([body])
    const given = await lots()
    expect(times(given.flat())).toEqual(upTo(600))
    expect(given.length).toBe(2)
  })

  test('stand in the order in which the home had them, in whichever order they came here', async () => {
    await keep([bodyAt(now + 200)])
    await keep(someAt(101, 99).reverse())
    await keep(someAt(0, 101))
    await keep(someAt(201, 50))
    expect(times((await lots()).flat())).toEqual(upTo(251))
  })

  test('also where a page that came later closes a gap between two lots', async () => {
    for (let page = 0; page < 4; page++) await keep(someAt(page * 100, 100))
    await keep([bodyAt(now + 499)])
    await keep([...someAt(400, 99), bodyAt(now + 500)])
    await keep(someAt(501, 300))
    expect(times((await lots()).flat())).toEqual(upTo(801))
  })

  test('never fill the memory', async () => {
    for (let count = 0; count < 40; count++) await keep([bodyAt(now + count, 1024 * 1024)])
    const given = await lots()
    expect(Math.max(...given.map((lot) => lot.length))).toBeLessThanOrEqual(9)
    expect(times(given.flat())).toEqual(upTo(40))
  })

  test('that an earlier version kept one by one are given back too', async () => {
    const [first, second] = someAt(0, 2) as [KeptBody, KeptBody]
    await store.commit([{ table: 'bodies', key: `${first.receivedAt}`.padStart(14, '0'), value: first }])
    await keep([second])
    expect(times((await lots()).flat())).toEqual([0, 1])
  })

  test('go when they are old, all of them, and the others stay', async () => {
    for (let count = 0; count < 45; count++) await keep([bodyAt(now - 34 * days + count)])
    await keep(someAt(0, 3))
    await pruneBodies(store, now + 2 * days)
    expect(times((await lots()).flat())).toEqual([0, 1, 2])
  })
})
