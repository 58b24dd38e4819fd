import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SocketEvents } from '../../src/client/platform.ts'
import { type ServerFrame, serverFrames, splitFrames } from '../../src/protocol/socket.ts'
import { readConfig } from '../../src/server/config.ts'
import { createContext } from '../../src/server/context.ts'
import { beginIncarnation } from '../../src/server/incarnation.ts'
import type { BunPlatform } from '../support/bun-platform.ts'
import type { Member } from '../support/member.ts'
import { MovableClock } from '../support/movable-clock.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, say, shown, thread, untilState, wasTold } from '../support/talk.ts'

let home: RealHome
let oma: Member
let papa: Member
let kid: Member
let stranger: Member

beforeEach(async () => {
  home = await RealHome.open()
  oma = await home.founder()
  papa = await home.joiner('Papa', oma)
  kid = await home.joiner('Kid', oma)
  stranger = await home.joiner('Stranger', oma)
  for (const member of [oma, papa, kid, stranger]) await member.inFamily()
})
afterEach(() => home[Symbol.asyncDispose]())

/** What comes in passes through `change`: each frame becomes none, one or several, now or later. */
function disturb(
  member: Member,
  change: (frame: ServerFrame, pass: (bytes: Uint8Array) => void, bytes: Uint8Array) => void,
) {
  const { platform } = member
  const open = platform.openSocket.bind(platform)
  platform.openSocket = (path: string, events: SocketEvents) =>
    open(path, {
      ...events,
      onFrame(message) {
        for (const bytes of splitFrames(message)) {
          change(serverFrames.decode(bytes), (passed) => events.onFrame(passed), bytes)
        }
      },
    })
  platform.goOffline()
  platform.isOffline = false
}
async function online(member: Member): Promise<void> {
  member.client.reconnect()
  await member.until('being online', ({ view }) => view.connection?.connection.state === 'online')
}
const textsOf = (lines: string[]) => lines.filter((line) => !line.startsWith('['))

describe('a bad network', () => {
  test('that doubles and reorders messages and keys changes nothing of what is read', async () => {
    const direct = await oma.client.openDirect(papa.accountId)
    const group = await oma.client.createGroup('Group', null, [papa.accountId, kid.accountId])
    await papa.until('the group', (self) => conversation(self, group)?.title === 'Group')
    let held: (() => void)[] = []
    disturb(papa, (frame, pass, bytes) => {
      if (frame.type !== 'message' && frame.type !== 'envelopes') return pass(bytes)
      held.push(
        () => pass(bytes),
        () => pass(bytes),
      )
      if (held.length < 12) return
      const shuffled = held.reverse()
      held = []
      for (const deliver of shuffled) deliver()
    })
    await papa.until('being offline', ({ view }) => view.connection?.connection.state === 'offline')
    await online(papa)
    const texts = Array.from({ length: 40 }, (_, at) => `line ${at}`)
    for (const text of texts) {
      await say(oma, direct, text)
      await say(kid, group, text)
    }
    const last = await say(oma, direct, 'the end')
    await untilState(oma, direct, last, 'sent')
    // What the network still holds back comes after all.
    const flushing = setInterval(() => {
      for (const deliver of held.splice(0)) deliver()
    }, 200)
    await hears(papa, direct, 'the end')
    await hears(papa, group, 'line 39')
    await papa.until('nothing to wait', () =>
      [...shown(papa, group).values(), ...shown(papa, direct).values()].every((view) => view.kind !== 'waiting'),
    )
    clearInterval(flushing)
    expect(await thread(papa, direct)).toEqual([...texts, 'the end'])
    expect(textsOf(await thread(papa, group))).toEqual(texts)
    expect(wasTold(stranger, 'line 3')).toBe(false)
  }, 40_000)

  test('that loses keys for good is healed by asking for them', async () => {
    const direct = await oma.client.openDirect(papa.accountId)
    const group = await oma.client.createGroup('Group', null, [papa.accountId])
    await papa.until('the group', (self) => conversation(self, group)?.title === 'Group')
    await say(oma, direct, 'hello')
    await hears(papa, direct, 'hello')
    let isLosing = true
    disturb(papa, (frame, pass, bytes) => {
      if (frame.type === 'envelopes' && isLosing) {
        // The envelopes are acknowledged in vain: nobody will send them again.
        const items = frame.items.map(({ envelopeId }) => ({ envelopeId, frame: new Uint8Array(200) }))
        return pass(serverFrames.encode({ type: 'envelopes', items }))
      }
      pass(bytes)
    })
    await papa.until('being offline', ({ view }) => view.connection?.connection.state === 'offline')
    await online(papa)
    await kid.client.openDirect(papa.accountId)
    await oma.client.addMembers(group, [kid.accountId])
    await say(oma, direct, 'lost key')
    await say(oma, group, 'lost chain')
    await papa.until('two waiting', () => {
      const views = [...shown(papa, direct).values(), ...shown(papa, group).values()]
      return views.filter((view) => view.kind === 'waiting').length === 2
    })
    isLosing = false
    await hears(papa, direct, 'lost key')
    await hears(papa, group, 'lost chain')
    expect(textsOf(await thread(papa, group))).toEqual(['lost chain'])
    expect(wasTold(stranger, 'lost chain')).toBe(false)
  }, 40_000)
})

describe('a line that breaks under every page of more than thirty messages', () => {
  test('brings all that was missed in smaller ones', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await say(oma, id, 'before')
    await hears(papa, id, 'before')
    papa.platform.goOffline()
    const words = Array.from({ length: 120 }, (_, number) => `missed ${number}`)
    for (const one of words) await say(oma, id, one)
    await oma.until('all to be sent', (self) => [...shown(self, id).values()].every(({ state }) => state === 'sent'))
    let breaks = 0
    disturb(papa, (frame, pass, bytes) => {
      if (frame.type !== 'page' || frame.items.length <= 30) return pass(bytes)
      breaks++
      papa.platform.goOffline()
      papa.platform.isOffline = false
      papa.client.reconnect()
    })
    await online(papa)
    await hears(papa, id, 'missed 119')
    expect(textsOf(await thread(papa, id, 200))).toEqual(['before', ...words])
    expect(breaks).toBeGreaterThan(1)
    expect(wasTold(stranger, 'missed')).toBe(false)
  })
})

describe('a home that is slow to answer', () => {
  test('hides no conversation that was made while it answered', async () => {
    const secondWord = Promise.withResolvers<void>()
    let words = 0
    disturb(papa, (frame, pass, bytes) => {
      pass(bytes)
      if (frame.type === 'changed' && frame.what === 'conversations' && ++words === 2) secondWord.resolve()
    })
    await papa.until('being offline', ({ view }) => view.connection?.connection.state === 'offline')
    await online(papa)
    const asked = Promise.withResolvers<void>()
    let isFirst = true
    papa.platform.middle = async ({ path, init }, forward) => {
      const answer = await forward()
      if (path !== '/api/conversations' || init.method !== 'GET' || !isFirst) return answer
      isFirst = false
      asked.resolve()
      await secondWord.promise
      return answer
    }
    const first = await oma.client.openDirect(papa.accountId)
    await asked.promise
    const second = await kid.client.openDirect(papa.accountId)
    await knows(papa, first)
    await knows(papa, second)
    expect(conversation(stranger, first)).toBeNull()
    expect(conversation(stranger, second)).toBeNull()
  })
})

describe('a line that is taken in and then carries nothing', () => {
  const silences: [string, (open: BunPlatform['openSocket']) => BunPlatform['openSocket']][] = [
    ['while it is opened', () => () => new Promise(() => undefined)],
    [
      'before the welcome',
      (open) => (path, events) => open(path, { onFrame: () => undefined, onClose: () => events.onClose() }),
    ],
  ]
  test.each(silences)('%s is given up, and the next one is used', async (_, silence) => {
    const clock = new MovableClock()
    const mama = home.visitor('Mama', { clock: clock.client })
    await mama.join(await oma.invite('Mama'))
    const id = await mama.inFamily()
    const { platform } = mama
    const open = platform.openSocket.bind(platform)
    const opened = Promise.withResolvers<void>()
    platform.openSocket = (...options) => {
      platform.openSocket = open
      opened.resolve()
      return silence(open)(...options)
    }
    platform.goOffline()
    platform.isOffline = false
    mama.client.reconnect()
    await opened.promise
    const isWaiting = (member: Member) => member.view.connection?.connection.state === 'connecting'
    await mama.until('the silence', isWaiting)
    await say(oma, id, 'are you there?')
    for (let seconds = 0; seconds < 29; seconds++) clock.move(1_000)
    expect(isWaiting(mama)).toBe(true)
    clock.move(2_000)
    await mama.until('giving up', (member) => !isWaiting(member))
    mama.client.reconnect()
    await hears(mama, id, 'are you there?')
  })
})

async function closeHome(): Promise<{ folder: string; port: number }> {
  const { folder } = home
  const port = home.server.port!
  await home.server.stop(true)
  home.app[Symbol.dispose]()
  await home.context[Symbol.asyncDispose]()
  return { folder, port }
}

/** As the restore of a backup leaves the folder behind. */
async function asRestored(folder: string, backupAt: number): Promise<void> {
  const context = await createContext(readConfig({}, { data: folder, host: '127.0.0.1', tls: 'off', log: 'error' }))
  await context.database.transaction((tx) => beginIncarnation(tx, backupAt))
  await context[Symbol.asyncDispose]()
}

describe('the home', () => {
  test('can stop and start in the middle of a conversation', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await say(oma, id, 'before')
    await hears(papa, id, 'before')
    const place = await closeHome()
    await oma.until('being offline', ({ view }) => view.connection?.connection.state === 'offline')
    await say(oma, id, 'meanwhile')
    home = await RealHome.open(place)
    await online(oma)
    await online(papa)
    await hears(papa, id, 'meanwhile')
    await say(papa, id, 'after')
    await hears(oma, id, 'after')
    expect(await thread(oma, id)).toEqual(['before', 'meanwhile', 'after'])
  }, 40_000)

  test('that was restored from a backup gets back what it lacks', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    const group = await oma.client.createGroup('Group', null, [papa.accountId])
    await say(oma, id, 'in the backup')
    await hears(papa, id, 'in the backup')
    const backup = mkdtempSync(join(tmpdir(), 'trallivalli-backup-'))
    const place = await closeHome()
    cpSync(place.folder, backup, { recursive: true })
    const backupAt = Date.now()
    home = await RealHome.open(place)
    await Promise.all([online(oma), online(papa), online(kid)])
    await say(oma, id, 'lost with the disk')
    await hears(papa, id, 'lost with the disk')
    await say(papa, group, 'lost in the group')
    await hears(oma, group, 'lost in the group')
    await oma.client.addMembers(group, [kid.accountId])
    await kid.until('the group', (self) => conversation(self, group)?.title === 'Group')
    const mama = await home.joiner('Mama', oma)
    await mama.inFamily()
    const withMama = await oma.client.openDirect(mama.accountId)
    await say(oma, withMama, 'welcome, Mama')
    await hears(mama, withMama, 'welcome, Mama')
    const later = await closeHome()
    rmSync(later.folder, { recursive: true })
    cpSync(backup, later.folder, { recursive: true })
    rmSync(backup, { recursive: true })
    await asRestored(later.folder, backupAt)
    home = await RealHome.open(later)
    await Promise.all([online(oma), online(papa), online(kid)])
    await oma.until('the line about it', ({ view }) => view.home?.home.restored)
    await papa.until('the line about it', ({ view }) => view.home?.home.restored)
    const restored = oma.view.home!.home.restored!.broughtBack + papa.view.home!.home.restored!.broughtBack
    expect(restored).toBeGreaterThan(0)
    await say(papa, id, 'after the restore')
    await hears(oma, id, 'after the restore')
    expect(await thread(oma, id)).toEqual(['in the backup', 'lost with the disk', 'after the restore'])
    expect(await thread(papa, id)).toEqual(['in the backup', 'lost with the disk', 'after the restore'])
    await say(kid, group, 'Kid is still here')
    await hears(oma, group, 'Kid is still here')
    await hears(papa, group, 'Kid is still here')
    expect(textsOf(await thread(papa, group))).toEqual(['lost in the group', 'Kid is still here'])
    // Her account was made after the backup: the home learnt of it from the others' copies of the log, or from her own.
    await online(mama)
    await say(mama, withMama, 'I am still here too')
    await hears(oma, withMama, 'I am still here too')
    expect(await thread(oma, withMama)).toEqual(['welcome, Mama', 'I am still here too'])
    expect(stranger.people.length).toBeGreaterThan(3)
    expect(conversation(stranger, group)).toBeNull()
    expect(wasTold(stranger, 'lost in the group')).toBe(false)
  }, 60_000)
})
