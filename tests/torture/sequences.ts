import fc from 'fast-check'
import { fromBase64Url, toBase64Url } from '../../src/protocol/ids.ts'
import type { ServerFrame } from '../../src/protocol/socket.ts'
import { codeOf, fetchOf, postOf } from '../support/home.ts'
import { addOf, type GroupChain, type SealedBody } from '../support/sealed.ts'
import { type Actor, connect, createGroup } from './actors.ts'
import { type Cast, openCast } from './cast.ts'
import type { Part } from './report.ts'

/** What must be true of one group, kept by hand. */
interface Model {
  /** Indices of actors who are in, in the order in which they came. */
  members: Set<number>
  /** The founder is the admin until it leaves; from then on whoever came first counts as one. */
  isFounderThere: boolean
  /** For each member the number of messages there were at joining. */
  joinedAt: Map<number, number>
  messages: { by: number; hash: string }[]
  entries: number
}
interface Real {
  cast: Cast
  actors: Actor[]
  chain: GroupChain
  posted: { by: number; sealed: SealedBody }[]
}
type Step = fc.AsyncCommand<Model, Real>

const people = 4
const hashOf = (bytes: Uint8Array) => Bun.hash(bytes).toString(36)

function expectSame(what: string, got: unknown, wanted: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`)
  }
}

async function ask(
  real: Real,
  who: number,
  work: (socket: Awaited<ReturnType<typeof connect>>) => Promise<ServerFrame>,
) {
  const socket = await connect(real.actors[who]!)
  try {
    return await work(socket)
  } finally {
    socket.close()
    await socket.closed
  }
}

class Post implements Step {
  constructor(
    readonly who: number,
    readonly isStale: boolean,
  ) {}
  check = () => true
  async run(model: Model, real: Real): Promise<void> {
    const { chain, actors } = real
    const actor = actors[this.who]!
    const entriesBefore = chain.entries.length
    const sealed = await chain.seal(actor)
    if (this.isStale) sealed.body[sealed.body.length > 60 ? 55 : 0]! ^= 1
    const answer = await ask(real, this.who, (socket) => socket.ask(postOf(chain.conversationId, sealed)))
    expectSame('the group stood still', chain.entries.length, entriesBefore)
    if (!model.members.has(this.who)) return expectSame('a post from outside', codeOf(answer), 'not_found')
    if (this.isStale) {
      if (answer.type !== 'posted') return
    } else expectSame('a post from inside', codeOf(answer), 'posted')
    model.messages.push({ by: this.who, hash: hashOf(sealed.body) })
    real.posted.push({ by: this.who, sealed })
    expectSame('its number', answer.type === 'posted' && answer.seq, model.messages.length)
  }
  toString = () => `post(${this.who}${this.isStale ? ', stale' : ''})`
}

class Repeat implements Step {
  constructor(
    readonly which: number,
    readonly who: number,
  ) {}
  check = (model: Readonly<Model>) => model.messages.length > 0
  async run(model: Model, real: Real): Promise<void> {
    const index = this.which % real.posted.length
    const { by, sealed } = real.posted[index]!
    const answer = await ask(real, this.who, (socket) => socket.ask(postOf(real.chain.conversationId, sealed)))
    const wanted = !model.members.has(this.who) ? 'not_found' : by === this.who ? 'posted' : 'message_id_taken'
    expectSame('a repeated post', codeOf(answer), wanted)
    if (answer.type === 'posted') expectSame('the number of a repeated post', answer.seq, index + 1)
  }
  toString = () => `repeat(${this.which}, ${this.who})`
}

class Read implements Step {
  constructor(readonly who: number) {}
  check = () => true
  async run(model: Model, real: Real): Promise<void> {
    const page = await ask(real, this.who, (socket) => socket.ask(fetchOf(real.chain.conversationId)))
    if (!model.members.has(this.who)) return expectSame('a page from outside', codeOf(page), 'not_found')
    const items = page.type === 'page' ? page.items.map(({ seq, body }) => [seq, hashOf(body)]) : []
    const from = model.joinedAt.get(this.who)!
    const wanted = model.messages.map(({ hash }, index) => [index + 1, hash]).slice(from)
    expectSame('a page', items, wanted)
  }
  toString = () => `read(${this.who})`
}

class Change implements Step {
  constructor(
    readonly kind: 'add' | 'remove' | 'leave',
    readonly signer: number,
    readonly target: number,
  ) {}
  check = () => true
  async run(model: Model, real: Real): Promise<void> {
    const { chain, actors, cast } = real
    const [signer, target] = [actors[this.signer]!, actors[this.target]!]
    const userId = fromBase64Url(target.accountId)!
    const uik = target.newcomer.root.publicKey
    const body = {
      add: () => addOf({ accountId: target.accountId, uik }),
      remove: () => ({ type: 'remove' as const, userId }),
      leave: () => ({ type: 'leave' as const }),
    }[this.kind]()
    const entry = chain.draft(signer, cast.running.context.keyLog.size, body as never)
    const path = `/api/conversations/${chain.conversationId}/entries`
    const { status, json } = await signer.newcomer.call('POST', path, { entry: toBase64Url(entry) })
    if (!model.members.has(this.signer))
      return expectSame('a change from outside', [status, json.error], [404, 'not_found'])
    const leaver = this.kind === 'leave' ? this.signer : this.target
    const isMember = model.members.has(leaver)
    const admin = model.isFounderThere ? 0 : [...model.members][0]
    if (this.kind !== 'leave' && this.signer !== admin) {
      return expectSame('a change by a member', json.error, 'not_allowed')
    }
    const mayWork = this.kind === 'add' ? !isMember : isMember
    if (!mayWork) return expectSame('a change that changes nothing', json.error, 'bad_entry')
    expectSame(`a rightful ${this.kind}`, status, 200)
    chain.take(entry)
    model.entries++
    expectSame('the count of entries', json.entryCount, model.entries)
    if (this.kind === 'add') {
      model.members.add(this.target)
      model.joinedAt.set(this.target, model.messages.length)
    } else {
      model.members.delete(leaver)
      if (leaver === 0) model.isFounderThere = false
    }
  }
  toString = () => `${this.kind}(${this.signer}, ${this.target})`
}

class Entries implements Step {
  constructor(readonly who: number) {}
  check = () => true
  async run(model: Model, real: Real): Promise<void> {
    const path = `/api/conversations/${real.chain.conversationId}/entries`
    const { status, json } = await real.actors[this.who]!.newcomer.call('GET', path)
    if (!model.members.has(this.who)) return expectSame('entries from outside', status, 404)
    expectSame('entries', json.entries, real.chain.entries.map(toBase64Url))
    const list = (await real.actors[this.who]!.newcomer.call('GET', '/api/conversations')).json as {
      conversationId: string
      lastSeq: number
    }[]
    const own = list.find(({ conversationId }) => conversationId === real.chain.conversationId)
    expectSame('the newest number in the list', own?.lastSeq, model.messages.length)
  }
  toString = () => `entries(${this.who})`
}

const who = fc.integer({ min: 0, max: people - 1 })
const steps = [
  fc.tuple(who, fc.integer({ min: 0, max: 5 })).map(([actor, odds]) => new Post(actor, odds === 0)),
  fc.tuple(fc.nat(50), who).map(([which, actor]) => new Repeat(which, actor)),
  who.map((actor) => new Read(actor)),
  fc
    .tuple(fc.constantFrom('add' as const, 'remove' as const, 'leave' as const), fc.oneof(fc.constant(0), who), who)
    .map(([kind, signer, target]) => new Change(kind, signer, target)),
  who.map((actor) => new Entries(actor)),
]

/** Random walks through the life of a group, against a model that fits on a page. */
export const sequences: Part = {
  name: 'sequences',
  async run(report, { walks, seed }) {
    await using cast = await openCast()
    const { admin, inside, outside, host } = cast.roles
    const actors = [admin, inside, outside, host]
    let count = 0
    let stepCount = 0
    const property = fc.asyncProperty(fc.commands(steps, { maxCommands: 40, size: 'max' }), async (commands) => {
      await cast.moveClock(60_000)
      const chain = await createGroup(admin, [])
      const setup = () => ({
        model: { members: new Set([0]), isFounderThere: true, joinedAt: new Map([[0, 0]]), messages: [], entries: 1 },
        real: { cast, actors, chain, posted: [] },
      })
      await fc.asyncModelRun(setup, commands)
      count++
      stepCount += chain.entries.length + [...commands].length
    })
    const outcome = await fc.check(property, { numRuns: walks, seed, endOnFailure: false })
    report.check(
      'every walk agrees with the model',
      !outcome.failed,
      outcome.failed ? fc.defaultReportMessage(outcome) : '',
    )
    report.say(`  ${count} walks, ${stepCount} steps and entries`)
  },
}
