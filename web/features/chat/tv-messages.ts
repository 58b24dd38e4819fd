import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import { ChevronDown, Lock } from 'lucide'
import type { MessageView } from '../../../src/client/api.ts'
import type { ConversationId } from '../../../src/protocol/ids.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { faceOf, hueOf, isMe, isNotes, nameOf } from '../../faces.ts'
import { $conversationsById, $people, threadOf } from '../../stores.ts'
import { attempt } from '../../submit.ts'
import { rowsPerFrame, type Thread } from '../../thread.ts'
import { avatar, hueClass } from '../../ui/avatar.ts'
import { icon } from '../../ui/icon.ts'
import { emptyState } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $chatWords } from '../../words/chat.ts'
import { dayName } from '../../words/time.ts'
import { messageRow, type RowContext } from './bubble.ts'
import { type Day, groupByDay, type Row } from './rows.ts'
import { ScrollKeeper } from './scroll-keeper.ts'
import { discard, jumpToNewest, loadMore, nextFrame, openThread, retry, showNewest } from './thread-actions.ts'

/** Rows this near to an edge of the view make the next page load. */
const edgePixels = 1_200
/** What is there sooner needs no stand-in, which would only flash. */
const slowMs = 150
/** What fills a screen is drawn at once, what lies above it with the frames that follow. On a narrow one words take more lines. */
const firstRows = matchMedia('(min-width: 48rem)').matches ? 16 : 14

/**
 * The messages of one conversation: a window of at most 160 rows that moves through any number of them.
 * It keeps what the reader sees in its place while rows come and go, and sticks to the bottom while the reader is there.
 */
@customElement('tv-messages')
export class TvMessages extends TvElement {
  @property() conversationId!: ConversationId
  @state() private isFarUp = false
  @state() private isSlow = false
  /** Of a thread that opens, so many rows from its end are drawn so far. */
  @state() private drawnRows = firstRows
  private readonly thread = new Use(this, () => threadOf(this.conversationId))
  private readonly conversations = new Use(this, $conversationsById)
  private readonly words = new Use(this, $chatWords)
  private readonly keeper = new ScrollKeeper()
  private isPlaced = false
  private isLoading = false
  private wasUnfilled = false
  private unreadAtOpening = 0
  private announcement = ''
  private lastSeenKey = ''
  private lastOwnId = ''
  private slowTimer = 0
  private readonly context: RowContext = { isGroup: true, openedAt: Date.now(), retry, discard }

  constructor() {
    super()
    new Use(this, $people)
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.unreadAtOpening = this.conversation?.unreadCount ?? 0
    document.addEventListener('visibilitychange', this.markSeen)
    window.addEventListener('focus', this.markSeen)
    this.slowTimer = window.setTimeout(() => {
      if (this.isComing) this.isSlow = true
    }, slowMs)
    void attempt(() => openThread(this.conversationId))
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    document.removeEventListener('visibilitychange', this.markSeen)
    window.removeEventListener('focus', this.markSeen)
    clearTimeout(this.slowTimer)
    this.keeper.stop()
  }

  override render() {
    const thread = this.thread.value
    const days = thread ? groupByDay(this.drawnItems(thread), thread.firstUnreadId) : []
    this.context.isGroup = this.conversation?.kind === 'group'
    return html`<div class="thread-scroll" role="log" aria-live="off" aria-label=${this.words.value.messages} tabindex="0" @scroll=${this.scrolled}>
        <div class="mx-auto flex min-h-full max-w-4xl flex-col justify-end px-2.5 pt-3 pb-3 md:px-6">
          ${this.isComing ? this.standIn() : thread?.items.length === 0 ? this.emptyThread() : nothing}
          ${repeat(
            days,
            ({ key }) => key,
            (day) => this.day(day),
          )}
          ${this.typingRow()}
        </div>
      </div>
      ${this.isFarUp ? this.downButton(thread?.newCount ?? 0) : nothing}
      <div class="sr-only" aria-live="polite">${this.announcement}</div>`
  }

  private get conversation() {
    return this.conversations.value.get(this.conversationId)
  }

  /** Nothing can be shown yet, and it is not known that there is nothing. */
  private get isComing(): boolean {
    const thread = this.thread.value
    return !thread || (thread.items.length === 0 && (thread.hasOlder || !this.isFilled))
  }
  private get isFilled(): boolean {
    return this.conversation?.isFilled ?? true
  }

  // Where reading begins somewhere above the end, that place decides what is seen first.
  private drawnItems({ items, firstUnreadId }: Thread): MessageView[] {
    return firstUnreadId === null && this.drawnRows < items.length ? items.slice(-this.drawnRows) : items
  }

  private day({ key, rows }: Day): TemplateResult {
    const row = (of: Row) => html`${of.startsUnread ? this.unreadLine() : nothing}${messageRow(of, this.context)}`
    return html`<section aria-label=${dayName(key)}>
      <div class="pointer-events-none sticky top-2 z-2 my-2 flex justify-center"><span class="chip">${dayName(key)}</span></div>
      ${repeat(rows, ({ message }) => message.messageId, row)}
    </section>`
  }

  private unreadLine(): TemplateResult {
    const text = this.words.value.newMessages(this.unreadCount)
    return html`<div class="mt-3.5 mb-1 flex items-center gap-3 text-primary" role="separator" aria-label=${text} data-unread><i class="h-px flex-1 bg-primary/30"></i><span class="chip !font-semibold !text-primary"><bdi>${text}</bdi></span><i class="h-px flex-1 bg-primary/30"></i></div>`
  }

  // Both may be short of the truth: the list's count of what came since, the window of what is further down.
  private get unreadCount(): number {
    const { items, firstUnreadId } = this.thread.value!
    const from = items.findIndex(({ messageId }) => messageId === firstUnreadId)
    const inWindow = items.slice(from).filter(({ isOwn, kind }) => !isOwn && kind !== 'notice').length
    return Math.max(this.unreadAtOpening, inWindow, 1)
  }

  private typingRow(): TemplateResult | typeof nothing {
    const typing = this.conversation?.typing.filter((id) => !isMe(id)) ?? []
    const first = typing[0]
    if (!first || this.thread.value?.hasNewer) return nothing
    const words = this.words.value
    const text = typing.length === 1 ? words.typing({ name: nameOf(first) }) : words.typingMany(typing.length)
    return html`<div class="message first last pop-in ${hueClass(hueOf(first))}">
      ${this.context.isGroup ? html`<span class="self-end">${avatar(faceOf(first), 'xs')}</span>` : nothing}
      <div class="bubble flex min-h-10 items-center gap-2.5"><span class="typing-dots" aria-hidden="true"><i></i><i></i><i></i></span><span class="text-[.8125rem] text-(--meta)">${text}</span></div>
    </div>`
  }

  private downButton(newCount: number): TemplateResult {
    const words = this.words.value
    const label = newCount ? words.newMessages(newCount) : words.jumpDown
    return html`<button type="button" class="pop-in absolute end-4 bottom-3 z-3 flex h-11 min-w-11 items-center justify-center gap-2 rounded-full bg-base-100 px-3 text-sm font-semibold text-primary shadow-pop md:end-6" aria-label=${label} @click=${this.jumpDown}>${newCount ? html`<span>${label}</span>` : nothing}${icon(ChevronDown, 'text-lg')}</button>`
  }

  private emptyThread(): TemplateResult {
    const words = this.words.value
    const text = this.conversation && isNotes(this.conversation) ? words.emptyNotes : words.emptyText
    return html`<div class="m-auto">${emptyState({ shapes: Lock, title: words.emptyTitle, text })}</div>`
  }

  private standIn(): TemplateResult | typeof nothing {
    return this.isSlow ? this.skeleton() : nothing
  }

  private skeleton(): TemplateResult {
    const bar = (classes: string) => html`<div class="skeleton mt-3 h-10 rounded-[1.25rem] ${classes}"></div>`
    return html`<div role="status"><span class="sr-only">${$appWords.get().loading}</span><div class="flex flex-col" aria-hidden="true">${bar('w-56')}${bar('w-72')}${bar('w-48 self-end')}${bar('w-64')}${bar('w-60 self-end')}</div></div>`
  }

  protected override willUpdate(): void {
    // Opened before its first pages came: now the client knows where they begin, and where reading does.
    if (this.isFilled && this.wasUnfilled) void attempt(() => showNewest(this.conversationId))
    this.wasUnfilled = !this.isFilled
    const newest = this.thread.value?.items.at(-1)
    if (newest?.isOwn && newest.messageId !== this.lastOwnId) {
      if (newest.state === 'sending') this.keeper.isStuck = true
      this.lastOwnId = newest.messageId
    }
    if (newest && !newest.isOwn && newest.kind === 'text' && newest.sentAt > this.context.openedAt) {
      this.announcement = this.words.value.announce({ name: nameOf(newest.senderId), text: newest.text })
    }
    this.keeper.remember()
  }

  protected override updated(): void {
    if (!this.keeper.isAttached)
      this.keeper.attach(this.querySelector<HTMLElement>('.thread-scroll')!, '[data-message]')
    if (!this.thread.value) return
    if (this.isPlaced) this.keeper.restore()
    else this.place()
    this.markSeen()
    if (this.drawnRows < this.thread.value.items.length) void this.drawMore()
    else {
      this.drawnRows = Number.POSITIVE_INFINITY
      this.fill()
    }
  }

  private async drawMore(): Promise<void> {
    const { drawnRows } = this
    await nextFrame()
    if (this.isConnected && this.drawnRows === drawnRows) this.drawnRows += rowsPerFrame
  }

  private place(): void {
    this.isPlaced = true
    const divider = this.querySelector<HTMLElement>('[data-unread]')
    if (divider) this.keeper.bringToThird(divider)
    else this.keeper.toBottom()
  }

  private readonly scrolled = () => {
    const thread = this.thread.value
    if (!thread) return
    this.keeper.follow(thread.hasNewer)
    thread.isAtBottom = this.keeper.isStuck
    if (this.keeper.isStuck && thread.newCount) threadOf(this.conversationId).set({ ...thread, newCount: 0 })
    this.isFarUp = this.keeper.distanceToBottom > 400 || thread.hasNewer
    this.markSeen()
    this.fill()
  }

  private fill(): void {
    const thread = this.thread.value
    if (this.isLoading || !thread || !this.isConnected || this.drawnRows < thread.items.length) return
    if (thread.hasOlder && this.keeper.distanceToTop < edgePixels) void this.load('older')
    else if (thread.hasNewer && this.keeper.distanceToBottom < edgePixels) void this.load('newer')
  }

  private async load(direction: 'older' | 'newer'): Promise<void> {
    this.isLoading = true
    const hasMoved = await attempt(() => loadMore(this.conversationId, direction))
    await this.updateComplete
    // After a failure the next scroll tries again, not at once.
    this.isLoading = false
    if (hasMoved) this.fill()
  }

  private readonly jumpDown = async () => {
    await attempt(() => jumpToNewest(this.conversationId))
    await this.updateComplete
    this.keeper.toBottom()
    this.isFarUp = false
  }

  private readonly markSeen = () => {
    if (!this.conversation?.unreadCount || document.visibilityState !== 'visible' || !document.hasFocus()) return
    const lastId = this.keeper.lastVisible()?.dataset['message']
    const message = this.thread.value?.items.find(({ messageId }) => messageId === lastId)
    if (!message || message.orderKey <= this.lastSeenKey) return
    this.lastSeenKey = message.orderKey
    bridge.call.markRead(this.conversationId, message.messageId)
  }
}
