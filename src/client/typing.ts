import { type AccountId, type ConversationId, type DeviceId, idFromBytes, type MessageId } from '../protocol/ids.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import { contentTypes, encodePayload } from './payloads.ts'
import type { Sealer } from './sealer.ts'

const SEND_EVERY_MS = 4_000
const SHOW_FOR_MS = 6_000

/** Who is writing just now, here and elsewhere, and which devices are there to be told. */
export class Typing {
  readonly #shown = new Map<ConversationId, Map<AccountId, () => void>>()
  readonly #sentAt = new Map<ConversationId, number>()
  readonly #online = new Map<AccountId, readonly DeviceId[]>()
  onChanged: () => void = () => undefined

  constructor(
    private readonly context: ClientContext,
    private readonly connection: SocketConnection,
    private readonly sealer: Sealer,
  ) {}

  of(id: ConversationId): AccountId[] {
    return [...(this.#shown.get(id)?.keys() ?? [])]
  }

  setOnline(accountId: AccountId, deviceIds: readonly DeviceId[]): void {
    this.#online.set(accountId, deviceIds)
  }
  forgetOnline(): void {
    this.#online.clear()
  }
  isOnline(deviceId: DeviceId): boolean {
    return [...this.#online.values()].some((deviceIds) => deviceIds.includes(deviceId))
  }

  show(id: ConversationId, accountId: AccountId): void {
    const shown = this.#shown.get(id) ?? new Map<AccountId, () => void>()
    shown.get(accountId)?.()
    shown.set(
      accountId,
      this.context.platform.clock.schedule(SHOW_FOR_MS, () => this.hide(id, accountId)),
    )
    this.#shown.set(id, shown)
    this.onChanged()
  }

  hide(id: ConversationId, accountId: AccountId): void {
    const cancel = this.#shown.get(id)?.get(accountId)
    if (!cancel) return
    cancel()
    this.#shown.get(id)?.delete(accountId)
    this.onChanged()
  }

  /** Tells the others, at most every four seconds; nothing is stored and nothing waits for it. */
  async send(id: ConversationId): Promise<void> {
    const now = this.context.platform.clock.now()
    if (!this.connection.isOnline || now - (this.#sentAt.get(id) ?? 0) < SEND_EVERY_MS) return
    this.#sentAt.set(id, now)
    const messageId = idFromBytes<MessageId>(this.context.platform.random(16))
    const payload = encodePayload({ kind: 'typing' })
    const content = {
      messageId,
      bodyClass: 3 as const,
      contentType: contentTypes.typing,
      payload,
      sentAt: now,
      expirySeconds: 0,
    }
    const sealed = await this.sealer.sealTransient(id, content, (deviceId) => this.isOnline(deviceId))
    if (!sealed) return
    const { body, envelopes } = sealed
    this.connection.send({ type: 'transient', conversationId: id, body, envelopes })
  }
}
