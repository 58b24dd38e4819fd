import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { MessageView } from '../../src/client/api.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { type ConversationId, idFromBytes, type MessageId } from '../../src/protocol/ids.ts'
import type { Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'

// Real key derivation on a machine that does other things too.
setDefaultTimeout(60_000)

let home: RealHome
beforeEach(async () => {
  home = await RealHome.open()
})
afterEach(() => home[Symbol.asyncDispose]())

const someMessageId = () => idFromBytes<MessageId>(systemRandom(16))

async function say(member: Member, conversationId: ConversationId, text: string): Promise<void> {
  await member.client.sendText(conversationId, someMessageId(), text)
}
/** The newest view of every text this device showed in a conversation. */
function textsOf(member: Member, conversationId: ConversationId): string[] {
  const newest = new Map<MessageId, MessageView>()
  for (const event of member.events) {
    if (event.type !== 'messages' || event.conversationId !== conversationId) continue
    for (const item of event.items) newest.set(item.messageId, item)
  }
  return [...newest.values()].filter(({ kind }) => kind === 'text').map(({ text }) => text)
}
function reads(member: Member, conversationId: ConversationId, text: string): Promise<unknown> {
  return member.until(`"${text}"`, (reader) => textsOf(reader, conversationId).includes(text))
}
const namesSeenBy = (member: Member) => member.people.map(({ name }) => name).sort()

describe('a family', () => {
  test('of four chats, and each knows the others by name', async () => {
    const oma = await home.founder()
    const family = await oma.inFamily()
    const papa = await home.joiner('Papa', oma, 'host')
    await papa.inFamily()
    const mama = await home.joiner('Mama', papa)
    const kid = await home.joiner('Kid', papa)
    const everybody = [oma, papa, mama, kid]
    for (const member of everybody) expect(await member.inFamily()).toBe(family)
    const stranger = home.visitor('Stranger')
    expect(everybody).not.toContain(stranger)

    for (const member of everybody) await say(member, family, `${member.name} says hello`)
    for (const reader of everybody) {
      for (const author of everybody) await reads(reader, family, `${author.name} says hello`)
    }
    for (const member of everybody) {
      await member.until('all four names', (reader) => namesSeenBy(reader).join() === 'Kid,Mama,Oma,Papa')
      await member.until('everybody verified', ({ people }) => people.every(({ verified }) => verified !== null))
      const seen = member.view.conversations!.conversations.find(({ isFamily }) => isFamily)!
      expect(seen.members).toHaveLength(4)
      expect(seen.title).toBe('Home of the Test')
    }
    expect(textsOf(stranger, family)).toEqual([])
    expect(stranger.people).toEqual([])
  })

  test('talks in pairs that the others do not see', async () => {
    const oma = await home.founder()
    const family = await oma.inFamily()
    const papa = await home.joiner('Papa', oma)
    const mama = await home.joiner('Mama', oma)
    for (const member of [papa, mama]) await member.inFamily()
    await oma.until('Papa', ({ people }) => people.length === 3)
    const direct = await oma.client.openDirect(papa.accountId)
    await say(oma, direct, 'what shall we give Mama?')
    await reads(papa, direct, 'what shall we give Mama?')
    await say(papa, direct, 'a bicycle')
    await reads(oma, direct, 'a bicycle')
    await say(oma, family, 'hello Mama')
    await reads(mama, family, 'hello Mama')
    expect(mama.events.some((event) => event.type === 'messages' && event.conversationId === direct)).toBe(false)
  })

  test('lets a newcomer in as soon as the inviter is back', async () => {
    const oma = await home.founder()
    await oma.inFamily()
    const link = await oma.invite('Kid')
    await oma.client[Symbol.asyncDispose]()
    const kid = await home.visitor('Kid').join(link)
    expect(kid.view.conversations?.conversations.filter(({ isFamily }) => isFamily) ?? []).toEqual([])
    await oma.restart()
    const family = await kid.inFamily()
    await say(oma, family, 'there you are')
    await reads(kid, family, 'there you are')
    await oma.until('Kid to be verified', ({ people }) => people.every(({ verified }) => verified !== null))
  })

  test('takes in by another host whom the inviter vouched for and could not add', async () => {
    const oma = await home.founder()
    await oma.inFamily()
    const papa = await home.joiner('Papa', oma, 'host')
    const family = await papa.inFamily()
    papa.platform.middle = ({ path, init }, forward) =>
      init.method === 'POST' && path.endsWith('/entries') ? Promise.reject(new Error('unreachable')) : forward()
    const kid = await home.joiner('Kid', papa)
    expect(await kid.inFamily()).toBe(family)
    const seen = await kid.until('Papa as inviter', ({ people }) =>
      people.find(({ signInName }) => signInName === 'papa'),
    )
    expect(seen.verified).toBe('invite')
    await oma.until('Kid vouched for', ({ people }) =>
      people.some(({ signInName, verified }) => signInName === 'kid' && verified === 'vouched'),
    )
  })

  test('does not take back in whom it removed', async () => {
    const oma = await home.founder()
    const family = await oma.inFamily()
    const kid = await home.joiner('Kid', oma)
    await kid.inFamily()
    await oma.client.removeMember(family, kid.accountId)
    await kid.until('its removal', ({ view }) =>
      view.conversations?.conversations.some(({ conversationId, isMember }) => conversationId === family && !isMember),
    )
    await oma.restart()
    await home.joiner('Papa', oma).then((papa) => papa.inFamily())
    const seen = oma.view.conversations!.conversations.find(({ isFamily }) => isFamily)!
    expect(seen.members.map(({ accountId }) => accountId)).not.toContain(kid.accountId)
  })

  test('sees a new name and face of somebody', async () => {
    const oma = await home.founder()
    await oma.inFamily()
    const papa = await home.joiner('Papa', oma)
    await papa.inFamily()
    const photo = systemRandom(2_000)
    await oma.client.setProfile('Oma Käthe', photo)
    const seen = await papa.until('the new name', ({ people }) => people.find(({ name }) => name === 'Oma Käthe'))
    expect(seen.photo).toEqual(photo)
  })

  test('sees who is there and who left', async () => {
    const oma = await home.founder()
    await oma.inFamily()
    const papa = await home.joiner('Papa', oma)
    await papa.inFamily()
    const isOnline = (member: Member) => member.people.find(({ signInName }) => signInName === 'papa')?.isOnline
    await oma.until('Papa to be there', isOnline)
    await papa.restart()
    papa.platform.kill()
    await oma.until('Papa to be gone', (member) => isOnline(member) === false)
  })

  test('keeps its history for a device that comes later', async () => {
    const oma = await home.founder()
    const family = await oma.inFamily()
    const papa = await home.joiner('Papa', oma)
    await papa.inFamily()
    await say(oma, family, 'the first message')
    await reads(papa, family, 'the first message')
    await say(papa, family, 'and the second')
    await reads(oma, family, 'and the second')
    const tablet = home.visitor('Tablet')
    await tablet.client.signIn('papa', papa.recoveryCode)
    await tablet.inFamily()
    let shown: string[] = []
    for (let tries = 0; tries < 50 && shown.length < 2; tries++) {
      shown = (await tablet.client.openThread(family, 50)).items
        .filter(({ kind }) => kind === 'text')
        .map(({ text }) => text)
      if (shown.length < 2) await Bun.sleep(100)
    }
    expect(shown).toEqual(['the first message', 'and the second'])
    await say(oma, family, 'for both devices')
    await reads(tablet, family, 'for both devices')
    await reads(papa, family, 'for both devices')
  })
})
