import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { clientFrames } from '../../src/protocol/socket.ts'
import type { Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, newMessageId, say, shown, thread, untilState, wasTold } from '../support/talk.ts'

let home: RealHome
let oma: Member
let papa: Member
let stranger: Member

beforeEach(async () => {
  home = await RealHome.open()
  oma = await home.founder()
  papa = await home.joiner('Papa', oma)
  stranger = await home.joiner('Stranger', oma)
  for (const member of [oma, papa, stranger]) await member.inFamily()
})
afterEach(() => home[Symbol.asyncDispose]())

async function comeBack(member: Member): Promise<void> {
  member.platform.isOffline = false
  member.client.reconnect()
  await member.until('being online', ({ view }) => view.connection?.connection.state === 'online')
}
async function goAway(member: Member): Promise<void> {
  member.platform.goOffline()
  await member.until('being offline', ({ view }) => view.connection?.connection.state === 'offline')
}

describe('a device without a network', () => {
  test('keeps what is said in order and sends it when it is back', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await say(oma, id, 'start')
    await hears(papa, id, 'start')
    await goAway(oma)
    const texts = Array.from({ length: 20 }, (_, at) => `offline ${at}`)
    for (const text of texts) await say(oma, id, text)
    expect((await thread(oma, id)).slice(-20)).toEqual(texts)
    expect(conversation(oma, id)?.preview).toMatchObject({ text: 'offline 19', state: 'sending' })
    await comeBack(oma)
    await hears(papa, id, 'offline 19')
    expect(await thread(papa, id)).toEqual(['start', ...texts])
    expect(stranger.people.length).toBe(3)
    expect(wasTold(stranger, 'offline 3')).toBe(false)
  }, 20_000)

  test('gets everything it missed, in a direct conversation and in a group, each once', async () => {
    const direct = await oma.client.openDirect(papa.accountId)
    const group = await oma.client.createGroup('Group', null, [papa.accountId])
    await say(oma, direct, 'before')
    await say(oma, group, 'before')
    await hears(papa, direct, 'before')
    await hears(papa, group, 'before')
    await goAway(papa)
    const texts = Array.from({ length: 30 }, (_, at) => `missed ${at}`)
    for (const text of texts) {
      await say(oma, direct, text)
      await say(oma, group, text)
    }
    await untilState(
      oma,
      group,
      [...shown(oma, group).values()].find((view) => view.text === 'missed 29')!.messageId,
      'sent',
    )
    await comeBack(papa)
    await hears(papa, direct, 'missed 29')
    await hears(papa, group, 'missed 29')
    expect(await thread(papa, direct)).toEqual(['before', ...texts])
    expect((await thread(papa, group)).filter((line) => !line.startsWith('['))).toEqual(['before', ...texts])
    expect([...shown(papa, group).values()].filter((view) => view.kind === 'waiting')).toEqual([])
    expect(wasTold(stranger, 'missed 3')).toBe(false)
  }, 30_000)
})

describe('a message that is refused for good', () => {
  test('says so, holds nothing up and can be taken back', async () => {
    const group = await oma.client.createGroup('Group', null, [papa.accountId])
    const direct = await papa.client.openDirect(oma.accountId)
    await say(papa, direct, 'hello')
    await papa.until('the group', (self) => conversation(self, group)?.title === 'Group')
    await goAway(papa)
    await oma.client.removeMember(group, papa.accountId)
    const refused = await say(papa, group, 'too late')
    await say(papa, direct, 'still fine')
    await comeBack(papa)
    const view = await untilState(papa, group, refused, 'failed')
    expect(view.reason).toMatch(/^not_(allowed|found)$/)
    await hears(oma, direct, 'still fine')
    expect(wasTold(oma, 'too late')).toBe(false)
    await papa.client.discardMessage(refused)
    expect(shown(papa, group).has(refused)).toBe(false)
    expect(conversation(papa, group)).toMatchObject({ isMember: false })
  }, 20_000)
})

describe('a device that stops in the middle', () => {
  test('has what was said before the crash and sends it once afterwards', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await say(oma, id, 'start')
    await hears(papa, id, 'start')
    // Walks the crash through the steps of one sending: queued | sealed | posted but not noted | noted.
    for (let commits = 1; commits <= 5; commits++) {
      oma.storage.crashAfter(commits)
      await oma.client.sendText(id, newMessageId(), `crash ${commits}`).catch(() => null)
      await Bun.sleep(60)
      await oma.restart({ isCrash: true })
      await oma.until('being back', ({ view }) => view.connection?.connection.state === 'online')
      await hears(papa, id, `crash ${commits}`)
    }
    const texts = [1, 2, 3, 4, 5].map((commits) => `crash ${commits}`)
    expect(await thread(papa, id)).toEqual(['start', ...texts])
    await oma.until('everything to be sent', (self) => conversation(self, id)?.preview.state !== 'sending')
    expect(await thread(oma, id)).toEqual(['start', ...texts])
  }, 40_000)

  test('loses nothing that arrives while it crashes', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await say(oma, id, 'start')
    await hears(papa, id, 'start')
    for (let commits = 0; commits <= 4; commits++) {
      papa.storage.crashAfter(commits)
      await say(oma, id, `to a crash ${commits}`)
      await Bun.sleep(60)
      await papa.restart({ isCrash: true })
      await papa.until('being back', ({ view }) => view.connection?.connection.state === 'online')
      await papa.until(
        'the message',
        () =>
          papa.view.conversations?.conversations.find((held) => held.conversationId === id)?.preview.text ===
          `to a crash ${commits}`,
      )
    }
    expect(await thread(papa, id)).toEqual(['start', ...[0, 1, 2, 3, 4].map((commits) => `to a crash ${commits}`)])
  }, 40_000)

  test('shows its conversations and threads before the network answers', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await say(papa, await papa.client.openDirect(oma.accountId), 'kept')
    await hears(oma, id, 'kept')
    await oma.restart()
    oma.platform.isOffline = true
    await knows(oma, id)
    expect(await thread(oma, id)).toEqual(['kept'])
  }, 20_000)
})

describe('a device that missed a lot', () => {
  test('looks once for the keys that came before their messages', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await say(oma, id, 'before')
    await hears(papa, id, 'before')
    await goAway(papa)
    const texts = Array.from({ length: 40 }, (_, at) => `missed ${at}`)
    for (const text of texts) await say(oma, id, text)
    await untilState(oma, id, [...shown(oma, id).keys()].at(-1)!, 'sent')
    await papa.restart()
    const { storage } = papa
    const list = storage.list.bind(storage)
    let looks = 0
    storage.list = (table, range) => {
      if (table === 'keys' && range.from === 'k/') looks++
      return list(table, range)
    }
    await hears(papa, id, 'missed 39')
    expect(await thread(papa, id)).toEqual(['before', ...texts])
    // The second look sorts out what is too old.
    expect(looks).toBeLessThanOrEqual(2)
    expect(wasTold(stranger, 'missed 3')).toBe(false)
  }, 20_000)

  test('does not take one short answer for a fast line', async () => {
    for (const name of ['One', 'Two', 'Three']) {
      const group = await oma.client.createGroup(name, null, [papa.accountId])
      await knows(papa, group)
      await oma.client.renameGroup(group, `${name}, renamed`)
      await papa.until('the name', (self) => conversation(self, group)?.title === `${name}, renamed`)
    }
    const phone = home.visitor('Papa')
    const asked: number[] = []
    const open = phone.platform.openSocket.bind(phone.platform)
    phone.platform.openSocket = async (path, events) => {
      const socket = await open(path, events)
      const send = (bytes: Uint8Array) => {
        const frame = clientFrames.decode(bytes)
        if (frame.type === 'fetchPage' && frame.count > 1) asked.push(frame.count)
        socket.send(bytes)
      }
      return { ...socket, send }
    }
    await phone.client.signIn('papa', papa.passphrase)
    const names = (self: Member) =>
      self.view.conversations?.conversations.filter(({ title }) => title?.endsWith('renamed'))
    await phone.until('the names', (self) => names(self)?.length === 3)
    expect(asked.length).toBeGreaterThanOrEqual(3)
    expect(new Set(asked)).toEqual(new Set([100]))
  }, 20_000)
})

describe('a second device', () => {
  test('has the history from the archive and hears what comes', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    const group = await oma.client.createGroup('Group', null, [papa.accountId])
    for (let at = 0; at < 12; at++) {
      await say(oma, id, `old ${at}`)
      await say(papa, id, `answer ${at}`)
      await hears(oma, id, `answer ${at}`)
    }
    await say(oma, group, 'in the group')
    await hears(papa, group, 'in the group')
    await hears(papa, id, 'old 11')
    // Archive rows travel in lots a moment later.
    await Bun.sleep(2_500)
    const phone = home.visitor('Papa')
    await phone.client.signIn('papa', papa.passphrase)
    await hears(phone, id, 'old 11')
    expect((await thread(phone, id)).length).toBe(24)
    await phone.until('the group', (self) => conversation(self, group)?.title === 'Group')
    await hears(phone, group, 'in the group')
    await say(oma, id, 'to both')
    await hears(phone, id, 'to both')
    await hears(papa, id, 'to both')
    await say(phone, id, 'from the phone')
    await hears(papa, id, 'from the phone')
    await hears(oma, id, 'from the phone')
    await say(oma, group, 'to both in the group')
    await hears(phone, group, 'to both in the group')
    const unread = await say(oma, id, 'read on one')
    await hears(phone, id, 'read on one')
    await papa.until('it to be unread', (self) => conversation(self, id)?.unreadCount === 1)
    await phone.client.markRead(id, unread)
    await papa.until('it to be read on the other device', (self) => conversation(self, id)?.unreadCount === 0)
    await untilState(oma, id, unread, 'read')
    expect(conversation(stranger, id)).toBeNull()
    expect(conversation(stranger, group)).toBeNull()
  }, 40_000)

  test('fetches what is older page by page, each line once and in order', async () => {
    const group = await oma.client.createGroup('Long', null, [papa.accountId])
    await papa.until('the group', (self) => conversation(self, group)?.title === 'Long')
    const texts = Array.from({ length: 450 }, (_, at) => `line ${at}`)
    for (const text of texts) await say(oma, group, text)
    await papa.until('the last line', (self) => conversation(self, group)?.preview.text === 'line 449')
    await Bun.sleep(2_500)
    const phone = home.visitor('Papa')
    await phone.client.signIn('papa', papa.passphrase)
    await phone.until('the last line', (self) => conversation(self, group)?.preview.text === 'line 449')
    let slice = await phone.client.loadOlder(group, '~', 60)
    let lines = slice.items.map((item) => item.text)
    expect(phone.events.flatMap((event) => (event.type === 'messages' ? event.items : [])).length).toBeLessThan(450)
    for (let page = 0; slice.hasOlder && page < 20; page++) {
      slice = await phone.client.loadOlder(group, slice.items[0]!.orderKey, 60)
      lines = [...slice.items.map((item) => item.text), ...lines]
    }
    expect(lines.filter((line) => line.startsWith('line'))).toEqual(texts)
    expect(slice.items.map((item) => item.notice?.kind).filter((kind) => kind !== undefined)).toEqual(['added'])
    expect(conversation(stranger, group)).toBeNull()
  }, 60_000)
})
