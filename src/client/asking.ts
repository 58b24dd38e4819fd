import { equal } from '../crypto/bytes.ts'
import { ClientFailure } from './api.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import type { Intake } from './intake.ts'
import type { PeerRequests } from './peer-requests.ts'
import { type PlaceTools, takeInstead } from './second-look.ts'
import type { Steps } from './steps.ts'
import type { WaitingBody } from './waiting-room.ts'

/** Heals what waits by itself: the archive first (another own device may have read it), then whoever sealed it. */
export class Asking {
  #cancel: (() => void) | null = null
  #isRunning = false

  constructor(
    private readonly context: ClientContext,
    private readonly steps: Steps,
    private readonly connection: SocketConnection,
    private readonly intake: Intake,
    private readonly requests: PeerRequests,
    private readonly places: PlaceTools,
  ) {}

  start(): void {
    this.stop()
    const delayMs = this.connection.isOnline ? this.places.waiting.nextDelayMs() : null
    if (delayMs !== null) this.#cancel = this.context.platform.clock.schedule(delayMs, () => this.askSoon(false))
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  askSoon(isForced: boolean): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#ask(isForced)
      .catch((error: unknown) => {
        if (!(error instanceof ClientFailure)) console.error('asking', String(error))
      })
      .finally(() => {
        this.#isRunning = false
        this.start()
      })
  }

  async #ask(isForced: boolean): Promise<void> {
    const { waiting } = this.places
    if (!this.connection.isOnline) return
    const due = await this.steps.run((step) => waiting.due(step, isForced))
    for (const [at, body] of due.entries()) {
      try {
        await this.#askFor(body)
      } catch (error) {
        if (!(error instanceof ClientFailure)) throw error
        // What stands in the way of one holds up no other. Without a line none was asked for.
        if (error.code === 'offline') return waiting.putBack(due.slice(at))
      }
    }
  }

  async #askFor(body: WaitingBody): Promise<void> {
    if (this.places.waiting.isHopeless(body)) await this.#giveUp(body)
    else if (!(await this.#fromArchive(body))) await this.requests.ask(body)
  }

  async #fromArchive(body: WaitingBody): Promise<boolean> {
    const { conversationId: id, seq } = body
    if (body.reason === 'stale') await this.places.conversations.refreshEntries(id)
    const request = {
      type: 'fetchPage' as const,
      conversationId: id,
      from: seq - 1,
      direction: 0,
      count: 1,
      withArchive: true,
    }
    const page = await this.connection.request(request, 'page').catch((error: unknown) => {
      if (error instanceof ClientFailure && error.code === 'not_found') return null
      throw error
    })
    const item = page?.items.find((candidate) => candidate.seq === seq) ?? null
    const archive = item?.archive ?? null
    const { waiting, arrivals } = this.places
    await this.intake.run(async (batch) => {
      await arrivals.wake(batch, [body], archive)
      const isOther = item !== null && !equal(item.body, body.body)
      if (isOther && waiting.has(id, body.messageId)) await takeInstead(this.places, batch, body, item)
    })
    return !waiting.has(id, body.messageId)
  }

  async #giveUp(body: WaitingBody): Promise<void> {
    const { conversationId: id, messageId } = body
    const { waiting, store } = this.places
    await this.intake.run(async (batch) => {
      waiting.remove(batch.step, body)
      const change = { kind: 'unreadable' as const, reason: 'key_lost' }
      if (!(await store.change(batch.step, id, messageId, change))) return
      const line = await store.find(batch.step, id, messageId)
      if (line) batch.tell(id, line)
    })
  }
}
