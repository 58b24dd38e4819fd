import { ClientFailure } from './api.ts'
import type { Arrivals } from './arrivals.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import type { Conversations } from './conversations.ts'
import type { Intake } from './intake.ts'
import type { MessageStore } from './message-store.ts'
import type { PeerRequests } from './peer-requests.ts'
import type { Steps } from './steps.ts'
import type { WaitingBody, WaitingRoom } from './waiting-room.ts'

/** Heals what waits by itself: the archive first (another own device may have read it), then whoever sealed it. */
export class Asking {
  #cancel: (() => void) | null = null
  #isRunning = false

  constructor(
    private readonly context: ClientContext,
    private readonly steps: Steps,
    private readonly connection: SocketConnection,
    private readonly conversations: Conversations,
    private readonly waiting: WaitingRoom,
    private readonly arrivals: Arrivals,
    private readonly intake: Intake,
    private readonly requests: PeerRequests,
    private readonly store: MessageStore,
  ) {}

  start(): void {
    this.stop()
    const delayMs = this.connection.isOnline ? this.waiting.nextDelayMs() : null
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
    if (!this.connection.isOnline) return
    for (const body of await this.steps.run((step) => this.waiting.due(step, isForced))) {
      if (this.waiting.isHopeless(body)) await this.#giveUp(body)
      else if (!(await this.#fromArchive(body))) await this.requests.ask(body)
    }
  }

  async #fromArchive(body: WaitingBody): Promise<boolean> {
    const { conversationId: id, seq } = body
    if (body.reason === 'stale') await this.conversations.refreshEntries(id)
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
    const archive = page?.items.find((item) => item.seq === seq)?.archive ?? null
    await this.intake.run((batch) => this.arrivals.wake(batch, [body], archive))
    return !this.waiting.has(id, body.messageId)
  }

  async #giveUp(body: WaitingBody): Promise<void> {
    const { conversationId: id, messageId } = body
    await this.intake.run(async (batch) => {
      this.waiting.remove(batch.step, body)
      const change = { kind: 'unreadable' as const, reason: 'key_lost' }
      if (!(await this.store.change(batch.step, id, messageId, change))) return
      const line = await this.store.find(batch.step, id, messageId)
      if (line) batch.tell(id, line)
    })
  }
}
