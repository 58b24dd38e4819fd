import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { ConversationId, MessageId } from '../../src/protocol/ids.ts'
import type { ServerFrame } from '../../src/protocol/socket.ts'
import { Between } from '../hostile/between.ts'
import type { Member } from '../support/member.ts'
import { MovableClock } from '../support/movable-clock.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, say, shown, thread, untilState, wasTold } from '../support/talk.ts'

// Real key derivation on a machine that does other things too.
setDefaultTimeout(60_000)

/** A device asks for what it waits for after 1.5 seconds, and then after 15. */
const SOON_MS = 2_000
const LATER_MS = 16_000

let clock: MovableClock
let home: RealHome
let oma: Member
let papa: Member
let stranger: Member
let atPapa: Between
let direct: ConversationId
let group: ConversationId

beforeEach(async () => {
  clock = new MovableClock()
  home = await RealHome.open({ clock: clock.server })
  oma = await home.visitor('Oma', { clock: clock.client }).found(home.claimToken)
  papa = await joiner('Papa')
  stranger = await joiner('Stranger')
  for (const member of [oma, papa, stranger]) await member.inFamily()
  direct = await oma.client.openDirect(papa.accountId)
  group = await oma.client.createGroup('Group', null, [papa.accountId])
  atPapa = await Between.before(papa)
  for (const id of [direct, group]) {
    await knows(papa, id)
    await say(oma, id, 'before')
    await hears(papa, id, 'before')
  }
})
afterEach(() => home[Symbol.asyncDispose]())

async function joiner(name: string): Promise<Member> {
  return home.visitor(name, { clock: clock.client }).join(await oma.invite(name))
}
const isOnline = (member: Member) =>
  member.until('being online', ({ view }) => view.connection?.connection.state === 'online')
const linesOf = async (id: ConversationId) => (await thread(papa, id)).filter((line) => !line.startsWith('['))

/** One bit of the next body that has content, or of its envelopes' frames, is turned on the way to Papa. */
function damage(type: 'message' | 'envelopes', at: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const before = atPapa.toDevice
  let isDone = false
  atPapa.toDevice = (frame) => {
    if (frame.type !== type || isDone || !hasContent(frame)) return before(frame)
    isDone = true
    resolve()
    if (frame.type === 'message') return before({ ...frame, body: turned(frame.body, at) })
    return before({ ...frame, items: frame.items.map((item) => ({ ...item, frame: turned(item.frame, at) })) })
  }
  return promise
}
const hasContent = (frame: ServerFrame) => frame.type !== 'message' || frame.body[2] === 0
function turned(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice()
  changed[at < 0 ? bytes.length + at : at]! ^= 1
  return changed
}

/** Papa asks again until it came; each time the others answer before the clock goes on. */
async function hearsLater(id: ConversationId, words: string, nudges: number[]): Promise<void> {
  for (const nudgeMs of nudges) {
    const isHeard = () => [...shown(papa, id).values()].some(({ text }) => text === words)
    for (let looks = 0; looks < 10 && !isHeard(); looks++) await Bun.sleep(20)
    if (isHeard()) return
    clock.move(nudgeMs)
  }
  await hears(papa, id, words)
}

describe('a body that was damaged on its way', () => {
  const places = { version: 0, class: 2, flags: 3, conversation: 10, 'message id': 25, epoch: 39, head: 50, end: -1 }
  for (const [what, at] of Object.entries(places)) {
    for (const kind of ['direct', 'group'] as const) {
      test(`in its ${what} (${kind}) is taken whole from the home, once and in its place`, async () => {
        const id = kind === 'direct' ? direct : group
        const isDamaged = damage('message', at)
        await say(oma, id, 'whole')
        await isDamaged
        await hearsLater(id, 'whole', [SOON_MS, LATER_MS])
        await say(oma, id, 'after')
        await hears(papa, id, 'after')
        expect(await linesOf(id)).toEqual(['before', 'whole', 'after'])
        expect(conversation(papa, id)?.unreadCount).toBe(3)
        await papa.restart()
        expect(await linesOf(id)).toEqual(['before', 'whole', 'after'])
        expect(wasTold(stranger, 'whole')).toBe(false)
      })
    }
  }

  for (const kind of ['direct', 'group'] as const) {
    test(`and whose key was damaged too (${kind}) is not left waiting for a quarter of an hour`, async () => {
      const id = kind === 'direct' ? direct : group
      // A new member: Oma's next words in the group come with a new chain.
      if (kind === 'group') await oma.client.addMembers(group, [(await joiner('Kid')).accountId])
      const areDamaged = [damage('envelopes', -1), damage('message', -1)]
      await say(oma, id, 'whole')
      await Promise.all(areDamaged)
      await hearsLater(id, 'whole', [SOON_MS, SOON_MS, SOON_MS])
      expect(await linesOf(id)).toEqual(['before', 'whole'])
    })
  }
})

describe('a message whose number was damaged on its way', () => {
  for (const kind of ['direct', 'group'] as const) {
    test(`is no reason to miss what follows (${kind})`, async () => {
      const id = kind === 'direct' ? direct : group
      atPapa.toDevice = (frame) => [
        frame.type === 'message' && hasContent(frame) ? { ...frame, seq: frame.seq + 4_096 } : frame,
      ]
      const pages = atPapa.got('page').length
      await say(oma, id, 'damaged')
      await hears(papa, id, 'damaged')
      // It asks for what seems to lie between.
      for (let tries = 0; atPapa.got('page').length === pages && tries < 100; tries++) await Bun.sleep(20)
      await Bun.sleep(100)
      atPapa.toDevice = (frame) => [frame]
      await papa.client[Symbol.asyncDispose]()
      const missed = ['first', 'second', 'third']
      for (const words of missed) await untilState(oma, id, await say(oma, id, words), 'sent')
      await papa.restart({ isCrash: true })
      for (const words of missed) await hears(papa, id, words)
      await say(oma, id, 'after')
      await hears(papa, id, 'after')
      expect((await linesOf(id)).sort()).toEqual(['after', 'before', 'damaged', ...missed].sort())
    })
  }
})

describe('a first envelope that was damaged on its way', () => {
  for (const [what, at] of Object.entries({ account: 20, device: 36 })) {
    test(`in the ${what} it names makes nobody of its sender`, async () => {
      const isInitial = (frame: Uint8Array) => frame[1] === 1
      let damaged = 0
      atPapa.toDevice = (frame) => {
        if (frame.type !== 'envelopes') return [frame]
        damaged += frame.items.filter((item) => isInitial(item.frame)).length
        const spoil = (sealed: Uint8Array) => (isInitial(sealed) ? turned(sealed, at) : sealed)
        return [{ ...frame, items: frame.items.map((item) => ({ ...item, frame: spoil(item.frame) })) }]
      }
      const kid = await joiner('Kid')
      const id = await kid.client.openDirect(papa.accountId)
      await knows(papa, id)
      await say(kid, id, 'whole')
      await papa.until('a waiting line', (self) => [...shown(self, id).values()].some(({ kind }) => kind === 'waiting'))
      expect(damaged).toBeGreaterThan(0)
      atPapa.toDevice = (frame) => [frame]
      await hearsLater(id, 'whole', [SOON_MS, LATER_MS])
      await say(kid, id, 'after')
      await hears(papa, id, 'after')
      expect(await linesOf(id)).toEqual(['whole', 'after'])
    })
  }
})

describe('one damaged body in a page of what was missed', () => {
  for (const kind of ['direct', 'group'] as const) {
    test(`keeps none of those around it back (${kind}), and heals`, async () => {
      const id = kind === 'direct' ? direct : group
      papa.platform.goOffline()
      const words = Array.from({ length: 12 }, (_, number) => `missed ${number}`)
      const said: MessageId[] = []
      for (const one of words) said.push(await say(oma, id, one))
      await untilState(oma, id, said.at(-1)!, 'sent')
      const before = atPapa.toDevice
      atPapa.toDevice = (frame) => {
        if (frame.type !== 'page' || frame.items.length < words.length) return before(frame)
        atPapa.toDevice = before
        atPapa.toDevice = before
        const content = frame.items.filter(({ body }) => body[2] === 0)
        const items = frame.items.map((item) => (item === content[5] ? { ...item, body: turned(item.body, -1) } : item))
        return before({ ...frame, items })
      }
      papa.platform.isOffline = false
      papa.client.reconnect()
      await hears(papa, id, 'missed 11')
      const lines = await linesOf(id)
      expect(lines).toEqual(['before', ...words.filter((one) => one !== 'missed 5')])
      await hearsLater(id, 'missed 5', [SOON_MS, LATER_MS])
      expect(await linesOf(id)).toEqual(['before', ...words])
      await say(oma, id, 'after')
      await hears(papa, id, 'after')
    })
  }
})

describe('a message whose key is missing', () => {
  /** Papa gets the words and never their key. */
  async function loseKey(id: ConversationId, words: string): Promise<void> {
    const isDamaged = damage('envelopes', -1)
    await say(oma, id, words)
    await isDamaged
    await papa.until('a waiting line', (self) => [...shown(self, id).values()].some(({ kind }) => kind === 'waiting'))
  }

  test('is asked for at once on a line that lasts, however many broke while it was asked for', async () => {
    await loseKey(direct, 'key lost')
    for (let lines = 0; lines < 4; lines++) {
      const { promise: isAsked, resolve } = Promise.withResolvers<void>()
      atPapa.toHome = (frame) => {
        if (frame.type !== 'fetchPage' || frame.count > 1 || frame.direction !== 0) return [frame]
        atPapa.cut()
        resolve()
        return []
      }
      clock.move(SOON_MS)
      await isAsked
      await papa.until('the broken line', ({ view }) => view.connection?.connection.state !== 'online')
      atPapa.toHome = (frame) => [frame]
      papa.client.reconnect()
      await isOnline(papa)
    }
    await hearsLater(direct, 'key lost', [SOON_MS, SOON_MS])
    expect(await linesOf(direct)).toEqual(['before', 'key lost'])
  })
})
