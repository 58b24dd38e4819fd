import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { generateDhKeyPair, generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { makeKemPrekey, makeSignedPrekey } from '../../src/crypto/prekey-signing.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import type { HomeView } from '../../src/protocol/accounts.ts'
import type { LogPage, PrekeyBundle } from '../../src/protocol/devices.ts'
import { type Incarnation, idFromBytes, idToBytes, toBase64Url } from '../../src/protocol/ids.ts'
import { systemClock } from '../support/bun-platform.ts'
import { codeOf, type Member } from '../support/member.ts'
import { hears, newMessageId, say, shown } from '../support/talk.ts'
import { Between } from './between.ts'
import { alarmOf, everShown, Operator, rings } from './operator.ts'
import { Rogue } from './rogue.ts'

setDefaultTimeout(60_000)

const DAY_MS = 86_400_000
let operator: Operator
let oma: Member
let papa: Member
let atPapa: Between
let aheadMs: number

beforeEach(async () => {
  aheadMs = 0
  operator = await Operator.open()
  oma = await operator.home.founder()
  const clock = { now: () => Date.now() + aheadMs, schedule: systemClock.schedule }
  papa = operator.home.visitor('Papa', { clock })
  await papa.join(await oma.invite('Papa'))
  for (const member of [oma, papa]) await member.inFamily()
  atPapa = await Between.before(papa)
  for (const member of [oma, papa]) await isOnline(member)
})
afterEach(() => operator[Symbol.asyncDispose]())

const isOnline = (member: Member) =>
  member.until('being online', ({ view }) => view.connection?.connection.state === 'online')
const deviceOf = (member: Member) => member.view.me!.me.deviceId
/** Serves this log to one device, over HTTP and at the next welcome; the rest stays honest. */
function serveLog(at: Between, entries: () => Promise<Uint8Array[]>, time?: () => number): void {
  at.answer<LogPage>('GET', /^\/api\/log\?from=/, async (_page, { path }) =>
    operator.page(await entries(), Number(path.split('=')[1]), time?.()),
  )
}

describe('a home that wants to read along', () => {
  test('cannot add a device to somebody: the alarm names both, and nothing is ever sealed for the ghost', async () => {
    const ghost = operator.ghostDevice(oma)
    const all = [...(await operator.entries()), ghost.entry]
    atPapa.inject({ type: 'logGrew', from: all.length - 1, entries: [ghost.entry], treeHead: operator.head(all) })
    expect(await rings(papa)).toMatchObject({ kind: 'bad_entry', personId: oma.accountId, deviceId: ghost.deviceId })
    const direct = await papa.client.openDirect(oma.accountId)
    await say(papa, direct, 'between us')
    await Bun.sleep(500)
    expect(atPapa.sealedFor()).not.toContain(ghost.deviceId)
    expect(atPapa.sent('post').filter(({ conversationId }) => conversationId === direct)).toEqual([])
  })

  test('gets nothing sealed for a device that it slips into the prekeys alone', async () => {
    const ghost = operator.ghostDevice(oma)
    atPapa.answer<PrekeyBundle[]>('POST', /\/claim$/, (bundles) =>
      bundles.flatMap((bundle) => [bundle, { ...bundle, deviceId: ghost.deviceId }]),
    )
    const direct = await papa.client.openDirect(oma.accountId)
    await say(papa, direct, 'between us')
    await hears(oma, direct, 'between us')
    expect(atPapa.sealedFor()).toContain(deviceOf(oma))
    expect(atPapa.sealedFor()).not.toContain(ghost.deviceId)
  })
})

describe('a home that swaps the prekeys of somebody', () => {
  const ownKey = (bundle: PrekeyBundle, publicKey: Uint8Array): PrekeyBundle => ({
    ...bundle,
    signed: { ...bundle.signed, publicKey: toBase64Url(publicKey) },
  })
  /** Kid comes, and is shown such prekeys of Oma's device at their first contact. */
  async function meetUnder(swap: (bundle: PrekeyBundle) => PrekeyBundle): Promise<[Member, Between]> {
    const kid = operator.home.visitor('Kid')
    const atKid = new Between(kid)
    const omas = deviceOf(oma)
    // Nobody else may be first: Kid has to begin the sessions.
    atKid.toDevice = (frame) => (frame.type === 'envelopes' ? [] : [frame])
    atKid.answer<PrekeyBundle[]>('POST', /\/claim$/, (bundles) =>
      bundles.map((bundle) => (bundle.deviceId === omas ? swap(bundle) : bundle)),
    )
    await kid.join(await oma.invite('Kid'))
    await kid.inFamily()
    return [kid, atKid]
  }
  async function isCaught(swap: (bundle: PrekeyBundle) => PrekeyBundle): Promise<void> {
    const [kid, atKid] = await meetUnder(swap)
    expect(await rings(kid, 'bad_entry')).toMatchObject({ personId: oma.accountId, deviceId: deviceOf(oma) })
    const family = await kid.inFamily()
    await say(kid, family, 'a secret')
    await Bun.sleep(500)
    expect(atKid.sealedFor()).not.toContain(deviceOf(oma))
    expect(everShown(oma, family)).toEqual([])
  }

  test('for its own, with its own signature', async () => {
    const own = generateDhKeyPair()
    const signer = { userId: idToBytes(oma.accountId), deviceId: idToBytes(deviceOf(oma)), random: systemRandom }
    const dskSecret = generateSigningKeyPair<'device'>().secretKey
    await isCaught((bundle) => {
      const forged = makeSignedPrekey({ ...signer, dskSecret }, bundle.signed.id, Date.now())
      const { publicKey, signature, createdAt } = forged
      const signed = {
        ...bundle.signed,
        createdAt,
        publicKey: toBase64Url(publicKey),
        signature: toBase64Url(signature),
      }
      return { ...ownKey(bundle, own.publicKey), signed }
    })
  })

  test('for its own, under the genuine signature of another', async () => {
    await isCaught((bundle) => ownKey(bundle, generateDhKeyPair().publicKey))
  })

  test('for a KEM key of its own', async () => {
    await isCaught((bundle) => ({ ...bundle, kem: { ...bundle.kem, publicKey: toBase64Url(systemRandom(1184)) } }))
  })

  test('for genuine ones of five weeks ago, whose private half it may have got meanwhile', async () => {
    const { identity } = await Rogue.of(oma)
    const dskSecret = identity.dsk.secretKey
    const owner = {
      userId: idToBytes(oma.accountId),
      deviceId: idToBytes(deviceOf(oma)),
      random: systemRandom,
      dskSecret,
    }
    const old = Date.now() - 35 * DAY_MS
    const signed = makeSignedPrekey(owner, 1, old)
    const kem = makeKemPrekey(owner, 1, old)
    const text = ({ id, createdAt, publicKey, signature }: typeof signed | typeof kem) => ({
      ...{ id, createdAt, publicKey: toBase64Url(publicKey), signature: toBase64Url(signature) },
    })
    const [kid, atKid] = await meetUnder((bundle) => ({ ...bundle, signed: text(signed), kem: text(kem) }))
    const family = await kid.inFamily()
    await say(kid, family, 'to everybody')
    await hears(papa, family, 'to everybody')
    const direct = await kid.client.openDirect(oma.accountId)
    const messageId = newMessageId()
    await kid.client.sendText(direct, messageId, 'a secret')
    await Bun.sleep(1_000)
    // No alarm: a tablet that lay in a drawer looks the same. What is for it alone waits, and says so.
    expect(shown(kid, direct).get(messageId)?.state).toBe('sending')
    expect(atKid.sealedFor()).toContain(deviceOf(papa))
    expect(atKid.sealedFor()).not.toContain(deviceOf(oma))
    expect(alarmOf(kid)).toBeNull()
    expect(everShown(oma, direct)).toEqual([])
  })
})

describe('a home that shows different logs', () => {
  test('to two people is found out as soon as they talk, and keeps them from sealing more', async () => {
    const ghosts = Array.from({ length: 5 }, () => operator.ghostPerson().entries).flat()
    const before = await operator.entries()
    const papas = [...before, ...ghosts]
    serveLog(atPapa, async () => papas)
    atPapa.toDevice = (frame) => (frame.type === 'logGrew' ? [] : [frame])
    atPapa.inject({ type: 'logGrew', from: before.length, entries: ghosts, treeHead: operator.head(papas) })
    const tablet = operator.home.visitor('Tablet')
    await tablet.client.signIn('oma', oma.passphrase)
    const direct = await oma.client.openDirect(papa.accountId)
    await say(oma, direct, 'hello')
    const alarm = await rings(papa, 'fork')
    expect(alarm.detail).toContain('another log')
    const sent = atPapa.sent('post').filter(({ conversationId }) => conversationId === direct).length
    await say(papa, direct, 'to whom am I talking?')
    await Bun.sleep(500)
    expect(atPapa.sent('post').filter(({ conversationId }) => conversationId === direct).length).toBe(sent)
  })

  test('now and later: less than before, under a newer head and the old incarnation', async () => {
    const early = (await operator.entries()).slice(0, 2)
    atPapa.inject({ type: 'logGrew', from: 2, entries: [], treeHead: operator.head(early, Date.now() + 60_000) })
    expect((await rings(papa)).kind).toBe('rollback')
  })

  test('under a head that its key did not sign', async () => {
    const head = operator.head(await operator.entries())
    head[100]! ^= 1
    atPapa.inject({ type: 'logGrew', from: 4, entries: [], treeHead: head })
    expect((await rings(papa)).kind).toBe('fork')
  })
})

describe('a home that plays with time', () => {
  test('cannot freeze the log under a head from the future', async () => {
    const entries = await operator.entries()
    const future = Date.now() + 400 * DAY_MS
    serveLog(
      atPapa,
      async () => entries,
      () => future,
    )
    atPapa.inject({ type: 'logGrew', from: entries.length, entries: [], treeHead: operator.head(entries, future) })
    const direct = await papa.client.openDirect(oma.accountId)
    await say(papa, direct, 'in a year')
    await Bun.sleep(500)
    expect(atPapa.sent('post').filter(({ conversationId }) => conversationId === direct)).toEqual([])
    expect(await codeOf(papa.client.createGroup('Group', null, [oma.accountId]))).toBe('untrusted_server')
  })

  test('cannot keep an old log alive by a head older than a day', async () => {
    const entries = await operator.entries()
    const signedAt = Date.now()
    serveLog(
      atPapa,
      async () => entries,
      () => signedAt,
    )
    atPapa.toDevice = (frame) => (frame.type === 'logGrew' ? [] : [frame])
    aheadMs = 25 * 3_600_000
    const direct = await papa.client.openDirect(oma.accountId)
    await say(papa, direct, 'tomorrow')
    await Bun.sleep(500)
    expect(atPapa.sent('post').filter(({ conversationId }) => conversationId === direct)).toEqual([])
    expect(await codeOf(papa.client.createGroup('Group', null, [oma.accountId]))).toBe('untrusted_server')
  })
})

describe('a home that says it was restored', () => {
  test('and never takes back what it lost rings the alarm', async () => {
    const early = (await operator.entries()).slice(0, 2)
    const incarnation = idFromBytes<Incarnation>(systemRandom(16))
    serveLog(atPapa, async () => early)
    atPapa.answer<HomeView>('GET', /^\/api\/home$/, (view) => ({ ...view, incarnation, restoredFrom: Date.now() }))
    atPapa.answer('POST', /^\/api\/heal\/log$/, () => ({ treeHead: toBase64Url(operator.head(early)) }))
    atPapa.toDevice = (frame) =>
      frame.type === 'welcome'
        ? [{ ...frame, incarnation, restoredFrom: Date.now(), treeHead: operator.head(early) }]
        : [frame]
    atPapa.cut()
    await papa.until('the new incarnation', () => atPapa.requests.some(({ path }) => path === '/api/heal/log'))
    const direct = await papa.client.openDirect(oma.accountId).catch(() => null)
    expect(alarmOf(papa)?.kind ?? 'none').toMatch(/none|rollback/)
    expect(await rings(papa, 'rollback')).toBeDefined()
    if (direct) expect(atPapa.sent('post').filter(({ conversationId }) => conversationId === direct)).toEqual([])
  })
})

describe('a home that was restored', () => {
  /** The incarnation is new; behind it stands the home as it is. */
  function restored(answer: (body: unknown) => unknown): void {
    const incarnation = idFromBytes<Incarnation>(systemRandom(16))
    const restoredFrom = Date.now() - 60_000
    atPapa.answer<HomeView>('GET', /^\/api\/home$/, (view) => ({ ...view, incarnation, restoredFrom }))
    atPapa.answer('POST', /^\/api\/heal\//, (json) => answer(json))
    atPapa.toDevice = (frame) => (frame.type === 'welcome' ? [{ ...frame, incarnation, restoredFrom }] : [frame])
  }

  test('and has taken everything back rings nothing, although it greeted with less under a newer head', async () => {
    const early = (await operator.entries()).slice(0, 2)
    restored((json) => json ?? {})
    atPapa.answer('POST', /heal\/log$/, () => ({ treeHead: '' }))
    atPapa.answer('POST', /heal\/missing$/, () => ({ missing: [] }))
    atPapa.answer('POST', /heal\/(account|conversations|bodies)$/, () => ({}))
    const change = atPapa.toDevice
    atPapa.toDevice = (frame) =>
      change(frame).map((next) =>
        next.type === 'welcome' ? { ...next, treeHead: operator.head(early, Date.now() + 60_000) } : next,
      )
    atPapa.cut()
    await papa.until('the calm line', ({ view }) => view.home?.home.restored)
    await Bun.sleep(1_000)
    expect(alarmOf(papa)).toBeNull()
  })

  test('and refuses for a day to take anything back rings the alarm; until then nothing is posted', async () => {
    restored(() => {
      throw new Error('cannot now')
    })
    atPapa.cut()
    await papa.until('an offer', () => atPapa.requests.some(({ path }) => path === '/api/heal/log'))
    const posts = atPapa.sent('post').length
    const family = await papa.inFamily()
    await say(papa, family, 'into the void')
    await Bun.sleep(500)
    expect(alarmOf(papa)).toBeNull()
    expect(atPapa.sent('post').length).toBe(posts)
    aheadMs = 25 * 3_600_000
    atPapa.cut()
    expect((await rings(papa)).detail).toContain('restored')
    expect(atPapa.sent('post').length).toBe(posts)
  })
})

describe('a home that drowns a device', () => {
  test('in a log without end is refused before the memory is full', async () => {
    const junk = toBase64Url(systemRandom(100))
    const treeHead = operator.claim(1e12, systemRandom(32))
    const entries = Array.from({ length: 1_000 }, () => junk)
    atPapa.answer<LogPage>('GET', /^\/api\/log\?from=/, () => ({ entries, treeHead: toBase64Url(treeHead) }))
    atPapa.inject({ type: 'logGrew', from: 1e12, entries: [], treeHead })
    expect(await rings(papa)).toMatchObject({ kind: 'fork', detail: 'a log without end' })
    expect(atPapa.requests.filter(({ path }) => path.startsWith('/api/log?')).length).toBeLessThan(110)
  })

  test('in one page of 65,000 entries is refused', async () => {
    const junk = toBase64Url(systemRandom(100))
    const treeHead = operator.claim(70_000, systemRandom(32))
    const entries = Array.from({ length: 65_000 }, () => junk)
    atPapa.answer<LogPage>('GET', /^\/api\/log\?from=/, () => ({ entries, treeHead: toBase64Url(treeHead) }))
    atPapa.inject({ type: 'logGrew', from: 70_000, entries: [], treeHead })
    expect(await rings(papa)).toMatchObject({ kind: 'fork', detail: 'a page of the log that is too long' })
  })
})
