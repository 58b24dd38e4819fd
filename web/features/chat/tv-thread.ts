import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { keyed } from 'lit/directives/keyed.js'
import { Lock, MessageCircleOff, ShieldAlert, ShieldCheck } from 'lucide'
import type { Conversation } from '../../../src/client/api.ts'
import type { ConversationId } from '../../../src/protocol/ids.ts'
import { TvElement, Use } from '../../element.ts'
import { conversationAvatar, isMe, isNotes, nameOf, otherIn, titleOf } from '../../faces.ts'
import { paths } from '../../router.ts'
import { $conversations, $conversationsById, $people, leaveThread } from '../../stores.ts'
import { icon } from '../../ui/icon.ts'
import { backLink, emptyState } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $chatWords } from '../../words/chat.ts'
import { $careWords } from '../../words/own-data.ts'
import { $safetyWords } from '../../words/safety.ts'
import '../recovery/tv-reset-notice.ts'
import './tv-composer.ts'
import './tv-messages.ts'

/** One conversation: its header, its messages, and where to write. */
@customElement('tv-thread')
export class TvThread extends TvElement {
  @property() conversationId!: ConversationId
  private readonly conversations = new Use(this, $conversationsById)
  private readonly people = new Use(this, $people)
  private readonly words = new Use(this, $chatWords)

  override render() {
    const conversation = this.conversations.value.get(this.conversationId)
    if (!conversation) return $conversations.get() ? this.missing() : nothing
    const id = this.conversationId
    return html`${this.header(conversation)}
      ${keyed(id, html`<tv-messages .conversationId=${id}></tv-messages>${this.foot(conversation)}`)}`
  }

  // After the update: the rows of the former thread are gone and are not drawn once more.
  protected override updated(changed: Map<string, unknown>): void {
    const former = changed.get('conversationId') as ConversationId | undefined
    if (former) leaveThread(former)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    leaveThread(this.conversationId)
  }

  private header(conversation: Conversation): TemplateResult {
    const words = this.words.value
    const title = titleOf(conversation)
    const content = html`<span class="scale-90 [--tv-ring:var(--color-base-100)]">${conversationAvatar(conversation)}</span>
      <span class="min-w-0">
        <span class="flex items-center gap-1.5">
          <h1 class="truncate text-base leading-5 font-semibold" tabindex="-1" dir="auto" data-pane-title>${title}</h1>
          <span class="text-muted" title=${words.encrypted}>${icon(Lock, 'size-3.5')}<span class="sr-only">${words.encrypted}</span></span>${this.badge(conversation)}
        </span>
        <span class="block truncate text-[.8125rem] leading-4.5 text-muted">${this.subtitle(conversation)}</span>
      </span>`
    const other = otherIn(conversation)
    const about = other
      ? paths.person(other)
      : conversation.kind === 'group'
        ? paths.members(this.conversationId)
        : null
    const classes = 'flex min-w-0 flex-1 items-center gap-2.5 rounded-xl p-1 text-start'
    return html`<div class="glass z-2 flex min-h-18 flex-none items-center gap-1 border-b border-line px-3 pt-[max(.5rem,env(safe-area-inset-top))] pb-2 md:px-4">
      ${backLink(paths.home, $appWords.get().back)}
      ${about ? html`<a class=${classes} href=${about}>${content}</a>` : html`<div class=${classes}>${content}</div>`}
    </div>`
  }

  /** Quiet: whom one compared numbers with. */
  private badge(conversation: Conversation): TemplateResult | typeof nothing {
    const other = otherIn(conversation)
    if (!other || this.people.value.get(other)?.verified !== 'numbers') return nothing
    const text = $safetyWords.get().checked
    return html`<span class="text-muted" title=${text}>${icon(ShieldCheck, 'size-3.5')}<span class="sr-only">${text}</span></span>`
  }

  private subtitle(conversation: Conversation): string {
    const words = this.words.value
    if (isNotes(conversation)) return words.notesText
    const other = otherIn(conversation)
    if (other && this.people.value.get(other)?.leftAt) return $careWords.get().gone
    if (other) return this.people.value.get(other)?.isOnline ? words.online : words.offlineNow
    const others = conversation.members.filter(({ accountId }) => !isMe(accountId))
    if (others.length > 12) return words.members(conversation.members.length)
    const names = others.map(({ accountId }) => nameOf(accountId))
    return [...names, ...(others.length < conversation.members.length ? [words.you] : [])].join(', ')
  }

  /** Members of a group who began anew: said where one writes, in nobody's way. */
  private resets({ members }: Conversation): TemplateResult[] {
    const words = $safetyWords.get()
    const begun = members.filter(({ accountId }) => this.people.value.get(accountId)?.wasReset)
    return begun.map(
      ({ accountId }) =>
        html`<p class="z-2 mx-auto flex w-full max-w-xl flex-wrap items-center justify-center gap-x-2 px-4 py-1 text-sm" role="status">${icon(ShieldAlert, 'size-4 text-error')}<span>${words.resetInGroup({ name: nameOf(accountId) })}</span><a class="min-h-8 content-center font-semibold underline underline-offset-2 pointer-coarse:min-h-11" href=${paths.person(accountId)}>${words.check}</a></p>`,
    )
  }

  /** Where to write; or why one cannot, or not yet. */
  private foot(conversation: Conversation): TemplateResult {
    if (!conversation.isMember) return this.readOnly()
    const other = otherIn(conversation)
    const person = other && this.people.value.get(other)
    if (person && person.leftAt !== null)
      return this.readOnly($careWords.get().chatGone({ name: nameOf(person.accountId) }))
    const wasReset = other !== null && this.people.value.get(other)?.wasReset
    if (wasReset)
      return html`<div class="z-2 mx-auto max-h-[60%] w-full max-w-xl overflow-y-auto p-3"><tv-reset-notice .accountId=${other}></tv-reset-notice></div>`
    return html`${this.resets(conversation)}<tv-composer .conversationId=${conversation.conversationId}></tv-composer>`
  }

  private readOnly(reason = this.words.value.notMember): TemplateResult {
    return html`<p class="z-2 mx-auto my-3 max-w-md px-4 text-center text-sm text-muted">${reason}</p>`
  }

  private missing(): TemplateResult {
    const words = this.words.value
    const action = html`<a class="btn btn-primary btn-action" href=${paths.home}>${words.backToChats}</a>`
    return html`<div class="m-auto"><h1 class="sr-only" tabindex="-1" data-pane-title>${words.notFound}</h1>${emptyState({ shapes: MessageCircleOff, title: words.notFound, text: words.notFoundText, action })}</div>`
  }
}
