import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createLocalStore } from '../../src/client/local-store.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { Between } from '../hostile/between.ts'
import type { Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, say, thread, untilState, wasTold } from '../support/talk.ts'

setDefaultTimeout(60_000)

let home: RealHome
let oma: Member
let papa: Member
let mama: Member
let kid: Member
let stranger: Member

beforeEach(async () => {
  home = await RealHome.open()
  oma = await home.founder()
  papa = await home.joiner('Papa', oma)
  mama = await home.joiner('Mama', oma)
  kid = await home.joiner('Kid', oma)
  stranger = await home.joiner('Stranger', oma)
  for (const member of [oma, papa, mama, kid, stranger]) await member.inFamily()
})
afterEach(() => home[Symbol.asyncDispose]())

/** Oma and Papa talk in a group that shares its history. */
async function talkedGroup(): Promise<ConversationId> {
  const id = await oma.client.createGroup('Garden', null, [papa.accountId])
  await knows(papa, id)
  await oma.client.setHistoryPolicy(id, 'share')
  await papa.until('the policy', (self) => conversation(self, id)?.historyPolicy === 'share')
  await say(oma, id, 'the roses bloom')
  await hears(papa, id, 'the roses bloom')
  const answer = await say(papa, id, 'water them')
  await hears(oma, id, 'water them')
  // Nobody has anything more to say, not even a receipt, that would bring a later device these chains.
  await untilState(papa, id, answer, 'delivered')
  return id
}

const texts = async (member: Member, id: ConversationId) =>
  (await thread(member, id)).filter((line) => !line.startsWith('['))
const holesIn = async (member: Member, id: ConversationId) =>
  (await thread(member, id)).filter((line) => line === '[waiting]' || line === '[unreadable]')
async function waitFor(what: string, ask: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 800; tries++) {
    if (await ask()) return
    await Bun.sleep(50)
  }
  throw new Error(`waited for ${what}`)
}

/** The chains of the conversation of which this device itself holds the certificate. */
async function heldBy(member: Member, id: ConversationId): Promise<string[]> {
  const range = { from: `voucher/${id}/`, before: `voucher/${id}/~` }
  return (await createLocalStore(member.platform).list('chains', range)).map(({ key }) => key)
}
async function archivedOf(member: Member, id: ConversationId): Promise<number> {
  const sql = 'SELECT count(*) AS n FROM vouchers WHERE account_id = ? AND conversation_id = ?'
  return (await home.context.database.get<{ n: number }>(sql, member.accountId, id))!.n
}
const untilArchived = (member: Member, id: ConversationId, count: number) =>
  waitFor(`${count} vouchers of ${member.name}`, async () => (await archivedOf(member, id)) >= count)

async function linkTablet(owner: Member, name: string): Promise<Member> {
  const device = home.visitor(name)
  const fresh = device.client.linkAsNew(null)
  const code = await device.until('the code', (self) => self.view.linking?.linking?.code)
  const old = owner.client.linkOther(code)
  for (const promise of [fresh, old]) promise.catch(() => undefined)
  await owner.until('the digits', (self) => self.view.linking?.linking?.stage === 'comparing')
  await owner.client.confirmLink(name)
  await Promise.all([fresh, old])
  return device
}
async function signInAgain(owner: Member, name: string, secret: string): Promise<Member> {
  const device = home.visitor(name)
  await device.client.signIn(owner.name.toLowerCase(), secret)
  return device
}
const isOnline = (member: Member) =>
  member.until('to be online', ({ view }) => view.connection?.connection.state === 'online')
async function isAdminOf(device: Member, id: ConversationId): Promise<void> {
  await device.until('the group', (self) => conversation(self, id)?.isMember)
  await isOnline(device)
}

describe('a device that came later', () => {
  test('hands newcomers what was said before it was there: the linked one, and the one from the kit', async () => {
    const id = await talkedGroup()
    papa.platform.goOffline()
    const earlier = await heldBy(oma, id)
    expect(earlier).not.toEqual([])
    const tablet = await linkTablet(oma, 'Tablet')
    // Nobody but the new device can help.
    oma.platform.goOffline()
    await isAdminOf(tablet, id)
    await tablet.until('what was said', (self) => conversation(self, id)?.preview.text === 'water them')
    expect((await heldBy(tablet, id)).filter((chain) => earlier.includes(chain))).toEqual([])
    await tablet.client.addMembers(id, [kid.accountId])
    await knows(kid, id)
    await hears(kid, id, 'the roses bloom')
    await hears(kid, id, 'water them')
    await say(tablet, id, 'said by the tablet')
    await hears(kid, id, 'said by the tablet')
    await say(kid, id, 'thank you')
    await hears(tablet, id, 'thank you')
    expect(await texts(kid, id)).toEqual(['the roses bloom', 'water them', 'said by the tablet', 'thank you'])

    await waitFor('the chains since', async () => (await archivedOf(oma, id)) >= 4)
    for (const device of [tablet, kid]) device.platform.goOffline()
    const before = [...earlier, ...(await heldBy(tablet, id))]
    const laptop = await signInAgain(oma, 'Laptop', oma.recoveryCode)
    await isAdminOf(laptop, id)
    await laptop.until('what was said', (self) => conversation(self, id)?.preview.text === 'thank you')
    expect((await heldBy(laptop, id)).filter((chain) => before.includes(chain))).toEqual([])
    await laptop.client.addMembers(id, [mama.accountId])
    for (const words of ['the roses bloom', 'water them', 'said by the tablet', 'thank you'])
      await hears(mama, id, words)
    expect(await texts(mama, id)).toEqual(['the roses bloom', 'water them', 'said by the tablet', 'thank you'])
    for (const member of [kid, mama]) expect(await holesIn(member, id)).toEqual([])
    expect(conversation(stranger, id)).toBeNull()
    for (const words of ['roses', 'water', 'tablet']) expect(wasTold(stranger, words)).toBe(false)
  })

  test('of somebody who was a newcomer once passes on what was shared with them', async () => {
    const id = await talkedGroup()
    await oma.client.addMembers(id, [mama.accountId])
    await knows(mama, id)
    await hears(mama, id, 'the roses bloom')
    await hears(mama, id, 'water them')
    await oma.client.setAdmin(id, mama.accountId, true)
    await untilArchived(mama, id, 2)
    await waitFor('her archive', async () => {
      const sql = `SELECT count(*) AS n FROM archive_rows JOIN messages USING (message_id)
        WHERE account_id = ? AND conversation_id = ? AND class = 0`
      return (await home.context.database.get<{ n: number }>(sql, mama.accountId, id))!.n >= 2
    })
    const tablet = await signInAgain(mama, 'Tablet', mama.passphrase)
    await isAdminOf(tablet, id)
    for (const device of [oma, papa, mama]) device.platform.goOffline()
    await tablet.client.addMembers(id, [kid.accountId])
    await hears(kid, id, 'the roses bloom')
    await hears(kid, id, 'water them')
    expect(await texts(kid, id)).toEqual(['the roses bloom', 'water them'])
  })

  test('shares what it can prove where the home withholds the rest, and nothing breaks', async () => {
    const id = await talkedGroup()
    await untilArchived(oma, id, 2)
    const tablet = await signInAgain(oma, 'Tablet', oma.passphrase)
    await isAdminOf(tablet, id)
    await say(tablet, id, 'said by the tablet')
    await hears(papa, id, 'said by the tablet')
    oma.platform.goOffline()
    await home.context.database.transaction((tx) => tx.run('DELETE FROM vouchers WHERE account_id = ?', oma.accountId))
    await tablet.client.addMembers(id, [kid.accountId])
    await hears(kid, id, 'said by the tablet')
    await waitFor('the debt to be paid', async () => {
      const debts = await createLocalStore(tablet.platform).list('keys', { from: 'hs/', before: 'hs0' })
      return debts.length === 0
    })
    await say(papa, id, 'welcome Kid')
    await hears(kid, id, 'welcome Kid')
    await say(kid, id, 'thank you')
    await hears(tablet, id, 'thank you')
    expect(await texts(kid, id)).toEqual(['said by the tablet', 'welcome Kid', 'thank you'])
    expect(wasTold(kid, 'roses')).toBe(false)
    expect(await holesIn(kid, id)).toEqual([])
    for (const member of [tablet, kid, papa]) expect(member.view.phase?.phase.name).toBe('inside')
  })
})

describe('the archive of chains', () => {
  test('takes in what a device held from before there was one', async () => {
    const id = await talkedGroup()
    await untilArchived(oma, id, 2)
    const held = (await heldBy(oma, id)).length
    expect(held).toBeGreaterThanOrEqual(2)
    const { accountId } = oma
    // As an older version left it: certificates in the device, none at the home, none on their way.
    await oma.client[Symbol.asyncDispose]()
    const store = createLocalStore(oma.platform)
    await store.commit([{ table: 'device', key: 'vouchers-archived', value: null }])
    const { database } = home.context
    await database.transaction(async (tx) => {
      for (const table of ['vouchers', 'voucher_counts'])
        await tx.run(`DELETE FROM ${table} WHERE account_id = ?`, accountId)
    })
    await oma.restart()
    await oma.until('who she is', ({ view }) => view.me)
    await untilArchived(oma, id, held)
    // Once: from now on only what is new goes there.
    await database.transaction((tx) => tx.run('DELETE FROM vouchers WHERE account_id = ?', accountId))
    await oma.restart()
    await oma.until('who she is', ({ view }) => view.me)
    const later = await oma.client.createGroup('Later', null, [papa.accountId])
    await untilArchived(oma, later, 1)
    expect(await archivedOf(oma, id)).toBe(0)
  })

  /** Until the newest body of this class stands in Papa's archive. */
  const untilRow = (id: ConversationId, bodyClass: number) =>
    waitFor('the archive row', async () => {
      const newest = 'SELECT message_id AS id FROM messages WHERE conversation_id = ? AND class = ? ORDER BY seq DESC'
      const message = await home.context.database.get<{ id: string }>(newest, id, bodyClass)
      const sql = 'SELECT 1 FROM archive_rows WHERE account_id = ? AND message_id = ?'
      return message !== null && (await home.context.database.get(sql, papa.accountId, message.id)) !== null
    })

  test('gets one row a chain, with the rows of messages, however much is said', async () => {
    const id = await talkedGroup()
    await untilArchived(papa, id, 2)
    await waitFor('an empty queue', async () => {
      const queued = await createLocalStore(papa.platform).list('outbox', { from: 'c/', before: 'c0' })
      return queued.length === 0
    })
    const known = await archivedOf(papa, id)
    const at = await Between.before(papa)
    const put = () => at.sent('putVouchers').flatMap(({ rows }) => rows.filter((row) => row.conversationId === id))
    await isOnline(papa)
    for (let count = 0; count < 10; count++) await say(oma, id, `flower ${count}`)
    await hears(papa, id, 'flower 9')
    await untilRow(id, 0)
    expect(at.sent('putArchive').length).toBeGreaterThan(0)
    expect(put().length).toBe(0)
    // A new epoch, and with it a new chain.
    await oma.client.addMembers(id, [mama.accountId])
    await say(oma, id, 'the next chain')
    await hears(papa, id, 'the next chain')
    await untilRow(id, 0)
    await untilArchived(papa, id, known + 1)
    expect(put().length).toBeGreaterThan(0)
    expect(new Set(put().map(({ chainId }) => chainId)).size).toBe(put().length)
  })

  test('holds no chain of disappearing messages', async () => {
    const id = await talkedGroup()
    await untilArchived(papa, id, 2)
    const sql = 'SELECT chain_id AS chain FROM vouchers WHERE account_id = ? AND conversation_id = ?'
    const chains = () => home.context.database.all<{ chain: string }>(sql, papa.accountId, id)
    const before = await chains()
    await oma.client.setDisappearing(id, 86_400)
    await papa.until('the timer', (self) => conversation(self, id)?.expirySeconds === 86_400)
    for (const words of ['one', 'two', 'three']) await say(oma, id, words)
    await hears(papa, id, 'three')
    // What lasts is archived on and on, by the chains that were there already.
    await untilRow(id, 2)
    const brief = await createLocalStore(oma.platform).get('chains', `brief/${id}`)
    expect(brief).not.toBeNull()
    expect(await chains()).toEqual(before)
    expect(await heldBy(papa, id)).toHaveLength(before.length)
  })
})
