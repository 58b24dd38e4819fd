import type { MessageView } from '../../src/client/api.ts'
import type { PlatformClock } from '../../src/client/platform.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { type ClientFrame, clientFrames } from '../../src/protocol/socket.ts'
import { Ledger } from '../state/ledger.ts'
import { systemClock } from '../support/bun-platform.ts'
import { createMember, type Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, say } from '../support/talk.ts'
import { Line } from './line.ts'
import type { Report } from './report.ts'

/** Time as devices in a hurry know it: `haste` seconds of waiting are one. */
class HastyClock implements PlatformClock {
  haste = 10
  now = systemClock.now
  schedule = (delayMs: number, callback: () => void) => systemClock.schedule(delayMs / this.haste, callback)
}
/** What a browser gives a request before it counts the home as away (web/browser.ts), by the device's own clock. */
const requestPatienceMs = 60_000

export interface Resident {
  name: string
  member: Member
  line: Line
}

interface HouseholdOptions {
  names: readonly string[]
  clock?: PlatformClock
  /** For something that must come. */
  patienceMs?: number
  /** Where a line listens and how its device reaches it, when that is not loopback. */
  reach?: (name: string) => Promise<{ path: string; url: string }>
}

/** Whole clients on a whole home, each behind a line of its own, and a ledger of what went over all of them. */
export class Household implements AsyncDisposable {
  readonly ledger = new Ledger()
  readonly residents: Resident[] = []
  readonly said = new Map<ConversationId, string[]>()
  group = '' as ConversationId
  direct = '' as ConversationId
  readonly #clock: PlatformClock
  #count = 0

  private constructor(
    readonly home: RealHome,
    private readonly options: HouseholdOptions,
  ) {
    this.#clock = options.clock ?? new HastyClock()
  }

  static async open(options: HouseholdOptions): Promise<Household> {
    const household = new Household(await RealHome.open(), options)
    try {
      await household.#moveIn()
    } catch (error) {
      await household[Symbol.asyncDispose]()
      throw error
    }
    return household
  }

  async #moveIn(): Promise<void> {
    const [first = 'Oma', ...others] = this.options.names
    const founder = await this.#take(first)
    await founder.found(this.home.claimToken, 'Home')
    await founder.inFamily()
    for (const name of others) {
      const member = await this.#take(name)
      await member.join(await founder.invite(name))
      await member.inFamily()
    }
    const guests = this.residents.slice(1).map(({ member }) => member.accountId)
    this.group = await founder.client.createGroup('Group', null, guests)
    this.direct = await founder.client.openDirect(guests[0]!)
    for (const { member } of this.residents) await knows(member, this.group)
    await knows(this.residents[1]!.member, this.direct)
    // Keys are derived no more, which keeps everybody in this process from answering for a while.
    if (this.#clock instanceof HastyClock) this.#clock.haste = 30
  }

  async #take(name: string): Promise<Member> {
    const reach = await this.options.reach?.(name)
    const line = await Line.open(this.home.server.port!, reach?.path)
    line.onFrame = (way, { payload }) => {
      if (way === 'up' && payload) this.ledger.note(clientFrames.decode(payload) as ClientFrame)
    }
    const member = createMember(name, { url: reach?.url ?? line.url, clock: this.#clock })
    member.patienceMs = this.options.patienceMs ?? member.patienceMs
    member.platform.middle = (_, forward) => this.#impatiently(forward())
    this.residents.push({ name, member, line })
    return member
  }

  async #impatiently<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const { promise, reject } = Promise.withResolvers<never>()
    const cancel = this.#clock.schedule(requestPatienceMs, () => reject(new Error('the home took too long')))
    return Promise.race([answer, promise]).finally(cancel)
  }

  /** In the direct conversation are the first two only. */
  readersOf(where: ConversationId): Resident[] {
    return where === this.direct ? this.residents.slice(0, 2) : this.residents
  }

  async say(speaker: Resident, where: ConversationId, padding = 0): Promise<string> {
    const words = `${speaker.name} ${this.#count++} ${'x'.repeat(padding)}`.trim()
    await say(speaker.member, where, words)
    this.said.set(where, [...(this.said.get(where) ?? []), words])
    return words
  }

  async heard(where: ConversationId, words: string): Promise<void> {
    for (const { member } of this.readersOf(where)) await hears(member, where, words)
  }

  /** Everybody has seen this; what came before is not looked through again. */
  forgetEvents(): void {
    for (const { member } of this.residents) member.events.length = 0
  }

  /** All lines are good: everybody ends with the same words in the same order, each once, and no key was used twice. */
  async judge(report: Report, what: string): Promise<void> {
    for (const { line } of this.residents) line.mend()
    for (const { line } of this.residents) line.cutAll()
    for (const { member } of this.residents) member.client.reconnect()
    for (const where of [this.group, this.direct]) {
      for (const speaker of this.readersOf(where)) await this.heard(where, await this.say(speaker, where))
      await this.#judgeThread(report, what, where)
    }
    for (const { name, member } of this.residents) {
      report.check(`${what}: ${name} sees no alarm`, member.view.phase?.phase.name === 'inside', member.view.phase)
    }
    const outsiders = this.residents.slice(2).filter(({ member }) => conversation(member, this.direct) !== null)
    report.check(`${what}: who is not in the direct conversation knows nothing of it`, outsiders.length === 0)
    report.check(`${what}: somebody got keys`, (await this.ledger.checkReaders(this.home)) > 0)
    report.check(`${what}: no key is used twice, and none goes to an outsider`, this.ledger.faults.length === 0, [
      ...this.ledger.faults.slice(0, 3),
    ])
  }

  async #judgeThread(report: Report, what: string, where: ConversationId): Promise<void> {
    const wanted = [...(this.said.get(where) ?? [])].sort()
    const threads: string[] = []
    for (const { name, member } of this.readersOf(where)) {
      const items = await wholeThread(member, where)
      const texts = items.filter(({ kind }) => kind === 'text').map(({ text }) => text)
      const lost = wanted.filter((words) => !texts.includes(words))
      report.check(`${what}: ${name} reads every message`, lost.length === 0, lost.slice(0, 3))
      report.check(`${what}: and each once`, texts.length === wanted.length, `${texts.length} of ${wanted.length}`)
      const broken = items.filter(({ kind }) => kind === 'unreadable' || kind === 'waiting')
      report.check(`${what}: ${name} can open everything`, broken.length === 0, broken.slice(0, 2))
      const open = items.filter(({ isOwn, state }) => isOwn && (state === 'sending' || state === 'failed'))
      report.check(`${what}: ${name} has nothing left to send`, open.length === 0, open.slice(0, 2))
      // Notices begin with one's own coming, so these differ.
      const seen = items.filter(({ kind }) => kind === 'text')
      threads.push(seen.map(({ messageId, text, orderKey }) => `${messageId} ${orderKey} ${text}`).join('\n'))
    }
    const other = threads.find((thread) => thread !== threads[0])
    report.check(`${what}: all see the same order`, other === undefined, firstDifference(threads[0]!, other ?? ''))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { member } of this.residents) await member[Symbol.asyncDispose]().catch(() => undefined)
    for (const { line } of this.residents) await line[Symbol.asyncDispose]()
    await this.home[Symbol.asyncDispose]()
  }
}

/** A thread comes in slices. */
async function wholeThread({ client }: Member, where: ConversationId): Promise<MessageView[]> {
  const slice = await client.openThread(where, 200)
  const { items } = slice
  for (let { hasOlder } = slice; hasOlder; ) {
    const older = await client.loadOlder(where, items[0]!.orderKey, 200)
    items.unshift(...older.items)
    hasOlder = older.hasOlder && older.items.length > 0
  }
  for (let { hasNewer } = slice; hasNewer; ) {
    const newer = await client.loadNewer(where, items.at(-1)!.orderKey, 200)
    items.push(...newer.items)
    hasNewer = newer.hasNewer && newer.items.length > 0
  }
  return items
}

function firstDifference(one: string, other: string): string {
  const [left, right] = [one.split('\n'), other.split('\n')]
  const at = left.findIndex((line, index) => line !== right[index])
  return `${left[at]} | ${right[at]}`
}
