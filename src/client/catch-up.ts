import type { ConversationId } from '../protocol/ids.ts'
import { ClientFailure } from './api.ts'
import type { Arrival, Arrivals } from './arrivals.ts'
import type { Batch } from './batch.ts'
import { readHeader } from './body-opener.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, isFilled, withSeq } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { Intake } from './intake.ts'
import type { MessageStore } from './message-store.ts'
import { noticeLines, placeNotices } from './notices.ts'
import { PageSize } from './page-size.ts'
import type { AccountParts } from './parts.ts'
import { withPreview } from './previews.ts'

/** A new device takes the newest pages at once, until so many lines are in them, and the rest on demand. */
const FIRST_LINES = 40
const FIRST_PAGES = 4
/** And no more than that is opened in one step, which others wait for. */
const FIRST_BODIES = 400
const FORWARD = 0
const BACKWARD = 1
const NEWEST_META = 2
type Page = { items: Arrival[]; hasMore: boolean }

/** Fetches what was missed, page by page, each page one commit. */
export class CatchUp {
  readonly #running = new Map<ConversationId, Promise<void>>()
  readonly #pageSize = new PageSize()

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly connection: SocketConnection,
    private readonly conversations: Conversations,
    private readonly store: MessageStore,
    private readonly arrivals: Arrivals,
    private readonly intake: Intake,
    /** Keys that arrived before a page are to be taken in before it. */
    private readonly inboxDrained: () => Promise<void>,
  ) {}

  isRunning(id: ConversationId): boolean {
    return this.#running.has(id)
  }

  /** Brings a conversation up to the home's newest message, of which it counted so many; one run at a time for each. */
  fill(id: ConversationId, counted: number): Promise<void> {
    return this.#inTurn(id, counted, counted)
  }

  /** A message came before others. Its number is only what stood beside it: it does not say that there are none between. */
  fillGap(id: ConversationId, seq: number): Promise<void> {
    return this.#inTurn(id, seq, null)
  }

  /** A number beyond what the home has counted was damaged, or a lie: believed, it would silence a conversation for good. */
  async forgetUncounted(counts: readonly { conversationId: ConversationId; lastSeq: number }[]): Promise<void> {
    for (const { conversationId, lastSeq: counted } of counts) {
      const record = this.conversations.find(conversationId)
      if (!record || Math.max(record.lastSeq, ...record.ahead) <= counted) continue
      await this.conversations.change(conversationId, (held) => ({
        ...{ ...held, lastSeq: Math.min(held.lastSeq, counted) },
        ahead: held.ahead.filter((seq) => seq <= counted),
      }))
    }
  }

  /** Takes the first pages of a conversation that somebody opens before its turn has come. */
  async begin(id: ConversationId): Promise<void> {
    const record = this.conversations.get(id)
    const isDue = record.isMember && !isFilled(record) && this.connection.isOnline && !this.#running.has(id)
    if (isDue) await this.#run(id, this.#fill(id, null, null))
  }

  #run(id: ConversationId, work: Promise<void>): Promise<void> {
    const run = work.finally(() => this.#running.delete(id))
    this.#running.set(id, run)
    return run
  }

  async #inTurn(id: ConversationId, lastSeq: number, counted: number | null): Promise<void> {
    const running = this.#running.get(id)
    if (!running) return this.#run(id, this.#fill(id, lastSeq, counted))
    await running
    // What came while that was under way may lie beyond where it ended.
    if ((this.conversations.find(id)?.lastSeq ?? lastSeq) < lastSeq) await this.#inTurn(id, lastSeq, counted)
  }

  /** `lastSeq` null: however far the home's newest are. `counted`: how many the home says it has had, if it said so. */
  async #fill(id: ConversationId, lastSeq: number | null, counted: number | null): Promise<void> {
    const record = this.conversations.find(id)
    if (!record?.isMember) return
    if (record.oldestSeq === 0 && (lastSeq ?? record.firstSeq) >= record.firstSeq) await this.#fillFirst(id, counted)
    else if (record.oldestSeq === 0) await this.#closeOldEnd(id)
    const { lastSeq: known, ahead } = this.conversations.get(id)
    if (known < (lastSeq ?? known) || ahead.length > 0) await this.#fillForward(id, counted)
    if (this.conversations.get(id).metaAt === 0) await this.#takeMeta(id)
    await this.placeRest(id)
  }

  /** The entries whose lines have no message behind them yet stand at the end. */
  async placeRest(id: ConversationId): Promise<void> {
    await this.intake.run(async (batch) => {
      const record = await this.conversations.read(batch.step, id)
      if (record?.kind === 'group') {
        await placeNotices(
          this.#tools,
          batch,
          record,
          record.heads.length - 1,
          Math.max(record.lastSeq, ...record.ahead),
        )
      }
    })
  }

  /** One page of what lies before; false when there is none. */
  async older(id: ConversationId): Promise<boolean> {
    const { hasOlder, oldestSeq } = this.conversations.get(id)
    if (!hasOlder || !this.connection.isOnline) return false
    await this.#takeBackward(id, await this.#fetch(id, oldestSeq, BACKWARD), null)
    return true
  }

  /** Its pages are taken in as one: a receipt in the newest counts for lines that stand in an older one. */
  async #fillFirst(id: ConversationId, counted: number | null): Promise<void> {
    const { generation } = this.conversations.get(id)
    const end = counted === null ? Number.MAX_SAFE_INTEGER : counted + 1
    let all = await this.#fetch(id, end, BACKWARD)
    const isEnough = () => countLines(id, all.items) >= FIRST_LINES || all.items.length >= FIRST_BODIES
    for (let count = 1; count < FIRST_PAGES && all.hasMore && !isEnough(); count++) {
      const older = await this.#fetch(id, all.items[0]?.seq ?? end, BACKWARD).catch(orWithout)
      if (older === null) break
      all = { items: [...older.items, ...all.items], hasMore: older.hasMore }
    }
    // The home was restored meanwhile: its numbers mean something else now.
    if (this.conversations.get(id).generation !== generation) return this.#fillFirst(id, null)
    const newest = counted ?? all.items.at(-1)?.seq
    if (newest === undefined) await this.#closeOldEnd(id)
    else await this.#takeBackward(id, all, newest)
  }

  async #fillForward(id: ConversationId, counted: number | null): Promise<void> {
    const { lastSeq, generation } = this.conversations.get(id)
    let coming = this.#fetch(id, lastSeq, FORWARD)
    for (;;) {
      const page = await coming
      const last = page.hasMore ? page.items.at(-1) : undefined
      // The home looks for the next page while this one is opened.
      const next = last && this.#fetch(id, last.seq, FORWARD)
      next?.catch(() => undefined)
      await this.#takeForward(id, page, counted ?? 0)
      if (!next) return
      // The home was restored meanwhile: its numbers mean something else now.
      if (this.conversations.get(id).generation !== generation) return this.#fillForward(id, counted)
      coming = next
    }
  }

  /** What it is called and how long messages last may lie far back: the home finds the newest body that says so. */
  async #takeMeta(id: ConversationId): Promise<void> {
    const { items } = await this.#fetch(id, Number.MAX_SAFE_INTEGER, NEWEST_META, 1)
    await this.intake.run(async (batch) => {
      for (const item of items) await this.arrivals.takeOld(batch, id, item, true)
    })
  }

  async #fetch(id: ConversationId, from: number, direction: number, wanted?: number): Promise<Page> {
    const count = wanted ?? this.#pageSize.count
    const { isOnline } = this.connection
    const request = { type: 'fetchPage' as const, conversationId: id, from, direction, count, withArchive: true }
    const askedAt = this.#now
    const { items, hasMore } = await this.connection.request(request, 'page').catch((error: unknown) => {
      if (isOnline && error instanceof ClientFailure && error.code === 'offline') this.#pageSize.broke()
      throw error
    })
    // Only a whole page tells how fast they come.
    if (hasMore && wanted === undefined) this.#pageSize.took(this.#now - askedAt)
    await this.inboxDrained()
    return { items: direction === BACKWARD ? [...items].reverse() : items, hasMore }
  }

  async #takeForward(id: ConversationId, { items, hasMore }: Page, counted: number): Promise<void> {
    await this.intake.run(async (batch) => {
      await this.arrivals.lookAhead(batch, id, items)
      for (const item of items) await this.arrivals.takeNew(batch, id, item)
      const record = await this.conversations.read(batch.step, id)
      if (!record) return
      // A page is whole: what is not in it does not exist at the home.
      const reached = items.at(-1)?.seq ?? record.lastSeq
      const oldestSeq = record.oldestSeq === 0 ? (items[0]?.seq ?? 0) : record.oldestSeq
      // Nor does what the home counted up to: what disappeared leaves numbers that nobody holds.
      const end = hasMore ? reached : Math.max(reached, counted)
      const moved = { ...record, oldestSeq, lastSeq: Math.max(record.lastSeq, end) }
      this.conversations.write(batch.step, withSeq(moved, moved.lastSeq))
    })
  }

  /**
   * Messages stand where they belong, and between them the lines of the entries their senders had seen. `lastSeq`: of the first
   * pages, how far they reach; null for older ones.
   */
  async #takeBackward(id: ConversationId, { items, hasMore }: Page, lastSeq: number | null): Promise<void> {
    await this.intake.run(async (batch) => {
      await this.arrivals.lookAhead(batch, id, items)
      for (const item of items) await this.arrivals.takeOld(batch, id, item, lastSeq === null)
      await this.#placeBetween(batch, id, items)
      const record = await this.conversations.read(batch.step, id)
      if (!record) return
      const newest = Math.max(record.lastSeq, lastSeq ?? 0)
      const oldestSeq = items[0]?.seq ?? (record.oldestSeq || newest + 1)
      const moved = { ...record, oldestSeq, lastSeq: newest, hasOlder: hasMore && items.length > 0 }
      this.conversations.write(batch.step, withSeq(moved, newest))
      if (!moved.hasOlder) await this.#placeOldest(batch, id)
    })
  }

  async #placeBetween(batch: Batch, id: ConversationId, items: readonly Arrival[]): Promise<void> {
    const record = await this.conversations.read(batch.step, id)
    // One that was damaged on its way tells nothing.
    const dated = items.flatMap(({ body, seq, receivedAt }) => {
      const header = readHeader(id, body)
      const isDated = header?.mode === 2 && record && header.epoch < record.heads.length
      return isDated ? [{ epoch: header.epoch, seq, at: receivedAt }] : []
    })
    const [first, last] = [dated[0], dated.at(-1)]
    if (record?.kind !== 'group' || !first || !last) return
    const lowest = first.epoch
    let next = lowest + 1
    for (const { seq, at, ...item } of dated) {
      const epoch = Math.min(item.epoch, record.noticedFrom - 1)
      await this.#addLines(batch, record, { from: next, to: epoch + 1, afterSeq: seq - 1, at })
      next = Math.max(next, epoch + 1)
    }
    await this.#addLines(batch, record, { from: next, to: record.noticedFrom, afterSeq: last.seq, at: last.at })
    const now = await this.conversations.read(batch.step, id)
    if (now) this.conversations.write(batch.step, { ...now, noticedFrom: Math.min(record.noticedFrom, lowest + 1) })
  }

  /** Nothing older will come: the entries before the first message this account may see, from its own joining on. */
  async #placeOldest(batch: Batch, id: ConversationId): Promise<void> {
    const record = await this.conversations.read(batch.step, id)
    if (record?.kind !== 'group') return
    const selfId = this.parts.identity.accountId
    const joined = record.tenures.findLast((tenure) => tenure.accountId === selfId)?.from ?? 0
    const afterSeq = Math.max(0, (record.oldestSeq || record.firstSeq) - 1)
    await this.#addLines(batch, record, { from: joined, to: record.noticedFrom, afterSeq, at: record.createdAt })
    const now = await this.conversations.read(batch.step, id)
    if (now) this.conversations.write(batch.step, { ...now, noticedFrom: 0 })
  }

  async #closeOldEnd(id: ConversationId): Promise<void> {
    await this.intake.run(async (batch) => {
      await this.#placeOldest(batch, id)
      const record = await this.conversations.read(batch.step, id)
      if (record && !isFilled(record)) this.conversations.write(batch.step, { ...record, wasEmpty: true })
    })
  }

  async #addLines(
    batch: Batch,
    record: ConversationRecord,
    place: { from: number; to: number; afterSeq: number; at: number },
  ): Promise<void> {
    if (place.to <= place.from) return
    const lines = await noticeLines(this.#tools, batch, record, { ...place, generation: record.oldestGeneration })
    await this.store.add(batch.step, record.conversationId, lines)
    for (const line of lines) batch.tell(record.conversationId, line)
    const now = await this.conversations.read(batch.step, record.conversationId)
    if (now) this.conversations.write(batch.step, lines.reduce(withPreview, now))
  }

  get #tools() {
    return { conversations: this.conversations, store: this.store, now: () => this.#now }
  }
  get #now(): number {
    return this.context.platform.clock.now()
  }
}

function countLines(id: ConversationId, items: readonly Arrival[]): number {
  return items.filter(({ body }) => readHeader(id, body)?.class === 0).length
}

/** What came before it counts all the same. */
function orWithout(error: unknown): null {
  if (error instanceof ClientFailure) return null
  throw error
}
