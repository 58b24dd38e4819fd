import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { LogOut, UserPlus } from 'lucide'
import type { Conversation } from '../../../src/client/api.ts'
import type { AccountId, ConversationId } from '../../../src/protocol/ids.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { confirmFirst } from '../../confirm.ts'
import { TvElement, Use } from '../../element.ts'
import { conversationAvatar, otherPeople, titleOf } from '../../faces.ts'
import { photoWords } from '../../photo-words.ts'
import { openHome, paths } from '../../router.ts'
import { $conversationsById, $people } from '../../stores.ts'
import { attempt, Submission } from '../../submit.ts'
import { say } from '../../toasts.ts'
import { icon } from '../../ui/icon.ts'
import { actionButton, backLink, emptyState, problemLine, textField } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $chatWords } from '../../words/chat.ts'
import { $memberWords } from '../../words/people.ts'
import { personPicker, toggled } from '../people/person-picker.ts'
import { memberRow } from './member-row.ts'
import '../../ui/tv-photo-field.ts'
import './tv-lasting.ts'

/** A group: its name and photo, who is in it, and the way out. */
@customElement('tv-members')
export class TvMembers extends TvElement {
  @property() conversationId!: ConversationId
  @state() private newName: string | null = null
  @state() private chosen: ReadonlySet<AccountId> | null = null
  private readonly conversations = new Use(this, $conversationsById)
  private readonly words = new Use(this, $memberWords)
  private readonly saving = new Submission(this)

  constructor() {
    super()
    new Use(this, $people)
  }

  override render() {
    const conversation = this.conversations.value.get(this.conversationId)
    const back = backLink(paths.chat(this.conversationId), $appWords.get().back, '')
    const content = conversation
      ? this.group(conversation)
      : emptyState({ shapes: UserPlus, title: $chatWords.get().notFound })
    return html`<div class="pane-header">${back}<p class="text-base font-semibold">${this.words.value.title}</p></div>
      <div class="min-h-0 flex-1 overflow-y-auto"><div class="settings-page">${content}</div></div>`
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('conversationId')) this.newName = this.chosen = null
  }

  private group(conversation: Conversation): TemplateResult {
    const words = this.words.value
    const mayChange = conversation.isAdmin && conversation.isMember
    return html`${mayChange ? this.editableHead(conversation) : this.fixedHead(conversation)}
      <section class="card mt-6 p-2">
        <div class="flex items-center justify-between gap-2 px-3 pt-2 pb-1">
          <h2 class="text-base font-semibold">${words.members(conversation.members.length)}</h2>
          ${mayChange && !this.chosen ? html`<button type="button" class="btn btn-secondary h-11 rounded-full" @click=${this.startAdding}>${icon(UserPlus)}${words.add}</button>` : nothing}
        </div>
        ${this.chosen ? this.adding(conversation, this.chosen) : nothing}
        <ul class="grid grid-cols-1">${conversation.members.map((member) => memberRow(conversation, member))}</ul>
      </section>
      <tv-lasting .conversationId=${this.conversationId}></tv-lasting>
      ${conversation.isFamily ? html`<p class="row-text mt-4 px-2">${words.familyText}</p>` : nothing}
      ${mayChange || !conversation.isMember ? nothing : html`<p class="row-text mt-4 px-2">${words.noAdmin}</p>`}
      ${conversation.isMember && !conversation.isFamily ? html`<button type="button" class="btn btn-action btn-soft-danger mt-6 w-full border-0" @click=${this.leave}>${icon(LogOut)}${words.leave}</button>` : nothing}`
  }

  private fixedHead(conversation: Conversation): TemplateResult {
    return html`<div class="flex flex-col items-center text-center">${conversationAvatar(conversation, 'xl')}<h1 class="mt-4 text-2xl font-bold tracking-tight" tabindex="-1" dir="auto" data-pane-title>${titleOf(conversation)}</h1></div>`
  }

  private editableHead(conversation: Conversation): TemplateResult {
    const words = this.words.value
    const value = this.newName ?? conversation.title
    const hasChanged = value.trim() !== '' && value.trim() !== conversation.title
    const field = textField({
      id: 'rename-group',
      label: words.groupName,
      value,
      maxLength: limits.maxPersonNameLength,
      isRequired: true,
      change: (name) => {
        this.newName = name
      },
    })
    return html`<h1 class="sr-only" tabindex="-1" data-pane-title>${titleOf(conversation)}</h1>
      <tv-photo-field .words=${photoWords()} .photo=${conversation.photo} .name=${conversation.title} .faceId=${this.conversationId} @photo=${this.setPhoto}></tv-photo-field>
      <form class="mt-6" @submit=${this.rename}>${field}${hasChanged ? html`<div class="mt-3">${actionButton({ text: words.rename, isBusy: this.saving.isBusy })}</div>` : nothing}${problemLine(this.saving.problem)}</form>`
  }

  private adding(conversation: Conversation, chosen: ReadonlySet<AccountId>): TemplateResult {
    const words = this.words.value
    const inside = new Set(conversation.members.map(({ accountId }) => accountId))
    const outside = otherPeople().filter(({ accountId }) => !inside.has(accountId))
    const toggle = (id: AccountId) => {
      this.chosen = toggled(chosen, id)
    }
    const cancel = html`<button type="button" class="btn btn-ghost btn-action" @click=${this.stopAdding}>${$appWords.get().cancel}</button>`
    if (outside.length === 0)
      return html`<p class="row-text px-3 py-2">${words.everybodyIn}</p><div class="px-3 pb-3">${cancel}</div>`
    return html`<fieldset class="mb-2 border-b border-line pb-3"><legend class="sr-only">${words.add}</legend>${personPicker(outside, chosen, toggle)}
      <div class="mt-3 flex flex-wrap justify-end gap-2 px-3">${cancel}${actionButton({ text: words.addChosen(chosen.size), isBusy: this.saving.isBusy, isDisabled: chosen.size === 0, press: this.add })}</div></fieldset>`
  }

  private readonly startAdding = () => {
    this.chosen = new Set()
  }

  private readonly stopAdding = () => {
    this.chosen = null
  }

  private readonly add = async () => {
    const outcome = await this.saving.run(() => bridge.call.addMembers(this.conversationId, [...(this.chosen ?? [])]))
    if (!outcome.isDone) return
    this.chosen = null
    say(this.words.value.added)
  }

  private readonly rename = async (event: Event) => {
    event.preventDefault()
    const name = this.newName?.trim()
    if (!name) return
    const outcome = await this.saving.run(() => bridge.call.renameGroup(this.conversationId, name))
    if (!outcome.isDone) return
    this.newName = null
    say(this.words.value.renamed)
  }

  private readonly setPhoto = async (event: CustomEvent<Uint8Array | null>) => {
    const words = this.words.value
    const done = event.detail ? words.photoSaved : words.photoRemoved
    await attempt(() => bridge.call.setGroupPhoto(this.conversationId, event.detail), done)
  }

  private readonly leave = async () => {
    const words = this.words.value
    const question = { title: words.leaveTitle, text: words.leaveText, action: words.leaveYes, isDangerous: true }
    if (!(await confirmFirst(question))) return
    if (await attempt(() => bridge.call.leaveGroup(this.conversationId))) openHome()
  }
}
