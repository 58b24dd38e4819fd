import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { toBase64Url } from '../../src/protocol/ids.ts'
import type { ServerFrame } from '../../src/protocol/socket.ts'
import { jobs, runJob } from '../../src/server/jobs/index.ts'
import { codeOf, fetchOf, Home, type Person, postOf } from '../support/home.ts'
import type { RawSocket } from '../support/raw-socket.ts'
import type { GroupChain, SealedBody } from '../support/sealed.ts'

const hourMs = 3_600_000
let home: Home
let oma: Person
let papa: Person
let stranger: Person
let family: GroupChain

beforeAll(async () => {
  home = await Home.open()
  oma = await home.join('host')
  papa = await home.join()
  stranger = await home.join()
  family = await oma.device.createGroup(papa)
})
afterAll(() => home[Symbol.asyncDispose]())

const brief = (sealed: SealedBody, lifetimeHours = 24) => {
  const { archive: _, type: __, ...post } = postOf(family.conversationId, sealed)
  return { ...post, type: 'postEphemeral' as const, lifetimeHours }
}
const idsOf = (page: ServerFrame) =>
  page.type === 'page' ? page.items.map(({ body }) => toBase64Url(body)) : [codeOf(page)]
const rows = (of: Home) =>
  of.context.database.all<{ expiresAt: number | null }>('SELECT expires_at AS expiresAt FROM messages ORDER BY seq')
/** Time passes: lines fall silent and tokens run out, so everybody signs in again. */
async function pass(ms: number): Promise<void> {
  home.clock.move(ms)
  for (const { device } of [oma, papa, stranger]) device.cookie = await home.signIn(device.accountId, device.deviceId)
}
async function pageOf(person: Person, wish = {}, id = family.conversationId): Promise<string[]> {
  const socket = await person.device.connect()
  const page = await socket.ask(fetchOf(id, wish))
  socket.close()
  await socket.closed
  return idsOf(page)
}
const runExpiry = (of: Home) => runJob(of.context, jobs.find(({ name }) => name === 'delete-expired-messages')!)

describe('a disappearing body', () => {
  test('is posted as one, and nothing else is', async () => {
    const socket = await oma.device.connect()
    const flagged = await family.seal(oma.device, { isEphemeral: true })
    const plain = await family.seal(oma.device)
    const wrong = [postOf(family.conversationId, flagged), brief(plain), brief(flagged, 23), brief(flagged, 8_785)]
    for (const post of wrong) expect(codeOf(await socket.ask(post))).toBe('bad_request')
    expect(await rows(home)).toEqual([])
    socket.close()
  })

  test('reaches members, is kept to a full hour, and is neither in a page nor in the table afterwards', async () => {
    const stays = await family.seal(oma.device)
    const goes = await family.seal(oma.device, { isEphemeral: true })
    await pass(17 * 60_000)
    const sockets = await Promise.all([oma, papa, stranger].map(({ device }) => device.connect()))
    const [omaSocket, papaSocket, strangerSocket] = sockets as [RawSocket, RawSocket, RawSocket]
    await omaSocket.ask(postOf(family.conversationId, stays))
    const answer = await omaSocket.ask(brief(goes))
    expect(codeOf(answer)).toBe('posted')
    expect({ ...(await omaSocket.ask(brief(goes))), requestId: 0 }).toEqual({ ...answer, requestId: 0 })
    expect((await papaSocket.count('message', 2)).map(({ body }) => toBase64Url(body))).toEqual(
      [stays, goes].map(({ body }) => toBase64Url(body)),
    )
    expect(home.context.hub.isOnline(stranger.device.deviceId)).toBe(true)
    await strangerSocket.settle()
    expect(strangerSocket.all('message')).toEqual([])
    for (const socket of sockets) socket.close()
    expect(await pageOf(stranger)).toEqual(['not_found'])

    const [first, second] = await rows(home)
    expect(first!.expiresAt).toBeNull()
    expect(second!.expiresAt! % hourMs).toBe(0)
    const keptMs = second!.expiresAt! - home.clock.now()
    expect(keptMs).toBeGreaterThanOrEqual(24 * hourMs)
    expect(keptMs).toBeLessThan(25 * hourMs)
    await pass(keptMs - 1)
    expect(await pageOf(papa)).toHaveLength(2)
    await runExpiry(home)
    expect(await rows(home)).toHaveLength(2)
    await pass(1)
    for (const wish of [{}, { direction: 1, from: Number.MAX_SAFE_INTEGER }])
      expect(await pageOf(papa, wish)).toEqual([toBase64Url(stays.body)])
    await runExpiry(home)
    expect(await rows(home)).toHaveLength(1)
    // The next number is not one that was used.
    const socket = await oma.device.connect()
    const next = await socket.ask(postOf(family.conversationId, await family.seal(oma.device)))
    expect(next).toMatchObject({ type: 'posted', seq: 3 })
    socket.close()
  })

  test('whose time ran out since the backup is gone before a restored home answers anybody, and is not taken back', async () => {
    const socket = await oma.device.connect()
    const goes = await family.seal(oma.device, { isEphemeral: true })
    await socket.ask(brief(goes))
    socket.close()
    const folder = await home.snapshot()
    await pass(26 * hourMs)
    await using restored = await Home.restore(folder, home.clock)
    expect((await rows(restored)).every(({ expiresAt }) => expiresAt === null)).toBe(true)
    expect(await rows(restored)).toHaveLength(2)
    const cookie = oma.device.cookie
    oma.device.cookie = await restored.signIn(oma.accountId, oma.device.deviceId)
    const offer = { conversationId: family.conversationId, bodies: [toBase64Url(goes.body)] }
    expect((await oma.device.call('POST', '/api/heal/bodies', offer, restored)).status).toBe(400)
    expect(await rows(restored)).toHaveLength(2)
    oma.device.cookie = cookie
  })
})

test('the newest body that names a conversation is found without paging to it', async () => {
  const group = await oma.device.createGroup(papa)
  const socket = await oma.device.connect()
  const post = async (words: string, bodyClass: 0 | 2) => {
    const sealed = await group.seal(oma.device, { words, class: bodyClass })
    await socket.ask(postOf(group.conversationId, sealed))
    return toBase64Url(sealed.body)
  }
  await post('old name', 2)
  const newest = await post('new name', 2)
  for (let count = 0; count < 5; count++) await post('talk', 0)
  const wish = { direction: 2, from: Number.MAX_SAFE_INTEGER, count: 1 }
  socket.close()
  expect(await pageOf(oma, wish, group.conversationId)).toEqual([newest])
  expect(await pageOf(stranger, wish, group.conversationId)).toEqual(['not_found'])
})
