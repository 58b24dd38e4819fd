import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { Between } from '../hostile/between.ts'
import type { Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, say, shown, untilState } from '../support/talk.ts'

setDefaultTimeout(60_000)

let home: RealHome
let oma: Member
let papa: Member
let id: ConversationId
beforeEach(async () => {
  home = await RealHome.open()
  oma = await home.founder()
  papa = await home.joiner('Papa', oma)
  await papa.inFamily()
  id = await oma.client.openDirect(papa.accountId)
  await knows(papa, id)
})
afterEach(() => home[Symbol.asyncDispose]())

/** Another device of Papa's, over a line where pages of so many are all that comes at once. */
async function newDevice(pageSize: number, change?: (at: Between) => void): Promise<Member> {
  const device = home.visitor('Phone')
  const at = new Between(device)
  at.toHome = (frame) => [frame.type === 'fetchPage' && frame.direction === 1 ? { ...frame, count: pageSize } : frame]
  change?.(at)
  await device.client.signIn(papa.view.me!.me.signInName, papa.passphrase)
  await knows(device, id)
  return device
}

/** All that was said was heard and read, so that nothing but receipts stands behind it. */
async function sayAndRead(): Promise<void> {
  for (const words of ['one', 'two']) {
    await say(oma, id, words)
    papa.client.markRead(id, (await hears(papa, id, words)).messageId)
  }
  const own = await say(papa, id, 'three')
  const heard = await hears(oma, id, 'three')
  oma.client.markRead(id, heard.messageId)
  await untilState(papa, id, own, 'read')
  const sql = `SELECT count(*) AS count FROM messages m WHERE conversation_id = ? AND sender_account_id <> ? AND NOT EXISTS (
    SELECT 1 FROM archive_rows WHERE account_id = ? AND message_id = m.message_id)`
  const unarchived = () => home.context.database.get<{ count: number }>(sql, id, papa.accountId, papa.accountId)
  for (let tries = 0; (await unarchived())!.count > 0 && tries < 200; tries++) await Bun.sleep(50)
  expect((await unarchived())!.count).toBe(0)
}

/** Gets no page of its conversations before it is released. */
async function newHeldDevice(): Promise<{ device: Member; release: () => void }> {
  const held: (() => void)[] = []
  let isHeld = true
  const device = await newDevice(3, (at) => {
    at.toDevice = (frame) => {
      if (frame.type !== 'page' || !isHeld) return [frame]
      held.push(() => at.inject(frame))
      return []
    }
  })
  const release = () => {
    isHeld = false
    for (const inject of held) inject()
  }
  return { device, release }
}

const seen = [
  { text: 'one', state: null },
  { text: 'two', state: null },
  { text: 'three', state: 'read' as const },
]

describe('the first pages of a conversation on a new device', () => {
  test('show its last words, unread and read ones as they are, however few come at once', async () => {
    await sayAndRead()
    const device = await newDevice(3)
    await hears(device, id, 'three')
    const lines = [...shown(device, id).values()].map(({ text, state }) => ({ text, state }))
    expect(lines).toEqual(seen)
    expect(conversation(device, id)?.preview.text).toBe('three')
    expect(conversation(device, id)?.unreadCount).toBe(0)
  })

  test('are there as far as they came when the line breaks between them, and the rest when it is asked for', async () => {
    await sayAndRead()
    let pages = 0
    const device = await newDevice(3, (at) => {
      const { toHome } = at
      at.toHome = (frame) => {
        const isAsked = frame.type === 'fetchPage' && frame.conversationId === id && frame.direction === 1
        if (!isAsked || ++pages !== 2) return toHome(frame)
        at.cut()
        return []
      }
    })
    const texts = async () => (await device.client.loadOlder(id, '~', 100)).items.map(({ text }) => text)
    for (let tries = 0; pages < 2 || ((await texts()).length < 3 && tries < 100); tries++) await Bun.sleep(50)
    expect(await texts()).toEqual(['one', 'two', 'three'])
  })

  test('are known to be missing by whoever opens it before its turn', async () => {
    await sayAndRead()
    const { device, release } = await newHeldDevice()
    expect((await device.client.openThread(id, 40)).items).toEqual([])
    expect(conversation(device, id)?.isFilled).toBe(false)
    release()
    await device.until('the first pages', (self) => conversation(self, id)?.isFilled)
    const { items, firstUnreadId } = await device.client.openThread(id, 40)
    expect(items.map(({ text, state }) => ({ text, state }))).toEqual(seen)
    expect(firstUnreadId).toBeNull()
  })

  test('are known not to be there', async () => {
    const device = await newDevice(3)
    await device.until('to know it', (self) => conversation(self, id)?.isFilled)
    device.platform.goOffline()
    await device.restart()
    await knows(device, id)
    expect(conversation(device, id)?.isFilled).toBe(true)
    expect(await device.client.openThread(id, 40)).toMatchObject({ items: [], hasOlder: false })
  })

  test('are found however many silent ones stand before them', async () => {
    await sayAndRead()
    const device = await newDevice(1)
    await device.until('the first pages', (self) => conversation(self, id)?.isFilled)
    expect((await device.client.openThread(id, 1)).items.at(-1)?.text).toBe('three')
    expect(conversation(device, id)?.preview.text).toBe('three')
  })

  test('come, with what a group is called, though the line broke before them and others stand in front', async () => {
    id = await oma.client.createGroup('Garden', null, [papa.accountId])
    const shed = await oma.client.createGroup('Shed', null, [papa.accountId])
    for (let number = 0; number < 14; number++) await say(oma, id, `rose ${number}`)
    await hears(papa, id, 'rose 13')
    let between: Between | null = null
    let isAnswered = (_: ConversationId) => false
    const device = await newDevice(3, (at) => {
      between = at
      const { toHome } = at
      at.toHome = (frame) => (frame.type === 'fetchPage' && !isAnswered(frame.conversationId) ? [] : toHome(frame))
    })
    await knows(device, shed)
    isAnswered = (asked) => asked === id
    between!.cut()
    await device.until('the end of its line', ({ view }) => view.connection?.connection.state !== 'online')
    await device.until('the line again', ({ view }) => view.connection?.connection.state === 'online')
    expect((await device.client.openThread(id, 40)).items).toEqual([])
    await device.until('the first pages', (self) => conversation(self, id)?.isFilled)
    expect((await device.client.openThread(id, 40)).items.length).toBeGreaterThan(0)
    await device.until('its name', (self) => conversation(self, id)?.title === 'Garden')
  })
})
