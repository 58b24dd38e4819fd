import type { ConversationId, MessageId } from '../../src/protocol/ids.ts'
import { idToBytes } from '../../src/protocol/ids.ts'
import type { ServerFrame } from '../../src/protocol/socket.ts'
import type { RawSocket } from '../support/raw-socket.ts'
import { type GroupChain, sealDirect } from '../support/sealed.ts'
import { type Actor, connect, type DeviceId } from './actors.ts'
import { within } from './report.ts'
import { hashOf, type Witness } from './witness.ts'

export interface DirectPlace {
  conversationId: ConversationId
  other: Actor
}

interface Waiting {
  where: ConversationId
  messageId: MessageId
  body: Uint8Array
  to: DeviceId | null
}

/** What the envelope of a message to a device holds in this torture: both ends can tell it by its hash. */
export function keyFor(messageId: MessageId, deviceId: DeviceId): Uint8Array {
  return Uint8Array.from([...idToBytes(messageId), ...idToBytes(deviceId)])
}

/** One member's device that posts as fast as it is answered, keeps what was not answered and offers it again. */
export class Poster {
  readonly outbox: Waiting[] = []
  /** Acknowledged direct messages: whose device must get a key for them. */
  readonly owedKeys: string[] = []
  refusals = new Map<string, number>()
  #isStopping = false
  #count = 0

  constructor(
    readonly actor: Actor,
    private readonly witness: Witness,
    private readonly group: GroupChain,
    private readonly direct: DirectPlace | null,
  ) {}

  /** Posts until the line breaks or it is told to stop. `count`: how many new ones at most. */
  async run({ window, count = Number.POSITIVE_INFINITY }: { window: number; count?: number }): Promise<void> {
    this.#isStopping = false
    try {
      const socket = await connect(this.actor)
      this.#listen(socket)
      const old = [...this.outbox]
      let left = count
      const next = async (): Promise<Waiting | null> => old.shift() ?? (left-- > 0 ? this.#make() : null)
      const lane = async () => {
        while (!this.#isStopping) {
          const waiting = await next()
          if (!waiting) return
          await this.#offer(socket, waiting)
        }
      }
      await Promise.all(Array.from({ length: window }, lane))
      // What waited comes in parts, and a pong may overtake them.
      for (let times = 0; times < 3; times++) await socket.settle()
      socket.close()
      await socket.closed
    } catch (error) {
      // The server was killed: that is what this is for. Anything else is a fault of the torture itself.
      if (!/socket (is )?closed/.test(String(error))) throw error
    }
  }

  stop(): void {
    this.#isStopping = true
  }

  #listen(socket: RawSocket): void {
    const { name } = this.actor
    const take = (frame: ServerFrame) => {
      if (frame.type === 'message') {
        this.witness.note({
          what: 'heard',
          who: name,
          where: frame.conversationId,
          seq: frame.seq,
          hash: hashOf(frame.body),
        })
      }
      if (frame.type === 'envelopes') {
        for (const { frame: key } of frame.items) this.witness.note({ what: 'key', who: name, hash: hashOf(key) })
        // Written down first, acknowledged then: as a device does.
        socket.send({ type: 'acknowledge', envelopeIds: frame.items.map(({ envelopeId }) => envelopeId) })
      }
      return false
    }
    for (const frame of socket.frames) take(frame)
    // Never satisfied, so it sees every frame.
    socket.waitFor(take).catch(() => undefined)
  }

  async #make(): Promise<Waiting> {
    const isDirect = this.direct !== null && this.#count++ % 3 === 0
    const words = 'x'.repeat((this.#count * 37) % 1_500)
    const sealed = isDirect
      ? await sealDirect(this.actor, this.direct!.conversationId, { words })
      : await this.group.seal(this.actor, { words })
    const where = isDirect ? this.direct!.conversationId : this.group.conversationId
    const waiting = {
      where,
      messageId: sealed.messageId,
      body: sealed.body,
      to: isDirect ? this.direct!.other.deviceId : null,
    }
    this.outbox.push(waiting)
    this.witness.note({ what: 'sent', who: this.actor.name, where, id: sealed.messageId, hash: hashOf(sealed.body) })
    return waiting
  }

  async #offer(socket: RawSocket, waiting: Waiting): Promise<void> {
    const { where, messageId, body, to } = waiting
    const envelopes = to ? [{ deviceId: to, frame: keyFor(messageId, to) }] : []
    const ask = socket.ask({ type: 'post', requestId: 0, conversationId: where, body, envelopes, archive: null })
    const answer = await within(10_000, 'a post', ask)
    if (answer.type === 'posted') {
      this.witness.note({ what: 'acked', who: this.actor.name, where, id: messageId, seq: answer.seq })
      this.outbox.splice(this.outbox.indexOf(waiting), 1)
      if (to) this.owedKeys.push(hashOf(keyFor(messageId, to)))
      return
    }
    if (answer.type !== 'refused') throw new Error(`a post was answered with ${answer.type}`)
    this.refusals.set(answer.code, (this.refusals.get(answer.code) ?? 0) + 1)
    await Bun.sleep(answer.retryAfterMs || 20)
  }
}

/** Everything of one conversation after `from`, as this member is given it. */
export async function readAll(
  socket: RawSocket,
  conversationId: ConversationId,
  from = 0,
): Promise<{ seqs: number[]; hashes: string[] }> {
  const seqs: number[] = []
  const hashes: string[] = []
  for (;;) {
    const page = await within(
      10_000,
      'a page',
      socket.ask({
        ...{ type: 'fetchPage', requestId: 0, conversationId, from: seqs.at(-1) ?? from },
        ...{ direction: 0, count: 500, withArchive: false },
      }),
    )
    if (page.type === 'refused' && page.code === 'too_many') {
      await Bun.sleep(page.retryAfterMs || 50)
      continue
    }
    if (page.type !== 'page') throw new Error(`no page: ${JSON.stringify(page)}`)
    for (const item of page.items) {
      seqs.push(item.seq)
      hashes.push(hashOf(item.body))
    }
    if (!page.hasMore) return { seqs, hashes }
  }
}
