import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import { CheckCheck, MessagesSquare, Search, SquarePen, Users, X } from 'lucide'
import type { Conversation } from '../../../src/client/api.ts'
import { $draftsChanged } from '../../drafts.ts'
import { TvElement, Use } from '../../element.ts'
import { fold, titleOf } from '../../faces.ts'
import { $router, paths } from '../../router.ts'
import { $connection, $conversations, $me, $people } from '../../stores.ts'
import { icon } from '../../ui/icon.ts'
import { emptyState, iconButton, paneHeader, skeletonRows } from '../../ui/parts.ts'
import { moveThroughRows } from '../../ui/roving.ts'
import { $appWords } from '../../words/app.ts'
import { $listWords } from '../../words/chat.ts'
import { conversationRow } from './conversation-row.ts'
import { foundPeople } from './found-people.ts'

type Filter = 'all' | 'unread' | 'groups'

/** The list of conversations with its search and filters. */
@customElement('tv-conversations')
export class TvConversations extends TvElement {
  @property() openId: string | null = null
  @state() private filter: Filter = 'all'
  @state() private search = ''
  private readonly conversations = new Use(this, $conversations)
  private readonly people = new Use(this, $people)
  private readonly me = new Use(this, $me)
  private readonly words = new Use(this, $listWords)

  constructor() {
    super()
    new Use(this, $draftsChanged)
    new Use(this, $connection)
  }

  override render() {
    const words = this.words.value
    const compose = html`<a class="icon-button -me-2 max-md:hidden" href=${paths.new} aria-label=${words.newChat} title=${words.newChat}>${icon(SquarePen, 'text-[1.0625rem]')}</a>`
    return html`${paneHeader({ title: $appWords.get().chats, actions: compose })}
      <div class="px-3 pb-2.5 md:px-4">${this.searchField()}</div>
      ${this.search ? nothing : this.filters()}
      <nav class="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 pb-24 md:pb-3" aria-label=${words.conversations}>${this.content()}</nav>
      <a class="absolute end-4 bottom-4 grid size-14 place-items-center rounded-[1.25rem] bg-primary text-primary-content shadow-pop md:hidden" href=${paths.new} aria-label=${words.newChat}>${icon(SquarePen, 'text-xl')}</a>`
  }

  private searchField(): TemplateResult {
    const words = this.words.value
    const read = (event: Event) => {
      this.search = (event.target as HTMLInputElement).value
    }
    return html`<label class="search">
      ${icon(Search, 'text-[.9375rem]')}
      <input type="search" placeholder=${words.search} aria-label=${words.search} .value=${this.search} @input=${read} @keydown=${this.leaveSearch} />
      ${this.search ? iconButton(X, words.searchClear, this.clearSearch, '!size-9 !min-h-9') : nothing}
    </label>`
  }

  private filters(): TemplateResult {
    const words = this.words.value
    const unread = this.conversations.value?.filter(({ unreadCount }) => unreadCount > 0).length ?? 0
    const pill = (filter: Filter, text: string, count = 0) =>
      html`<button type="button" class="pill" aria-pressed=${this.filter === filter} @click=${() => {
        this.filter = filter
      }}>${text}${count ? html`<span class="tabular-nums">${count}</span>` : nothing}</button>`
    return html`<div class="flex gap-2 overflow-x-auto px-3 pt-1.5 pb-2 [scrollbar-width:none] md:px-4" role="group" aria-label=${words.filters}>${pill('all', words.all)}${pill('unread', words.unread, unread)}${pill('groups', words.groups)}</div>`
  }

  private content(): TemplateResult {
    const list = this.conversations.value
    // A new device knows nothing before it has asked.
    const isAsking = list?.length === 0 && $connection.get().state === 'connecting'
    if (!list || isAsking) return skeletonRows(8, $appWords.get().loading)
    const shown = list.filter((one) => this.isShown(one))
    const people = this.search ? foundPeople(this.search, list) : []
    if (shown.length + people.length === 0) return this.emptyWords(list.length > 0)
    return html`${this.rows(shown)}${people.length ? html`<h2 class="px-3 pt-3 pb-1 text-[.8125rem] font-semibold text-muted">${this.words.value.foundPeople}</h2><ul class="grid grid-cols-1 gap-0.5">${people}</ul>` : nothing}`
  }

  private rows(shown: readonly Conversation[]): TemplateResult {
    const tabStop = shown.find(({ conversationId }) => conversationId === this.openId) ?? shown[0]
    const row = (one: Conversation) => conversationRow(one, one.conversationId === this.openId, one === tabStop)
    return html`<ul class="grid grid-cols-1" @keydown=${moveThroughRows}>${repeat(shown, ({ conversationId }) => conversationId, row)}</ul>`
  }

  private isShown(conversation: Conversation): boolean {
    if (this.search) return fold(titleOf(conversation)).includes(fold(this.search.trim()))
    if (this.filter === 'unread') return conversation.unreadCount > 0 || conversation.conversationId === this.openId
    return this.filter === 'all' || conversation.kind === 'group'
  }

  private emptyWords(hasAny: boolean): TemplateResult {
    const words = this.words.value
    if (this.search) {
      return emptyState({ shapes: Search, title: words.noResults({ text: this.search }), text: words.noResultsText })
    }
    if (this.filter === 'unread' && hasAny) return emptyState({ shapes: CheckCheck, title: words.emptyUnread })
    if (this.filter === 'groups' && hasAny) {
      const action = html`<a class="btn btn-primary btn-action" href="${paths.new}?group">${words.newGroup}</a>`
      return emptyState({ shapes: Users, title: words.emptyGroups, text: words.emptyGroupsText, action })
    }
    const isAlone = this.people.value.size <= 1 && this.me.value?.role === 'host'
    const action = isAlone
      ? html`<a class="btn btn-primary btn-action" href=${paths.setting('invites')}>${words.emptyInvite}</a>`
      : html`<a class="btn btn-primary btn-action" href=${paths.new}>${words.newChat}</a>`
    const text = isAlone ? words.emptyHostText : words.emptyText
    return emptyState({ shapes: MessagesSquare, title: words.emptyTitle, text, action })
  }

  private readonly clearSearch = () => {
    this.search = ''
    this.querySelector('input')?.focus()
  }

  private readonly leaveSearch = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && this.search) this.clearSearch()
    if (event.key === 'ArrowDown') this.querySelector<HTMLElement>('.row')?.focus()
    if (event.key === 'Enter') $router.open(this.querySelector<HTMLAnchorElement>('a.row')?.getAttribute('href') ?? '/')
  }
}
