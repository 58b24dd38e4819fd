import { type ClientFrame, clientFrames } from '../../src/protocol/socket.ts'
import { fetchOf, someId } from '../support/home.ts'
import { inviteMember } from '../support/newcomer.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { actorOf, connect } from './actors.ts'
import { type Cast, openCast, type Role } from './cast.ts'
import { Dice, type Part, type Report, within } from './report.ts'

const patienceMs = 2_000
const everybody: readonly Role[] = ['stranger', 'removed', 'outside', 'inside', 'host']

/** Every frame with fields of every size, frames with bytes changed, cut off, added, and bytes that are no frame. */
export const fuzzSocket: Part = {
  name: 'fuzz-socket',
  async run(report, { inputs, seed }) {
    const dice = new Dice(seed + 6)
    await using cast = await openCast()
    const before = process.memoryUsage().rss
    const senders = [cast.roles.admin, cast.roles.inside, cast.roles.outside]
    const makers = Array.from({ length: 60 }, (_, at) =>
      cast.group.seal(senders[at % 3]!, { class: at % 5 === 0 ? 3 : 0 }),
    )
    const sealed = (await Promise.all(makers)).map(({ body }) => body)
    const escaped: unknown[] = []
    const note = (error: unknown) => void escaped.push(error)
    process.on('unhandledRejection', note)
    // Somebody who is in the home and throws nothing: a device has one line, and those of the others are taken from them.
    const witness = await connect(actorOf(await inviteMember(cast.roles.host.newcomer, 'aunt')))
    const insideMember = await connect(cast.roles.admin)
    for (const line of [witness, insideMember]) line.keepAlive()
    witness.remembers = (frame) => 'conversationId' in frame && frame.conversationId === cast.group.conversationId
    insideMember.remembers = () => false
    // What it was greeted with.
    witness.frames.length = 0
    for (const role of everybody) {
      const line = new FuzzedLine(cast, role)
      for (const type of frameTypes) {
        const faults: string[] = []
        for (let count = 0; count < inputs * 8; count++) {
          const bytes = spoilBytes(dice, encode(dice, cast, { type, sealed }))
          const fault = await line.throwAt(bytes)
          if (fault) faults.push(`${fault} after ${Buffer.from(bytes.subarray(0, 40)).toString('hex')}…`)
        }
        report.check(`${role} ${type}: the line answers or ends in order`, faults.length === 0, faults.slice(0, 2))
      }
      line.close()
      report.say(`  ${role}: ${line.sent} frames, ${line.ended} lines ended`)
    }
    await judgeAfterwards(report, cast, insideMember)
    // Who had left could have heard nothing.
    await within(patienceMs, 'the witness', witness.settle())
    report.check('no error escaped', escaped.length === 0, String(escaped[0]))
    report.check('who is outside heard nothing of the group', witness.frames.length === 0, witness.frames.length)
    process.off('unhandledRejection', note)
    Bun.gc(true)
    const grownMb = (process.memoryUsage().rss - before) / 1024 / 1024
    report.check('memory stays bounded', grownMb < 400, `${grownMb.toFixed(0)} MB more`)
    witness.close()
    insideMember.close()
  },
}

const frameTypes = [
  'post',
  'transient',
  'sendEnvelopes',
  'acknowledge',
  'putArchive',
  'fetchPage',
  'putVouchers',
  'fetchVouchers',
  'ping',
  'raw',
] as const
type FrameType = (typeof frameTypes)[number]

function encode(
  dice: Dice,
  cast: Cast,
  { type, sealed }: { type: FrameType; sealed: readonly Uint8Array[] },
): Uint8Array {
  if (type === 'raw') return dice.bytes(dice.pick([0, 1, 2, 5, 50, 2_000]))
  const { group, roles } = cast
  const id = () => dice.pick([someId(), group.conversationId]) as never
  const device = () =>
    dice.pick([someId(), roles.inside.deviceId, roles.host.deviceId, roles.removed.deviceId]) as never
  const bytes = () => dice.bytes(dice.pick([0, 1, 40, 133, 300]))
  const many = <Item>(make: () => Item, most = 5) => Array.from({ length: dice.pick([0, 1, 2, most]) }, make)
  const envelopes = () => many(() => ({ deviceId: device(), frame: bytes() }), 60)
  const row = () => dice.bytes(92)
  const requestId = dice.pick([0, 1, 2 ** 32 - 1])
  const number = () => dice.pick([0, 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1])
  const frames: Record<Exclude<FrameType, 'raw'>, () => ClientFrame> = {
    post: () => ({
      ...{ type: 'post', requestId, conversationId: id(), body: bodyFrom(dice, sealed), envelopes: envelopes() },
      archive: dice.pick([null, { epoch: 2 ** 32 - 1, row: row() }]),
    }),
    transient: () => ({
      type: 'transient',
      conversationId: id(),
      body: bodyFrom(dice, sealed),
      envelopes: envelopes(),
    }),
    sendEnvelopes: () => ({ type: 'sendEnvelopes', requestId, envelopes: envelopes() }),
    acknowledge: () => ({ type: 'acknowledge', envelopeIds: many(number, 1_000) }),
    putArchive: () => ({
      ...{ type: 'putArchive', requestId },
      rows: many(() => ({ messageId: id(), epoch: 2 ** 32 - 1, row: row() }), 500),
    }),
    fetchPage: () => ({
      ...{ type: 'fetchPage', requestId, conversationId: id(), from: number() },
      ...{
        direction: dice.pick([0, 1, 2, 255]),
        count: dice.pick([0, 1, 500, 65_535]),
        withArchive: dice.pick([true, false]),
      },
    }),
    putVouchers: () => ({
      ...{ type: 'putVouchers', requestId },
      rows: many(() => ({ conversationId: id(), chainId: id(), epoch: 2 ** 32 - 1, row: dice.bytes(160) }), 500),
    }),
    fetchVouchers: () => ({ type: 'fetchVouchers', requestId, conversationId: id(), chainIds: many(id, 500) }),
    ping: () => ({ type: 'ping', isActive: dice.pick([true, false]) }),
  }
  return clientFrames.encode(frames[type]())
}

/** A body as a member of the group seals it, whole, with a byte changed or cut off; or anything. */
function bodyFrom(dice: Dice, sealed: readonly Uint8Array[]): Uint8Array {
  const body = dice.pick(sealed).slice()
  const kinds: (() => Uint8Array)[] = [
    () => body,
    () => body.fill(dice.between(0, 255), dice.between(0, 120)).slice(0, 140),
    () => body.with(dice.between(0, body.length - 1), dice.between(0, 255)),
    () => body.slice(0, dice.between(0, body.length)),
    () => dice.bytes(dice.pick([0, 1, 133, 400])),
  ]
  return dice.pick(kinds)()
}

function spoilBytes(dice: Dice, bytes: Uint8Array): Uint8Array {
  const at = bytes.length === 0 ? 0 : dice.between(0, bytes.length - 1)
  const changed = (change: (copy: Uint8Array) => unknown) => {
    const copy = bytes.slice()
    change(copy)
    return copy
  }
  const kinds: (() => Uint8Array)[] = [
    () => bytes,
    () => bytes,
    () => bytes,
    () => bytes.slice(0, at),
    () => Uint8Array.from([...bytes, ...dice.bytes(dice.between(1, 9))]),
    () => changed((copy) => copy.fill(dice.between(0, 255), at, at + 1)),
    () => changed((copy) => copy.fill(0xff, at, at + 4)),
    () => changed((copy) => copy.fill(0, at, at + 4)),
    () => changed((copy) => copy.fill(dice.between(0, 255), 0, 1)),
  ]
  return dice.pick(kinds)()
}

/** A line of somebody that is opened again whenever the server ended it. */
class FuzzedLine {
  sent = 0
  ended = 0
  #socket: RawSocket | null = null

  constructor(
    private readonly cast: Cast,
    private readonly role: Role,
  ) {}

  /** Null, or what was wrong with the way the server took it. */
  async throwAt(bytes: Uint8Array): Promise<string | null> {
    const isKnown = this.role !== 'stranger' && this.role !== 'removed'
    try {
      this.#socket ??= await within(patienceMs, 'the welcome', this.#open(isKnown))
      const socket = this.#socket
      socket.sendRaw(bytes)
      this.sent++
      const outcome = isKnown
        ? Promise.race([socket.settle().catch(() => socket.closed), socket.closed])
        : socket.closed
      const code = await within(patienceMs, 'an answer', outcome)
      const said = socket.frames.splice(0).find((frame) => frame.type === 'refused' && frame.code === 'internal')
      if (typeof code === 'number') {
        this.ended++
        this.#socket = null
      }
      if (said) return 'the answer was internal'
      return typeof code === 'number' && ![1000, 1005, 1006, 1008].includes(code) ? `the line ended with ${code}` : null
    } catch (error) {
      this.#socket = null
      return String(error)
    }
  }

  async #open(isKnown: boolean): Promise<RawSocket> {
    const { running, newcomerOf } = this.cast
    const cookie = [...newcomerOf(this.role).cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const socket = new RawSocket(running.origin, { origin: running.origin, ...(cookie && { cookie }) })
    await socket.first(isKnown ? 'welcome' : 'refused')
    return socket
  }

  close(): void {
    this.#socket?.close()
  }
}

async function judgeAfterwards(report: Report, { group, roles }: Cast, admin: RawSocket): Promise<void> {
  const sealed = await group.seal(roles.admin)
  const post = { type: 'post' as const, requestId: 0, conversationId: group.conversationId, body: sealed.body }
  const answer = await within(patienceMs, 'a post', admin.ask({ ...post, envelopes: [], archive: null }))
  report.check('afterwards members post as before', answer.type === 'posted', answer)
  const page = await admin.ask(fetchOf(group.conversationId))
  const seqs = page.type === 'page' ? page.items.map(({ seq }) => seq) : []
  report.check('and the group has no gap', seqs.length > 0 && seqs.every((seq, index) => seq === index + 1), seqs)
}
