import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createLocalStore } from '../../src/client/local-store.ts'
import { parseBodyHeader } from '../../src/crypto/body-header.ts'
import type { PrekeyUpload } from '../../src/protocol/devices.ts'
import type { ConversationId, DeviceId } from '../../src/protocol/ids.ts'
import type { HttpMiddle } from '../support/bun-platform.ts'
import type { Member } from '../support/member.ts'
import { MovableClock } from '../support/movable-clock.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, say, thread, untilState } from '../support/talk.ts'

setDefaultTimeout(60_000)
const hour = 3_600_000
const day = 24 * hour

let clock: MovableClock
let home: RealHome
let oma: Member
let papa: Member
/** Whose prekeys each asked for, in order: one for each session begun. */
let claims: Map<string, DeviceId[]>

beforeEach(async () => {
  clock = new MovableClock()
  claims = new Map()
  home = await RealHome.open({ clock: clock.server })
  oma = await visitor('Oma').found(home.claimToken)
  papa = await visitor('Papa').join(await oma.invite('Papa'))
  for (const member of [oma, papa]) await member.inFamily()
})
afterEach(() => home[Symbol.asyncDispose]())

function visitor(name: string): Member {
  const seen: DeviceId[] = []
  claims.set(name, seen)
  const middle: HttpMiddle = ({ path, init }, forward) => {
    if (path === '/api/prekeys/claim') seen.push(...(init.json as { deviceIds: DeviceId[] }).deviceIds)
    return forward()
  }
  return home.visitor(name, { clock: clock.client, middle })
}
const claimsOf = (member: Member, of: Member) =>
  claims.get(member.name)!.filter((deviceId) => deviceId === of.view.me!.me.deviceId).length
const online = (member: Member) =>
  member.until('to be online', ({ view }) => view.connection?.connection.state === 'online')

/** Lets time pass as it does at a home that runs: its head is signed anew every hour, lines that fell silent come back. */
async function pass(ms: number): Promise<void> {
  clock.move(ms)
  home.context.keyLog.refreshHead()
  for (const member of [oma, papa]) {
    member.client.reconnect()
    await online(member)
  }
}
async function talk(by: Member, to: Member, id: ConversationId, text: string): Promise<void> {
  const said = await say(by, id, text)
  await hears(to, id, text)
  await untilState(by, id, said, 'delivered')
}

describe('a session between two devices', () => {
  test('is replaced after a week of use, and nothing is lost over it', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await talk(oma, papa, id, 'one')
    await talk(papa, oma, id, 'two')
    const before = claimsOf(oma, papa)
    await pass(6 * day)
    await talk(oma, papa, id, 'three')
    expect(claimsOf(oma, papa)).toBe(before)
    await pass(day + hour)
    await talk(oma, papa, id, 'four')
    await talk(papa, oma, id, 'five')
    expect(claimsOf(oma, papa) + claimsOf(papa, oma)).toBeGreaterThan(before)
    const after = claimsOf(oma, papa) + claimsOf(papa, oma)
    await talk(oma, papa, id, 'six')
    expect(claimsOf(oma, papa) + claimsOf(papa, oma)).toBe(after)
    expect(await thread(papa, id)).toEqual(['one', 'two', 'three', 'four', 'five', 'six'])
  })

  test('is replaced after a thousand messages', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await talk(oma, papa, id, 'one')
    await talk(papa, oma, id, 'two')
    const before = claimsOf(oma, papa)
    await oma.client[Symbol.asyncDispose]()
    const store = createLocalStore(oma.platform)
    type Held = { session: { messageCount: number }; isArchived: boolean }
    for (const { key, value } of await store.list<{ held: Held[] }>('sessions', {})) {
      const held = value.held.map((item) => ({ ...item, session: { ...item.session, messageCount: 999 } }))
      await store.commit([{ table: 'sessions', key, value: { ...value, held } }])
    }
    await oma.restart({ isCrash: true })
    await online(oma)
    await talk(oma, papa, id, 'three')
    await talk(oma, papa, id, 'four')
    expect(claimsOf(oma, papa)).toBe(before + 1)
    expect(await thread(papa, id)).toEqual(['one', 'two', 'three', 'four'])
  })

  test('that opens nothing any more is begun anew after three failures, and what was lost comes again', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await talk(oma, papa, id, 'one')
    await talk(papa, oma, id, 'two')
    papa.platform.goOffline()
    for (const text of ['three', 'four', 'five']) await say(oma, id, text)
    await oma.until('them to be sent', (self) => conversation(self, id)?.preview.state === 'sent')
    const { deviceId } = papa.view.me!.me
    const waiting = await home.context.database.all<{ id: number; frame: Uint8Array }>(
      'SELECT envelope_id AS id, frame FROM envelopes WHERE device_id = ?',
      deviceId,
    )
    expect(waiting).toHaveLength(3)
    for (const { id: envelopeId, frame } of waiting) {
      frame[frame.length - 1]! ^= 1
      await home.context.database.transaction((tx) =>
        tx.run('UPDATE envelopes SET frame = ? WHERE envelope_id = ?', frame, envelopeId),
      )
    }
    const before = claimsOf(papa, oma)
    papa.platform.isOffline = false
    papa.client.reconnect()
    for (const text of ['three', 'four', 'five']) await hears(papa, id, text)
    expect(claimsOf(papa, oma)).toBe(before + 1)
    expect(await thread(papa, id)).toEqual(['one', 'two', 'three', 'four', 'five'])
  })
})

describe('a sender chain', () => {
  async function chainsOf(id: ConversationId): Promise<string[]> {
    const sql = 'SELECT body FROM messages WHERE conversation_id = ? AND class = 0 ORDER BY seq'
    const rows = await home.context.database.all<{ body: Uint8Array }>(sql, id)
    return rows.map(({ body }) => {
      const header = parseBodyHeader(body)
      return header.mode === 2 ? header.chainId.join() : ''
    })
  }

  test('is replaced after a day of use', async () => {
    const id = await oma.client.createGroup('Garden', null, [papa.accountId])
    await knows(papa, id)
    await talk(oma, papa, id, 'one')
    await pass(23 * hour)
    await talk(oma, papa, id, 'two')
    await pass(2 * hour)
    await talk(oma, papa, id, 'three')
    const [first, second, third] = await chainsOf(id)
    expect(second).toBe(first!)
    expect(third).not.toBe(first!)
    expect((await thread(papa, id)).filter((line) => !line.startsWith('['))).toEqual(['one', 'two', 'three'])
  })

  test('is replaced after two hundred messages', async () => {
    const id = await oma.client.createGroup('Garden', null, [papa.accountId])
    await knows(papa, id)
    for (let count = 0; count < 205; count++) await say(oma, id, `message ${count}`)
    await hears(papa, id, 'message 204')
    const chains = await chainsOf(id)
    expect(chains).toHaveLength(205)
    expect(new Set(chains).size).toBe(2)
    expect(chains.lastIndexOf(chains[0]!)).toBeLessThan(200)
  })

  test('changes with who is in the group', async () => {
    const mama = await visitor('Mama').join(await oma.invite('Mama'))
    await mama.inFamily()
    const id = await oma.client.createGroup('Garden', null, [papa.accountId, mama.accountId])
    await knows(mama, id)
    await talk(oma, papa, id, 'one')
    await oma.client.removeMember(id, mama.accountId)
    await talk(oma, papa, id, 'two')
    const [first, second] = await chainsOf(id)
    expect(second).not.toBe(first!)
  })
})

test('prekeys are replaced after a week on a device whose line never broke', async () => {
  let aheadMs = 0
  const timers: { atMs: number; call: () => void }[] = []
  const uploads: PrekeyUpload[] = []
  const now = () => Date.now() + aheadMs
  const kid = home.visitor('Kid', {
    clock: {
      now,
      schedule(delayMs, call) {
        if (delayMs < hour) {
          const timer = setTimeout(call, delayMs)
          return () => clearTimeout(timer)
        }
        const entry = { atMs: now() + delayMs, call }
        timers.push(entry)
        return () => void timers.splice(timers.indexOf(entry) >>> 0, 1)
      },
    },
    middle({ path, init }, forward) {
      if (path === '/api/prekeys' && init.method === 'PUT') uploads.push(init.json as PrekeyUpload)
      return forward()
    },
  })
  await kid.join(await oma.invite('Kid'))
  await kid.inFamily()
  await kid.until('upkeep to be planned', () => timers.length > 0)
  uploads.length = 0
  kid.events.length = 0
  aheadMs = 7 * day + hour
  for (const { call } of timers.splice(0).filter(({ atMs }) => atMs <= now())) call()
  await kid.until('the upload', () => uploads.some(({ replaceAll }) => replaceAll))
  expect(kid.events.filter((event) => event.type === 'connection')).toEqual([])
  const id = await oma.client.openDirect(kid.accountId)
  await say(oma, id, 'hello')
  await hears(kid, id, 'hello')
})

test('a group appears with its name although the home could not be asked when it was made', async () => {
  const mama = visitor('Mama')
  await mama.join(await oma.invite('Mama'))
  await mama.inFamily()
  let isDown = true
  let failures = 0
  mama.platform.middle = ({ path }, forward) => {
    if (!isDown || !path.startsWith('/api/conversations')) return forward()
    failures++
    return Promise.resolve({ status: 429, json: { error: 'too_many' } })
  }
  const id = await oma.client.createGroup('Garden', null, [papa.accountId, mama.accountId])
  await papa.until('the name', (self) => conversation(self, id)?.title === 'Garden')
  await mama.until('a refused call', () => failures > 0)
  isDown = false
  await mama.until('the name', (self) => conversation(self, id)?.title === 'Garden')
  expect(conversation(mama, id)?.isMember).toBe(true)
})

test('a chat stays writable when the home refuses to list it for a while', async () => {
  const id = await oma.client.createGroup('Garden', null, [papa.accountId])
  await papa.until('the name', (self) => conversation(self, id)?.title === 'Garden')
  let left = 3
  papa.platform.middle = async ({ path }, forward) => {
    if (path === '/api/conversations' && left-- > 0) return { status: 200, json: [] }
    if (path.startsWith(`/api/conversations/${id}`) && left > 0) return { status: 503, json: { error: 'unavailable' } }
    return forward()
  }
  await oma.client.openDirect(papa.accountId)
  await Bun.sleep(300)
  expect(conversation(papa, id)?.isMember).toBe(true)
  await talk(papa, oma, id, 'still here')
})

describe('a device that was off for more than a month', () => {
  test('keeps nobody from writing to its person, and reads what was said when it is back', async () => {
    const tablet = visitor('Tablet')
    await tablet.client.signIn('papa', papa.passphrase)
    await online(tablet)
    tablet.platform.goOffline()
    await pass(16 * day)
    await pass(16 * day)
    const id = await oma.client.openDirect(papa.accountId)
    await talk(oma, papa, id, 'the tablet sleeps')
    await tablet.restart()
    await hears(tablet, id, 'the tablet sleeps')
    await talk(oma, papa, id, 'good morning')
    await hears(tablet, id, 'good morning')
  })
})
