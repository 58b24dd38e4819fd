import type { ConversationId } from '../protocol/ids.ts'
import { ClientFailure, type Conversation } from './api.ts'
import type { ClientContext } from './context.ts'
import type { Engine } from './parts.ts'
import type { OwnPeople } from './people.ts'

const FIRST_DELAY_MS = 100
const JITTER_MS = 3_000
const RETRY_MS = 60_000

type Needs = { context: ClientContext; people: OwnPeople; engine: Engine; conversations(): Conversation[] }

/** Takes those who are no longer at this home out of the groups this device's person is an admin of. */
export class Departures {
  #cancel: (() => void) | null = null
  #running: Promise<void> | null = null

  constructor(private readonly needs: Needs) {}

  /** Spread over a moment: every admin's device sees the same. */
  runLater(): void {
    if (this.#due().length === 0) return
    const [dice = 0] = this.needs.context.platform.random(1)
    this.#schedule(FIRST_DELAY_MS + (JITTER_MS * dice) / 256)
  }

  run(): Promise<void> {
    this.#running ??= this.#remove().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #schedule(delayMs: number): void {
    this.#cancel ??= this.needs.context.platform.clock.schedule(delayMs, () => {
      this.#cancel = null
      this.run().catch((error: unknown) => {
        if (!(error instanceof ClientFailure)) throw error
        this.#schedule(RETRY_MS)
      })
    })
  }

  async #remove(): Promise<void> {
    for (const [conversationId, accountId] of this.#due()) {
      await this.needs.engine.commands.removeMember(conversationId, accountId)
    }
  }

  #due() {
    const { conversations, people } = this.needs
    return conversations()
      .filter(({ kind, isMember, isAdmin }) => kind === 'group' && isMember && isAdmin)
      .flatMap(({ conversationId, members }) =>
        members
          .filter(({ accountId }) => (people.account(accountId)?.leftAt ?? null) !== null)
          .map(({ accountId }): [ConversationId, typeof accountId] => [conversationId, accountId]),
      )
  }
}
