import type { Client } from '../../src/client/api.ts'
import { toHex } from '../../src/crypto/bytes.ts'
import type { ConversationId, MessageId } from '../../src/protocol/ids.ts'
import type { Log } from '../../src/server/log.ts'
import { stretch } from '../support/bun-platform.ts'
import { codeOf, type Member } from '../support/member.ts'
import { MovableClock } from '../support/movable-clock.ts'
import { RealHome } from '../support/real-home.ts'
import { newMessageId } from '../support/talk.ts'
import { Ledger } from './ledger.ts'
import { Person, Walker } from './walker.ts'

export const names = ['Oma', 'Papa', 'Mama', 'Kid', 'Aunt', 'Uncle'] as const
const MAX_DEVICES = 4

/** Something that was said in the walk that is under way. */
export type Words = {
  text: string
  id: ConversationId
  messageId: MessageId
  by: Walker
  /** Who has to end with it, and who may see it at all. */
  readers: Set<Person>
  mayRead: Set<Person>
  /** Removed before it was said. */
  notFor: ReadonlySet<Walker>
}

/** A family on a home of its own: a group that all but Oma come into and leave, and a conversation of each two. */
export class World implements AsyncDisposable {
  readonly ledger = new Ledger()
  readonly people: Person[] = []
  readonly members = new Set<Person>()
  group = '' as ConversationId
  family = '' as ConversationId
  words: Words[] = []
  readonly everSaid = new Map<string, Words>()
  /** Devices that were removed in this walk. */
  removed: Walker[] = []
  #count = 0
  readonly #stretch = stretchingOnce()
  readonly #directs = new Map<string, ConversationId>()

  private constructor(
    readonly home: RealHome,
    readonly clock: MovableClock,
    /** What the home reported as a fault of its own. */
    readonly reports: readonly string[],
    private readonly maxWalkers: number,
  ) {}

  static async open(people: number, maxWalkers: number): Promise<World> {
    const reports: string[] = []
    const clock = new MovableClock()
    const home = await RealHome.open({ clock: clock.server, log: reportingLog(reports) })
    const world = new World(home, clock, reports, maxWalkers)
    await world.#settleIn(people)
    return world
  }

  async #settleIn(people: number): Promise<void> {
    const oma = await this.#signUp(names[0], (member) => member.found(this.home.claimToken))
    for (const name of names.slice(1, people)) {
      await this.#signUp(name, async (member) => member.join(await oma.member.invite(name)))
    }
    for (const { member } of this.walkers) this.family = await member.inFamily()
    const others = this.people.slice(1).map(({ accountId }) => accountId)
    this.group = await oma.member.client.createGroup('Walk', null, others)
    for (const person of this.people) this.members.add(person)
    for (const walker of this.walkers) await walker.member.until('the group', () => walker.knows(this.group))
  }

  async #signUp(name: string, become: (member: Member) => Promise<unknown>): Promise<Walker> {
    const member = this.visitor(name)
    const person = new Person(name, member)
    const walker = new Walker(member, person, this.ledger)
    await become(member)
    person.accountId = member.accountId
    person.devices.push(walker)
    this.people.push(person)
    return walker
  }

  get walkers(): Walker[] {
    return this.people.flatMap(({ devices }) => devices)
  }
  visitor(name: string): Member {
    return this.home.visitor(name, { clock: this.clock.client, stretch: this.#stretch })
  }
  hasRoom(person: Person): boolean {
    return person.devices.length < MAX_DEVICES && this.walkers.length < this.maxWalkers
  }
  nextNumber(): number {
    return this.#count++
  }

  /**
   * Into the group, or where `other` is given into the conversation of the two or of the whole family. Resolves when it is safely in the outbox;
   * false where nothing could be said.
   */
  async say(by: Walker, other: Person | 'family' | null = null, client: Client = by.member.client): Promise<boolean> {
    const isFamily = other === 'family'
    const id = isFamily ? this.family : other ? await this.#direct(by, other) : this.group
    if (id === null || !by.knows(id)) return false
    const words = this.#newWords(by, id, other)
    const code = await codeOf(client.sendText(id, words.messageId, words.text))
    const isMember = other !== null || this.members.has(by.person)
    if (code !== 'it was not refused') {
      // Who has just learnt that they are out says no; everything else must be kept and sent.
      if (isMember) throw new Error(`${by.name} could not speak: ${code}`)
      return false
    }
    // Said by somebody who is out and did not know: the home will not take it. Who came or went meanwhile may lack it.
    if (isMember) for (const person of words.mayRead) if (other || this.members.has(person)) words.readers.add(person)
    return true
  }
  #newWords(by: Walker, id: ConversationId, other: Person | 'family' | null): Words {
    const others = other === 'family' ? this.people : other ? [other] : this.members
    const mayRead = new Set([by.person, ...others])
    const text = `${by.name}: ${this.nextNumber()}`
    const notFor = new Set(this.removed)
    const words: Words = { text, id, messageId: newMessageId(), by, readers: new Set(), mayRead, notFor }
    this.words.push(words)
    this.everSaid.set(text, words)
    return words
  }

  async #direct(by: Walker, other: Person): Promise<ConversationId | null> {
    const pair = [by.person.name, other.name].sort().join()
    const known = this.#directs.get(pair)
    if (known) return known
    if (other === by.person || by.isAway) return null
    const id = await by.member.client.openDirect(other.accountId)
    this.#directs.set(pair, id)
    return id
  }

  async setMember(person: Person, isIn: boolean): Promise<void> {
    const oma = this.people[0]!
    const admin = oma.devices.find(({ isAway }) => !isAway) ?? oma.devices[0]!
    await admin.comeBack()
    const { client } = admin.member
    if (isIn) {
      await client.addMembers(this.group, [person.accountId])
      this.members.add(person)
      // What still lies in an outbox will be sealed for the newcomer too.
      for (const words of this.words) if (words.id === this.group && !isPosted(words)) words.mayRead.add(person)
    } else {
      await client.removeMember(this.group, person.accountId)
      this.members.delete(person)
      this.#forgetWordsOf((words) => words.id === this.group && words.by.person === person)
      for (const words of this.words) if (words.id === this.group) words.readers.delete(person)
    }
  }

  /** This device was taken out by another of its person. */
  drop(walker: Walker): void {
    const { devices } = walker.person
    devices.splice(devices.indexOf(walker), 1)
    this.removed.push(walker)
    this.#forgetWordsOf(({ by }) => by === walker)
  }

  /** Who is gone may not have brought out the last of what they said, nor can they be asked for its keys any more. */
  #forgetWordsOf(isTheirs: (words: Words) => boolean): void {
    for (const words of this.words) if (isTheirs(words)) words.readers.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.home[Symbol.asyncDispose]()
  }
}

function isPosted(words: Words): boolean {
  return words.by.shows(words)
}

/** Whoever removes a device with the passphrase of their sign-up does not pay for Argon2id again. */
function stretchingOnce(): typeof stretch {
  const made = new Map<string, Promise<Uint8Array>>()
  return async (passphrase, salt, memKiB, passes) => {
    const place = `${toHex(passphrase)} ${toHex(salt)} ${memKiB} ${passes}`
    const stretched = made.get(place) ?? stretch(passphrase, salt, memKiB, passes)
    made.set(place, stretched)
    return (await stretched).slice()
  }
}

function reportingLog(reports: string[]): Log {
  const quiet = () => undefined
  return {
    ...{ debug: quiet, info: quiet, warn: quiet },
    error: (event, fields) => void reports.push(`home: ${event} ${JSON.stringify(fields)}`),
  }
}
