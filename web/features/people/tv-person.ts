import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { MessageCircle, UserX } from 'lucide'
import type { Person } from '../../../src/client/api.ts'
import type { AccountId } from '../../../src/protocol/ids.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { faceOf, isMe, otherIn } from '../../faces.ts'
import { arePeopleKnown } from '../../known.ts'
import { openChat, paths } from '../../router.ts'
import { $conversations, $me, $people } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { avatar } from '../../ui/avatar.ts'
import { icon } from '../../ui/icon.ts'
import { backLink, emptyState, problemLine, skeletonRows } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $careWords } from '../../words/own-data.ts'
import { $peopleWords } from '../../words/people.ts'
import { fullDate } from '../../words/time.ts'
import '../recovery/tv-begin-anew.ts'
import '../recovery/tv-reset-notice.ts'
import '../members/tv-lasting.ts'
import './tv-host-care.ts'
import './tv-safety-number.ts'
import { verifiedSentence, verifiedTag } from './verified.ts'

/** One person: who they are, whether it is really them, and a chat with them. */
@customElement('tv-person')
export class TvPerson extends TvElement {
  @property() accountId!: AccountId
  private readonly people = new Use(this, $people)
  private readonly conversations = new Use(this, $conversations)
  private readonly words = new Use(this, $peopleWords)
  private readonly opening = new Submission(this)

  override render() {
    const person = this.people.value.get(this.accountId)
    const missing = () =>
      arePeopleKnown()
        ? emptyState({ shapes: UserX, title: this.words.value.notFound })
        : skeletonRows(2, $appWords.get().loading)
    const content = person ? this.person(person) : missing()
    return html`<div class="pane-header">${backLink(paths.people, $appWords.get().back)}</div>
      <div class="min-h-0 flex-1 overflow-y-auto"><div class="settings-page">${content}</div></div>`
  }

  private person(person: Person): TemplateResult {
    if (person.leftAt !== null) return this.gone(person, person.leftAt)
    const words = this.words.value
    return html`<div class="flex flex-col items-center text-center [--tv-ring:var(--color-base-200)]">
        ${avatar(faceOf(this.accountId, true), 'xl')}
        <h1 class="mt-4 max-w-full text-2xl font-bold tracking-tight" tabindex="-1" dir="auto" data-pane-title>${person.name}</h1>
        <p class="row-text mt-0.5">${person.isOnline ? words.online : words.offline}</p>
        <button type="button" class="btn btn-primary btn-action mt-5" ?disabled=${this.opening.isBusy} @click=${this.message}>${icon(MessageCircle)}${words.message}</button>
        ${problemLine(this.opening.problem)}
      </div>
      ${person.wasReset ? html`<div class="mt-8"><tv-reset-notice .accountId=${this.accountId}></tv-reset-notice></div>` : nothing}
      <section class="card mt-8 p-5">
        <div class="flex flex-wrap items-center justify-between gap-2"><h2 class="text-base font-semibold">${words.checked}</h2>${verifiedTag(person)}</div>
        <p class="row-text mt-1">${verifiedSentence(person)}</p>
      </section>
      <section class="card mt-4 p-5"><tv-safety-number .accountId=${this.accountId}></tv-safety-number></section>
      ${this.lasting()}
      <dl class="card mt-4 grid grid-cols-[auto_1fr] gap-x-6 gap-y-3 p-5 text-sm">
        <dt class="text-muted">${words.signInName}</dt><dd class="min-w-0 truncate text-end" dir="ltr">${person.signInName}</dd>
        <dt class="text-muted">${words.since}</dt><dd class="text-end">${fullDate(person.joinedAt)}</dd>
      </dl>
      ${$me.get()?.role === 'host' && !isMe(this.accountId) ? html`<div class="mt-4 grid gap-4"><tv-begin-anew .person=${person}></tv-begin-anew><tv-host-care .person=${person}></tv-host-care></div>` : nothing}`
  }

  /** Somebody who left: who they were, and what was written with them. */
  private gone({ name, joinedAt }: Person, leftAt: number): TemplateResult {
    const words = $careWords.get()
    const chat = this.chat()
    return html`<div class="flex flex-col items-center text-center">${avatar(faceOf(this.accountId), 'xl')}
        <h1 class="mt-4 max-w-full text-2xl font-bold tracking-tight" tabindex="-1" dir="auto" data-pane-title>${name || $appWords.get().someone}</h1>
        <p class="row-text mt-0.5">${words.gone}</p>
        ${chat ? html`<a class="btn btn-secondary btn-action mt-5" href=${paths.chat(chat.conversationId)}>${icon(MessageCircle)}${words.readChat}</a>` : nothing}
      </div>
      <p class="card mt-8 p-5 text-sm text-pretty">${words.goneText({ name: name || $appWords.get().someone })}</p>
      <dl class="card mt-4 grid grid-cols-[auto_1fr] gap-x-6 gap-y-3 p-5 text-sm">
        <dt class="text-muted">${this.words.value.since}</dt><dd class="text-end">${fullDate(joinedAt)}</dd>
        <dt class="text-muted">${words.goneSince}</dt><dd class="text-end">${fullDate(leftAt)}</dd>
      </dl>`
  }

  private chat() {
    return this.conversations.value?.find((conversation) => otherIn(conversation) === this.accountId)
  }

  /** How long messages last between the two, once there is a chat. */
  private lasting(): TemplateResult | typeof nothing {
    const chat = this.chat()
    return chat ? html`<tv-lasting .conversationId=${chat.conversationId}></tv-lasting>` : nothing
  }

  private readonly message = async () => {
    const outcome = await this.opening.run(() => bridge.call.openDirect(this.accountId))
    if (outcome.isDone) openChat(outcome.value)
  }
}
