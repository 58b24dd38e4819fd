import type { ConversationId, MessageId } from '../protocol/ids.ts'
import type { Announcer } from './announcer.ts'
import type { MessageView, ThreadSlice } from './api.ts'
import type { CatchUp } from './catch-up.ts'
import { type ConversationRecord, isFilled, markOf, PENDING } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { MessageStore, StoredMessage } from './message-store.ts'
import type { Outbox } from './outbox.ts'
import { lineOf } from './outbox-row.ts'
import type { AccountParts } from './parts.ts'
import { reportAs } from './quiet.ts'
import type { Step, Steps } from './steps.ts'

const MAX_LIMIT = 500
/** Pages fetched for one look back: silent bodies may fill some of them. */
const MAX_PAGES = 5

/** The pages of a thread, from this device's own memory first. */
export class Threads {
  constructor(
    private readonly parts: AccountParts,
    private readonly steps: Steps,
    private readonly conversations: Conversations,
    private readonly store: MessageStore,
    private readonly outbox: Outbox,
    private readonly announcer: Announcer,
    private readonly catchUp: CatchUp,
  ) {}

  async openThread(id: ConversationId, limit: number): Promise<ThreadSlice> {
    const count = bounded(limit)
    const slice = await this.#newestOrUnread(id, count)
    if (!isFilled(this.conversations.get(id))) {
      // Whoever looks is told of them as of everything that comes.
      this.catchUp.begin(id).catch(reportAs('the first pages'))
      return slice
    }
    if (slice.items.length > 0 || !slice.hasOlder) return slice
    await this.#fetchOlder(id, PENDING, 1)
    return this.#newestOrUnread(id, count)
  }

  async loadOlder(id: ConversationId, beforeKey: string, limit: number): Promise<ThreadSlice> {
    const count = bounded(limit)
    await this.#fetchOlder(id, beforeKey, count)
    // What came meanwhile by another way counts too.
    return this.steps.run(async (step) =>
      this.#slice(step, id, await this.store.before(step, id, beforeKey, count), true),
    )
  }

  /** Until so many lines are there. However many silent bodies stand between: one line is to be found. */
  async #fetchOlder(id: ConversationId, beforeKey: string, count: number): Promise<void> {
    const find = () => this.steps.run((step) => this.store.before(step, id, beforeKey, count))
    for (let page = 0, found = (await find()).length; found < count && (found === 0 || page < MAX_PAGES); page++) {
      // Without the home what is here is all there is for now.
      if (!(await this.catchUp.older(id).catch(() => false))) return
      found = (await find()).length
    }
  }

  loadNewer(id: ConversationId, afterKey: string, limit: number): Promise<ThreadSlice> {
    return this.steps.run(async (step) =>
      this.#slice(step, id, await this.store.after(step, id, afterKey, bounded(limit))),
    )
  }

  #newestOrUnread(id: ConversationId, limit: number): Promise<ThreadSlice> {
    return this.steps.run(async (step) => {
      const newest = await this.store.before(step, id, null, limit)
      const unread = await this.#firstUnread(step, this.conversations.get(id))
      if (!unread || !newest[0] || newest[0].key <= unread.key) return this.#slice(step, id, newest)
      const older = await this.store.before(step, id, unread.key, Math.floor(limit / 3))
      const anchor = older.at(-1)?.key ?? ''
      return this.#slice(step, id, [...older, ...(await this.store.after(step, id, anchor, limit - older.length))])
    })
  }

  async #firstUnread(step: Step, record: ConversationRecord): Promise<StoredMessage | null> {
    if (record.unreadCount === 0) return null
    const selfId = this.parts.identity.accountId
    const after = await this.store.after(step, record.conversationId, markOf(record, selfId).readKey, 50)
    return after.find((message) => message.kind !== 'notice' && message.senderId !== selfId) ?? null
  }

  async #slice(step: Step, id: ConversationId, lines: StoredMessage[], isOlder = false): Promise<ThreadSlice> {
    const record = this.conversations.get(id)
    const [first, last] = [lines[0], lines.at(-1)]
    const hasOlder = record.hasOlder || (!!first && (await this.store.before(step, id, first.key, 1)).length > 0)
    const hasNewer = isOlder || (!!last && (await this.store.after(step, id, last.key, 1)).length > 0)
    const items: MessageView[] = lines.map((line) => this.announcer.view(record, line))
    if (!hasNewer) {
      for (const row of this.outbox.pending(id)) {
        items.push(this.announcer.view(record, lineOf(row, this.parts.identity.accountId)))
      }
    }
    const firstUnreadId: MessageId | null = (await this.#firstUnread(step, record))?.messageId ?? null
    return { items, hasOlder, hasNewer, firstUnreadId }
  }
}

function bounded(limit: number): number {
  return Math.max(1, Math.min(MAX_LIMIT, Math.floor(limit)))
}
