import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Between } from '../hostile/between.ts'
import { codeOf, type Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, newMessageId, say, shown, thread, untilState, wasTold } from '../support/talk.ts'

let home: RealHome
let oma: Member
let papa: Member
let mama: Member
/** Lives in the same home and is in none of these conversations. */
let stranger: Member

beforeEach(async () => {
  home = await RealHome.open()
  oma = await home.founder()
  papa = await home.joiner('Papa', oma)
  mama = await home.joiner('Mama', oma)
  stranger = await home.joiner('Stranger', oma)
  for (const member of [oma, papa, mama, stranger]) await member.inFamily()
})
afterEach(() => home[Symbol.asyncDispose]())

describe('a direct conversation', () => {
  test('is between two people, in order, with ticks, and nobody else learns of it', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    const first = await say(oma, id, 'Did you eat?')
    await hears(papa, id, 'Did you eat?')
    expect((await knows(papa, id)).kind).toBe('direct')
    await untilState(oma, id, first, 'delivered')
    await say(papa, id, 'Soup, twice')
    await hears(oma, id, 'Soup, twice')
    expect(await thread(oma, id)).toEqual(['Did you eat?', 'Soup, twice'])
    expect(await thread(papa, id)).toEqual(['Did you eat?', 'Soup, twice'])
    expect(stranger.people.length).toBe(4)
    expect(conversation(stranger, id)).toBeNull()
    expect(wasTold(stranger, 'soup')).toBe(false)
    expect(wasTold(stranger, 'Did you eat')).toBe(false)
  })

  test('shows what was said before anything is awaited', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    const messageId = newMessageId()
    const sending = oma.client.sendText(id, messageId, 'at once')
    expect(shown(oma, id).get(messageId)).toMatchObject({ text: 'at once', state: 'sending', isOwn: true })
    await sending
    await untilState(oma, id, messageId, 'delivered')
  })

  test('counts what is unread, and tells the sender when it was read', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await say(oma, id, 'one')
    const second = await say(oma, id, 'two')
    await papa.until('two unread', (self) => conversation(self, id)?.unreadCount === 2)
    const { firstUnreadId, items } = await papa.client.openThread(id, 50)
    expect(firstUnreadId).toBe(items.find((item) => item.text === 'one')!.messageId)
    await papa.client.markRead(id, second)
    expect(conversation(papa, id)?.unreadCount).toBe(0)
    await untilState(oma, id, second, 'read')
  })

  test('tells who is writing, and keeps nothing of it', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await say(oma, id, 'hello')
    await hears(papa, id, 'hello')
    await say(papa, id, 'hello too')
    await hears(oma, id, 'hello too')
    papa.client.setTyping(id)
    await oma.until('Papa to be writing', (self) => conversation(self, id)?.typing.includes(papa.accountId))
    await say(papa, id, 'there')
    await oma.until('Papa to have written', (self) => conversation(self, id)?.typing.length === 0)
    expect(await thread(oma, id)).toEqual(['hello', 'hello too', 'there'])
    expect(wasTold(stranger, papa.accountId)).toBe(true)
    expect(conversation(stranger, id)).toBeNull()
  })

  test('works with nobody but oneself', async () => {
    const id = await oma.client.openDirect(oma.accountId)
    const note = await say(oma, id, 'buy flour')
    await untilState(oma, id, note, 'sent')
    expect(await thread(oma, id)).toEqual(['buy flour'])
  })
})

describe('a group', () => {
  test('carries its name, its members and its messages to them alone', async () => {
    const id = await oma.client.createGroup('Birthday', null, [papa.accountId, mama.accountId])
    await papa.until('the name', (self) => conversation(self, id)?.title === 'Birthday')
    await mama.until('the name', (self) => conversation(self, id)?.title === 'Birthday')
    const said = await say(oma, id, 'A cake for Kid')
    await hears(papa, id, 'A cake for Kid')
    await say(papa, id, 'Chocolate')
    await hears(mama, id, 'A cake for Kid')
    await hears(mama, id, 'Chocolate')
    await untilState(oma, id, said, 'delivered')
    expect(conversation(papa, id)).toMatchObject({ isAdmin: false, isMember: true })
    expect(conversation(oma, id)).toMatchObject({ isAdmin: true })
    expect((await thread(mama, id)).filter((line) => !line.startsWith('['))).toEqual(['A cake for Kid', 'Chocolate'])
    expect(stranger.people.length).toBe(4)
    expect(conversation(stranger, id)).toBeNull()
    expect(wasTold(stranger, 'cake')).toBe(false)
  })

  test('lets a newcomer read from their joining on and a removed member nothing more', async () => {
    const id = await oma.client.createGroup('Garden', null, [papa.accountId])
    await knows(papa, id)
    await say(oma, id, 'before Mama')
    await hears(papa, id, 'before Mama')
    await oma.client.addMembers(id, [mama.accountId])
    await mama.until('the name', (self) => conversation(self, id)?.title === 'Garden')
    await say(papa, id, 'welcome Mama')
    await hears(mama, id, 'welcome Mama')
    await oma.client.removeMember(id, papa.accountId)
    await papa.until('being out', (self) => conversation(self, id)?.isMember === false)
    await say(oma, id, 'after Papa')
    await hears(mama, id, 'after Papa')
    expect(wasTold(mama, 'before Mama')).toBe(false)
    expect(wasTold(papa, 'after Papa')).toBe(false)
    expect(await codeOf(papa.client.sendText(id, newMessageId(), 'still here'))).toBe('not_allowed')
    const lines = await thread(oma, id)
    expect(lines.filter((line) => ['[added]', '[removed]'].includes(line)).length).toBeGreaterThanOrEqual(2)
    expect(lines.slice(-2)).toEqual(['[removed]', 'after Papa'])
    expect(conversation(stranger, id)).toBeNull()
  })

  test('takes a member back by a device that has not heard of their removal', async () => {
    const id = await oma.client.createGroup('Garden', null, [papa.accountId])
    await knows(papa, id)
    const tablet = home.visitor('Oma tablet')
    await tablet.client.signIn('oma', oma.passphrase)
    await knows(tablet, id)
    const atTablet = await Between.before(tablet)
    await tablet.until('being online', ({ view }) => view.connection?.connection.state === 'online')
    atTablet.toDevice = (frame) => (frame.type === 'conversationGrew' ? [] : [frame])
    await oma.client.removeMember(id, papa.accountId)
    await papa.until('being out', (self) => conversation(self, id)?.isMember === false)
    await tablet.client.addMembers(id, [papa.accountId])
    await papa.until('being in', (self) => conversation(self, id)?.isMember === true)
    await say(tablet, id, 'back again')
    await hears(papa, id, 'back again')
    expect(conversation(stranger, id)).toBeNull()
  })

  test('is renamed, given admins and left', async () => {
    const id = await oma.client.createGroup('Old name', null, [papa.accountId, mama.accountId])
    await papa.until('the name', (self) => conversation(self, id)?.title === 'Old name')
    expect(await codeOf(papa.client.removeMember(id, mama.accountId))).toBe('not_allowed')
    await oma.client.setAdmin(id, papa.accountId, true)
    await papa.until('being admin', (self) => conversation(self, id)?.isAdmin)
    await papa.client.renameGroup(id, 'New name')
    await mama.until('the new name', (self) => conversation(self, id)?.title === 'New name')
    await mama.until('a line about it', () =>
      [...shown(mama, id).values()].some((view) => view.notice?.kind === 'renamed'),
    )
    await oma.client.leaveGroup(id)
    await papa.until('Oma to be gone', (self) => conversation(self, id)?.members.length === 2)
    await say(papa, id, 'just us')
    await hears(mama, id, 'just us')
    expect(wasTold(oma, 'just us')).toBe(false)
    expect(conversation(stranger, id)).toBeNull()
  })

  test('shows writing to members only', async () => {
    const id = await oma.client.createGroup('Chat', null, [papa.accountId, mama.accountId])
    await say(oma, id, 'hello')
    await hears(papa, id, 'hello')
    await hears(mama, id, 'hello')
    oma.client.setTyping(id)
    await papa.until('Oma to be writing', (self) => conversation(self, id)?.typing.includes(oma.accountId))
    expect(conversation(stranger, id)).toBeNull()
  })
})
