import type { PlatformClock } from '../../src/client/platform.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { systemClock } from '../support/bun-platform.ts'
import { fetchOf, postOf } from '../support/home.ts'
import { createMember, type Member } from '../support/member.ts'
import { inviteMember, joinByLink } from '../support/newcomer.ts'
import type { GroupChain } from '../support/sealed.ts'
import { knows, say } from '../support/talk.ts'
import { type Actor, actorOf, connect, createGroup, remoteHome } from './actors.ts'
import { type Dice, pause, within } from './report.ts'

const wholeClients = 6
const visitors = 24
const signInEveryMs = 5 * 60_000

/** Timers as they are, counted. */
class CountingClock implements PlatformClock {
  pending = 0
  now = systemClock.now
  schedule = (delayMs: number, callback: () => void) => {
    this.pending++
    let isPending = true
    const settle = () => {
      if (isPending) this.pending--
      isPending = false
    }
    const cancel = systemClock.schedule(delayMs, () => {
      settle()
      callback()
    })
    return () => {
      settle()
      cancel()
    }
  }
}

interface Home {
  url: string
  claimToken: string
}

/** Thirty people: six whole clients who talk in a group, and those who come in over HTTP and socket, post, read and go. */
export class SoakFamily implements AsyncDisposable {
  readonly clock = new CountingClock()
  readonly members: Member[] = []
  readonly visitors: Actor[] = []
  sent = 0
  read = 0
  #group = '' as ConversationId
  #chain!: GroupChain
  readonly #signedInAt = new Map<Actor, number>()
  #isOver = false

  private constructor(
    private readonly home: Home,
    private readonly dice: Dice,
  ) {}

  static async open(home: Home, dice: Dice): Promise<SoakFamily> {
    const family = new SoakFamily(home, dice)
    await family.#moveIn()
    return family
  }

  async #moveIn(): Promise<void> {
    const founder = this.#take('Oma')
    await founder.found(this.home.claimToken, 'Home')
    await founder.inFamily()
    while (this.members.length < wholeClients) {
      const member = this.#take(`Member${this.members.length}`)
      await member.join(await founder.invite(member.name))
      await member.inFamily()
    }
    const guests = this.members.slice(1).map(({ accountId }) => accountId)
    this.#group = await founder.client.createGroup('Group', null, guests)
    for (const member of this.members) await knows(member, this.#group)
    const running = remoteHome(this.home.url, this.home.claimToken)
    // The software of whoever invited lets people in; the others come by somebody who has none.
    const first = actorOf(await joinByLink(running, await founder.invite('visitor', 'host'), 'visitor'))
    this.visitors.push(first)
    while (this.visitors.length < visitors) {
      this.visitors.push(actorOf(await inviteMember(first.newcomer, `visitor${this.visitors.length}`)))
    }
    for (const visitor of this.visitors) this.#signedInAt.set(visitor, Date.now())
    this.#chain = await createGroup(first, this.visitors.slice(1))
  }

  #take(name: string): Member {
    const member = createMember(name, { url: this.home.url, clock: this.clock })
    this.members.push(member)
    return member
  }

  /** Everybody lives their life until told to stop. */
  async live(): Promise<void> {
    await Promise.all([
      ...this.members.map((member) => this.#again(() => this.#talk(member))),
      ...this.visitors.map((visitor) => this.#again(() => this.#visit(visitor))),
    ])
  }
  stop(): void {
    this.#isOver = true
  }

  async #again(work: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      await pause(this.dice.between(200, 1_500))
      await work()
    }
  }

  async #talk(member: Member): Promise<void> {
    member.client.setTyping(this.#group)
    await say(member, this.#group, `${member.name} ${this.sent++}`)
    const { items } = await member.client.openThread(this.#group, 30)
    const newest = items.findLast(({ isOwn, kind }) => kind === 'text' && !isOwn)
    if (newest) await member.client.markRead(this.#group, newest.messageId)
    this.read += member.events.length
    member.events.length = 0
    member.client.setActive(this.dice.pick([true, false]))
    const chance = this.dice.between(0, 39)
    if (chance === 0) await member.restart()
    if (chance > 0 && chance < 4) {
      member.platform.goOffline()
      member.platform.isOffline = false
      member.client.reconnect()
    }
  }

  async #visit(visitor: Actor): Promise<void> {
    if (Date.now() - this.#signedInAt.get(visitor)! > signInEveryMs) {
      const { status } = await visitor.newcomer.signIn()
      if (status !== 200) throw new Error(`${visitor.name} cannot sign in: ${status}`)
      this.#signedInAt.set(visitor, Date.now())
    }
    const socket = await within(10_000, 'a welcome', connect(visitor))
    const { conversationId } = this.#chain
    for (let count = this.dice.between(1, 4); count > 0; count--) {
      const answer = await within(10_000, 'a post', socket.ask(postOf(conversationId, await this.#chain.seal(visitor))))
      if (answer.type === 'posted') this.sent++
      else if (answer.type !== 'refused' || answer.code !== 'too_many') throw new Error(JSON.stringify(answer))
    }
    const page = await within(10_000, 'a page', socket.ask(fetchOf(conversationId, { from: 0 })))
    if (page.type === 'page') this.read += page.items.length
    await visitor.newcomer.call('GET', '/api/accounts')
    if (this.dice.pick([true, false])) socket.close()
    else socket.terminate()
    await socket.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.members) await member[Symbol.asyncDispose]().catch(() => undefined)
  }
}
