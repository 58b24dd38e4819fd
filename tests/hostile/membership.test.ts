import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { signConversationEntry } from '../../src/crypto/conversation-log-signing.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import type { HomeView } from '../../src/protocol/accounts.ts'
import type { EntryPage } from '../../src/protocol/conversations.ts'
import { type ConversationId, fromBase64Url, idToBytes, toBase64Url } from '../../src/protocol/ids.ts'
import type { Member } from '../support/member.ts'
import { conversation, hears, knows, say } from '../support/talk.ts'
import { Between } from './between.ts'
import { alarmOf, everShown, Operator, rings } from './operator.ts'
import { Rogue } from './rogue.ts'

setDefaultTimeout(60_000)

let operator: Operator
let oma: Member
let papa: Member
let mama: Member
let atOma: Between
let atPapa: Between
let atMama: Between
let group: ConversationId

beforeEach(async () => {
  operator = await Operator.open()
  oma = await operator.home.founder()
  papa = await operator.home.joiner('Papa', oma)
  mama = await operator.home.joiner('Mama', oma)
  for (const member of [oma, papa, mama]) await member.inFamily()
  ;[atOma, atPapa, atMama] = [await Between.before(oma), await Between.before(papa), await Between.before(mama)]
  for (const member of [oma, papa, mama]) {
    await member.until('being online', ({ view }) => view.connection?.connection.state === 'online')
  }
  group = await oma.client.createGroup('Group', null, [papa.accountId, mama.accountId])
  for (const member of [papa, mama]) await knows(member, group)
  for (const member of [oma, papa, mama]) await talk(member, `hello from ${member.name}`)
})
afterEach(() => operator[Symbol.asyncDispose]())

async function talk(member: Member, words: string, readers = [oma, papa, mama]): Promise<void> {
  await say(member, group, words)
  for (const reader of readers) if (reader !== member) await hears(reader, group, words)
}
const memberCount = (member: Member, id = group) => conversation(member, id)?.members.length ?? 0

describe('a home that wants a ghost in a group', () => {
  test('cannot sign one in: the alarm rings and nothing is sealed for the ghost', async () => {
    const ghost = operator.ghostPerson()
    const chain = await (await Rogue.of(oma)).chain(group)
    const all = [...(await operator.entries()), ...ghost.entries]
    const treeHead = operator.head(all)
    // The ghost is in the log as anybody could be; what it lacks is an admin's signature.
    for (const at of [atPapa, atMama]) {
      at.inject({ type: 'logGrew', from: all.length - 2, entries: ghost.entries, treeHead })
    }
    const entry = signConversationEntry(ghost.dsk.secretKey, {
      ...{ convId: idToBytes(group), seq: chain.epoch + 1, prev: chain.convHead, sthSize: all.length },
      ...{ signerUser: ghost.userId, signerDevice: ghost.rawDeviceId },
      body: { type: 'add', userId: ghost.userId, uikHash: sha256(ghost.uik.publicKey), role: 'member' },
    })
    atPapa.inject({ type: 'conversationGrew', conversationId: group, index: chain.epoch + 1, entry })
    expect((await rings(papa)).kind).toBe('bad_entry')
    await say(papa, group, 'is anybody listening?')
    await atPapa.member.until('nothing goes out', () => true)
    expect(atPapa.sealedFor()).not.toContain(ghost.deviceId)
    expect(memberCount(papa)).toBe(3)
  })

  test('cannot forge an admin’s signature either, nor promote a member to admin', async () => {
    const chain = await (await Rogue.of(oma)).chain(group)
    const base = { convId: idToBytes(group), seq: chain.epoch + 1, prev: chain.convHead }
    const sthSize = (await operator.entries()).length
    const mamas = await Rogue.of(mama)
    const byOma = signConversationEntry(generateSigningKeyPair<'device'>().secretKey, {
      ...{ ...base, sthSize, signerUser: idToBytes(oma.accountId), signerDevice: idToBytes(oma.view.me!.me.deviceId) },
      body: { type: 'remove', userId: idToBytes(papa.accountId) },
    })
    const byMama = signConversationEntry(mamas.identity.dsk.secretKey, {
      ...{ ...base, sthSize, signerUser: idToBytes(mama.accountId) },
      ...{ signerDevice: idToBytes(mamas.identity.deviceId) },
      body: { type: 'role', userId: idToBytes(mama.accountId), role: 'admin' },
    })
    atPapa.inject({ type: 'conversationGrew', conversationId: group, index: base.seq, entry: byOma })
    expect((await rings(papa)).kind).toBe('bad_entry')
    expect(conversation(papa, group)?.isMember).toBe(true)
    atOma.inject({ type: 'conversationGrew', conversationId: group, index: base.seq, entry: byMama })
    const alarm = await rings(oma)
    expect(alarm).toMatchObject({ kind: 'bad_entry', personId: mama.accountId })
    expect(conversation(oma, group)?.members.find(({ accountId }) => accountId === mama.accountId)?.isAdmin).toBe(false)
  })
})

describe('a home that withholds', () => {
  /** What a home shows that wants Papa not to learn of any entry from now on. */
  function freeze(between: Between, count: number): void {
    between.answer<EntryPage>('GET', /\/entries\?from=/, (page, { path }) => ({
      ...page,
      entries: page.entries.slice(0, Math.max(0, count - Number(path.split('=')[1]))),
    }))
    between.answer<{ conversationId: string; entryCount: number }[]>('GET', /^\/api\/conversations$/, (views) =>
      views.map((view) => (view.conversationId === group ? { ...view, entryCount: count } : view)),
    )
    between.toDevice = (frame) => {
      if (frame.type === 'conversationGrew' && frame.conversationId === group) return []
      if (frame.type === 'welcome') {
        const conversations = frame.conversations.map((view) =>
          view.conversationId === group ? { ...view, entryCount: count } : view,
        )
        return [{ ...frame, conversations }]
      }
      return [frame]
    }
  }

  test('a removal is found out by the first word of whoever saw it, and nothing more is said to the removed', async () => {
    const count = (await (await Rogue.of(oma)).chain(group)).epoch + 1
    freeze(atPapa, count)
    await oma.client.removeMember(group, mama.accountId)
    await say(oma, group, 'Mama is gone')
    const alarm = await rings(papa, 'unreachable_head')
    expect(alarm.personId).toBe(oma.accountId)
    // What was on its way when the alarm rang has gone; then nothing goes any more.
    await Bun.sleep(300)
    const sent = atPapa.sent('post').length
    await say(papa, group, 'a secret from Mama')
    await Bun.sleep(1_000)
    expect(atPapa.sent('post').length).toBe(sent)
    expect(everShown(mama, group)).not.toContain('a secret from Mama')
  })

  test('a removal from one and shows another future to them: two futures of one group are found out', async () => {
    const rogue = await Rogue.of(oma)
    const chain = await rogue.chain(group)
    const base = { convId: idToBytes(group), seq: chain.epoch + 1, prev: chain.convHead }
    const signer = { signerUser: idToBytes(oma.accountId), signerDevice: idToBytes(rogue.identity.deviceId) }
    // Oma's device signed this once for real (a policy), and the home kept it back for such a day.
    const other = signConversationEntry(rogue.identity.dsk.secretKey, {
      ...{ ...base, ...signer, sthSize: (await operator.entries()).length },
      body: { type: 'policy', historyPolicy: 'share' },
    })
    freeze(atPapa, base.seq)
    atPapa.inject({ type: 'conversationGrew', conversationId: group, index: base.seq, entry: other })
    await oma.client.removeMember(group, mama.accountId)
    await say(oma, group, 'Mama is gone')
    expect(await rings(papa, 'fork')).toMatchObject({ personId: oma.accountId })
    expect(everShown(papa, group)).not.toContain('Mama is gone')
  })
})

describe('a home that lies about what its members’ software acts on', () => {
  test('cannot have a private group filled by naming it the family conversation', async () => {
    const secret = await oma.client.createGroup('Surprise for Papa', null, [mama.accountId])
    await knows(mama, secret)
    atOma.answer<HomeView>('GET', /^\/api\/home$/, (view) => ({ ...view, familyConversationId: secret }))
    atOma.inject({ type: 'changed', what: 'home' })
    atOma.inject({ type: 'changed', what: 'accounts' })
    await oma.until('the lie', () => atOma.requests.filter(({ path }) => path === '/api/home').length >= 2)
    await Bun.sleep(6_000)
    expect(memberCount(oma, secret)).toBe(2)
    expect(conversation(papa, secret)).toBeNull()
    expect(atOma.requests.filter(({ method, path }) => method === 'POST' && path.includes(secret))).toEqual([])
  })

  test('cannot have a removed person taken in again by hiding that they ever were there', async () => {
    const family = await oma.inFamily()
    await oma.client.removeMember(family, mama.accountId)
    await oma.until('two in the family', (self) => memberCount(self, family) === 2)
    atOma.answer<EntryPage>('GET', /\/entries\?from=0/, (page) => ({ ...page, entries: page.entries.slice(0, 1) }))
    atOma.inject({ type: 'changed', what: 'accounts' })
    await Bun.sleep(6_000)
    expect(memberCount(oma, family)).toBe(2)
    expect(alarmOf(oma)).toBeNull()
  })

  test('cannot make a guest an admin by calling them a host', async () => {
    const family = await oma.inFamily()
    atOma.answer<{ signInName: string; role: string }[]>('GET', /^\/api\/accounts$/, (accounts) =>
      accounts.map((account) => (account.signInName === 'kid' ? { ...account, role: 'host' } : account)),
    )
    const kid = await operator.home.joiner('Kid', oma)
    await kid.inFamily()
    await oma.until('four in the family', (self) => memberCount(self, family) === 4)
    await Bun.sleep(1_500)
    const kidSeen = conversation(oma, family)!.members.find(({ accountId }) => accountId === kid.accountId)
    expect(kidSeen?.isAdmin).toBe(false)
  })

  test('cannot open a direct conversation with somebody else than was meant', async () => {
    const wanted = mama.accountId
    atOma.answer<{ conversationId: string; accountIds: string[] }>('POST', /\/direct$/, (view) => ({
      ...view,
      accountIds: [oma.accountId, papa.accountId],
    }))
    expect(await oma.client.openDirect(wanted).then(String, (error) => error.code)).toBe('untrusted_server')
    expect(fromBase64Url(toBase64Url(idToBytes(wanted)))).toEqual(idToBytes(wanted))
  })
})
