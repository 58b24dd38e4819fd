import type { ConversationId, MessageId } from '../protocol/ids.ts'
import type { ClientContext } from './context.ts'
import { markOf } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import { countUnread, larger } from './marks.ts'
import type { MessageStore } from './message-store.ts'
import type { Outbox } from './outbox.ts'
import type { AccountParts } from './parts.ts'
import { reportAs } from './quiet.ts'
import type { Steps } from './steps.ts'

const EVERY_MS = 1_000
const GATHER_MS = 40
/** From ten people on a receipt is gathered longer: each of them makes work for all the others. */
const EVERY_MS_A_MEMBER = 100

/** Says how far this account got: high-water marks, gathered, at most one body a conversation and second. */
export class Receipts {
  readonly #scheduled = new Set<ConversationId>()
  readonly #sentAt = new Map<ConversationId, number>()

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly steps: Steps,
    private readonly conversations: Conversations,
    private readonly store: MessageStore,
    private readonly outbox: Outbox,
  ) {}

  schedule(id: ConversationId): void {
    if (this.#scheduled.has(id)) return
    this.#scheduled.add(id)
    const { clock } = this.context.platform
    const members = this.conversations.find(id)?.group?.members.length ?? 2
    const everyMs = Math.max(EVERY_MS, members * EVERY_MS_A_MEMBER)
    const delayMs = Math.max(GATHER_MS, (this.#sentAt.get(id) ?? 0) + everyMs - clock.now())
    clock.schedule(delayMs, () => {
      this.#scheduled.delete(id)
      this.#flush(id).catch(reportAs('receipt not written'))
    })
  }

  /** Everything up to this message was seen by a person, here. */
  async markRead(id: ConversationId, messageId: MessageId): Promise<void> {
    const selfId = this.parts.identity.accountId
    await this.steps.run(async (step) => {
      const record = await this.conversations.read(step, id)
      const line = record && (await this.store.find(step, id, messageId))
      if (!record || !line || line.key <= markOf(record, selfId).readKey) return
      const marks = { ...record.marks, [selfId]: { ...markOf(record, selfId), readKey: line.key } }
      const read = { ...record, marks, readId: messageId }
      this.conversations.write(step, { ...read, unreadCount: await countUnread(this.store, step, read, selfId) })
    })
    this.schedule(id)
  }

  async #flush(id: ConversationId): Promise<void> {
    const record = this.conversations.find(id)
    if (!record?.isMember || (record.kind === 'direct' && record.peerId === this.parts.identity.accountId)) return
    const mark = markOf(record, this.parts.identity.accountId)
    const isDelivered = record.inboundKey > mark.deliveredKey
    const isRead = mark.readKey > record.announcedRead
    if (!isDelivered && !isRead) return
    this.#sentAt.set(id, this.context.platform.clock.now())
    // Both marks each time: a receipt that was not sent yet is replaced by this one.
    await this.outbox.send(id, { kind: 'receipt', delivered: record.inboundId, read: record.readId })
    const selfId = this.parts.identity.accountId
    await this.conversations.change(id, (held) => {
      const own = markOf(held, selfId)
      const deliveredKey = larger(own.deliveredKey, record.inboundKey)
      const announcedRead = larger(held.announcedRead, mark.readKey)
      return { ...held, announcedRead, marks: { ...held.marks, [selfId]: { ...own, deliveredKey } } }
    })
  }
}
