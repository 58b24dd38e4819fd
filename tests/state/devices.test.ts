import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import type { ClientFailure } from '../../src/client/api.ts'
import { createClient } from '../../src/client/client.ts'
import type { AccountId, ConversationId } from '../../src/protocol/ids.ts'
import type { ServerFrame } from '../../src/protocol/socket.ts'
import { Between } from '../hostile/between.ts'
import { alarmOf } from '../hostile/operator.ts'
import { BunPlatform } from '../support/bun-platform.ts'
import { codeOf, type Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { hears, knows, newMessageId, say, thread } from '../support/talk.ts'
import { Ledger } from './ledger.ts'

// Whole devices on a whole home. A long run: TRALLIVALLI_LONG=1.
const isLong = process.env['TRALLIVALLI_LONG'] === '1'
setDefaultTimeout(isLong ? 24 * 3_600_000 : 170_000)

const names = ['Oma', 'Papa', 'Mama', 'Kid', 'Aunt', 'Uncle'] as const
const kinds = [
  'say',
  'say',
  'say',
  'say',
  'lose',
  'double',
  'reorder',
  'crash',
  'away',
  'kit',
  'remove',
  'add',
  'tab',
] as const
type Action = { do: (typeof kinds)[number]; who: number; many: number }
const walks = fc.record({
  people: fc.integer({ min: 2, max: isLong ? 6 : 4 }),
  actions: fc.array(fc.record<Action>({ do: fc.constantFrom(...kinds), who: fc.nat(), many: fc.nat(12) }), {
    minLength: 8,
    maxLength: isLong ? 60 : 16,
  }),
})

/** One device with the wire before it. */
type Post = { member: Member; at: Between; person: string }

class World implements AsyncDisposable {
  readonly ledger = new Ledger()
  readonly devices: Post[] = []
  readonly said = new Map<string, string>()
  group = '' as ConversationId
  /** The last one comes and goes. */
  guest = ''
  isGuestIn = true
  #count = 0
  #guestId = '' as AccountId

  private constructor(readonly home: RealHome) {}

  static async open(people: number): Promise<World> {
    const world = new World(await RealHome.open())
    const oma = await world.home.founder()
    await oma.inFamily()
    const members = [oma]
    for (const name of names.slice(1, people)) members.push(await world.home.joiner(name, oma))
    for (const member of members) {
      await member.inFamily()
      await world.take(await Between.before(member), member, member.name)
    }
    for (const { member } of world.devices) await isOnline(member)
    world.guest = names[people - 1]!
    world.#guestId = members.at(-1)!.accountId
    world.group = await oma.client.createGroup(
      'Walk',
      null,
      members.slice(1).map(({ accountId }) => accountId),
    )
    for (const { member } of world.devices) await knows(member, world.group)
    return world
  }
  async take(at: Between, member: Member, person: string): Promise<void> {
    this.devices.push({ at, member, person })
    this.watch(at)
  }
  watch(at: Between): void {
    at.toHome = (frame) => {
      this.ledger.note(frame)
      return [frame]
    }
  }

  async say(device: Post): Promise<void> {
    if (device.person === this.guest && !this.isGuestIn) return
    const words = `${device.person} ${this.#count++}`
    const code = await codeOf(say(device.member, this.group, words))
    // A device that has just learnt that it is out says no; everything else must be kept and sent.
    if (code === 'it was not refused') this.said.set(words, device.person)
    else if (device.person !== this.guest) throw new Error(`${device.person} could not speak: ${code}`)
  }

  async crash(device: Post, many: number): Promise<void> {
    const { member } = device
    const gone = member.storage.crashAfter(many)
    await Promise.race([say(member, this.group, `crash ${this.#count++}`).catch(() => null), gone, Bun.sleep(300)])
    await Promise.race([gone, Bun.sleep(300)])
    await member.restart({ isCrash: true })
    device.at.attach()
    await isOnline(member)
  }

  /** Loses, doubles or turns around what the home sends for a moment; then the line breaks and is opened again. */
  async disturb(device: Post, how: 'lose' | 'double' | 'reorder', many: number): Promise<void> {
    const held: ServerFrame[] = []
    let left = many + 1
    device.at.toDevice = (frame) => {
      const isSealed = frame.type === 'message' || frame.type === 'envelopes'
      if (!isSealed || left-- <= 0) return [frame]
      if (how === 'double') return [frame, frame]
      if (how === 'reorder') held.unshift(frame)
      return []
    }
    for (const other of this.devices.slice(0, 2)) await this.say(other)
    await Bun.sleep(150)
    device.at.toDevice = (frame) => [frame]
    for (const frame of held) device.at.inject(frame)
    if (how === 'lose') device.at.cut()
  }

  async away(device: Post): Promise<void> {
    device.member.platform.goOffline()
    for (const other of this.devices) if (other !== device) await this.say(other)
    await this.say(device)
    device.member.platform.isOffline = false
    device.member.client.reconnect()
  }

  /** A new device from the recovery kit. */
  async recover(device: Post): Promise<void> {
    const owner = this.devices.find(({ person, member }) => person === device.person && member.recoveryCode !== '')!
    if (this.devices.filter(({ person }) => person === device.person).length >= 3) return
    if (device.person === this.guest && !this.isGuestIn) return
    const member = this.home.visitor(`${device.person}'s other`)
    const at = new Between(member)
    this.watch(at)
    await member.client.signIn(owner.member.name.toLowerCase(), owner.member.recoveryCode)
    await isOnline(member)
    await knows(member, this.group)
    this.devices.push({ member, at, person: device.person })
  }

  /** A second page of the same profile waits for the first to end, then owns the device and says what it was asked to. */
  async tab(device: Post): Promise<void> {
    const { member } = device
    const { storage, cookies } = member
    const first = member.platform
    const platform = new BunPlatform({ url: this.home.url, storage, cookies })
    platform.holdLock = (name, work) => first.holdLock(name, work)
    const at = new Between({ platform } as Member)
    this.watch(at)
    const second = createClient(platform)
    const words = `${device.person} ${this.#count++} from a second page`
    const later = second.sendText(this.group, newMessageId(), words)
    const code = later.then(
      () => 'said',
      (error: ClientFailure) => error.code,
    )
    await this.say(device)
    await member.client[Symbol.asyncDispose]()
    if ((await code) === 'said') this.said.set(words, device.person)
    else if (device.person !== this.guest) throw new Error(`the second page could not speak: ${await code}`)
    await second[Symbol.asyncDispose]()
    await member.restart()
    device.at.attach()
    await isOnline(member)
  }

  async setGuest(isIn: boolean): Promise<void> {
    if (this.isGuestIn === isIn || this.guest === 'Oma') return
    const oma = this.devices[0]!.member
    const accountId = this.#guestId
    await isOnline(oma)
    if (isIn) await oma.client.addMembers(this.group, [accountId])
    else await oma.client.removeMember(this.group, accountId)
    this.isGuestIn = isIn
  }

  async act({ do: what, who, many }: Action): Promise<void> {
    const device = this.devices[who % this.devices.length]!
    if (what === 'say') await this.say(device)
    else if (what === 'crash') await this.crash(device, many)
    else if (what === 'away') await this.away(device)
    else if (what === 'kit') await this.recover(device)
    else if (what === 'tab') await this.tab(device)
    else if (what === 'remove' || what === 'add') await this.setGuest(what === 'add')
    else await this.disturb(device, what, many)
  }

  /** All lines are good again: everybody who was there all the time ends with the same words, each once. */
  async converge(): Promise<void> {
    for (const { member, at } of this.devices) {
      at.toDevice = (frame) => [frame]
      at.cut()
      member.client.reconnect()
    }
    for (const { member } of this.devices) await isOnline(member)
    const steady = this.devices.filter(({ person }) => person !== this.guest || person === 'Oma')
    for (const device of steady) {
      const last = `last of ${device.person} ${this.#count++}`
      await say(device.member, this.group, last)
      for (const reader of steady) if (reader !== device) await hears(reader.member, this.group, last)
    }
    const wanted = [...this.said].filter(([, person]) => person !== this.guest).map(([words]) => words)
    for (const { member } of steady) {
      for (const words of wanted) await waitFor(member, this.group, words)
      const texts = await thread(member, this.group, 500)
      for (const words of wanted) expect(texts.filter((text) => text === words)).toEqual([words])
      expect(alarmOf(member)).toBeNull()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.home[Symbol.asyncDispose]()
  }
}

const isOnline = (member: Member) =>
  member.until('being online', ({ view }) => view.connection?.connection.state === 'online')

async function waitFor(member: Member, id: ConversationId, words: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await thread(member, id, 500)).includes(words)) return
    await Bun.sleep(200)
  }
  throw new Error(`${member.name} never read "${words}": ${(await thread(member, id, 500)).join(' | ')}`)
}

describe('a family whose lines break, whose pages crash at any write, who come by kit, go and come again', () => {
  test('uses no key twice, seals for no outsider, and ends with the same words everywhere', async () => {
    const walk = fc.asyncProperty(walks, async ({ people, actions }) => {
      await using world = await World.open(people)
      for (const action of actions) await world.act(action)
      await world.converge()
      expect(await world.ledger.checkReaders(world.home)).toBeGreaterThan(0)
      expect(world.ledger.keyCount).toBeGreaterThan(people)
      expect(world.ledger.faults).toEqual([])
    })
    await fc.assert(walk, { numRuns: isLong ? 500 : 5, endOnFailure: true })
  })
})
