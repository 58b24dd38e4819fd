import { html, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { Search, StickyNote, Users } from 'lucide'
import type { Person } from '../../../src/client/api.ts'
import type { AccountId } from '../../../src/protocol/ids.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { faceOf, fold, otherPeople } from '../../faces.ts'
import { arePeopleKnown, whenKnown } from '../../known.ts'
import { openChat, paths } from '../../router.ts'
import { $me, $people } from '../../stores.ts'
import { attempt } from '../../submit.ts'
import { avatar } from '../../ui/avatar.ts'
import { icon } from '../../ui/icon.ts'
import { backLink, emptyState, paneHeader, skeletonRows } from '../../ui/parts.ts'
import { moveThroughRows } from '../../ui/roving.ts'
import { $appWords } from '../../words/app.ts'
import { $newWords } from '../../words/people.ts'
import './tv-new-group.ts'

/** Begins a chat with a person, a group, or notes to self. */
@customElement('tv-new')
export class TvNew extends TvElement {
  @property({ type: Boolean }) isGroup = false
  @state() private search = ''
  private readonly words = new Use(this, $newWords)

  constructor() {
    super()
    new Use(this, $people)
  }

  override render() {
    if (this.isGroup) return html`<tv-new-group class="contents"></tv-new-group>`
    const words = this.words.value
    const people = otherPeople().filter(({ name }) => fold(name).includes(fold(this.search.trim())))
    const tile = (shapes: Parameters<typeof icon>[0], title: string, text: string) =>
      html`<span class="tile !size-12 !rounded-full">${icon(shapes)}</span><span class="min-w-0"><span class="row-title block">${title}</span><span class="row-text block">${text}</span></span>`
    return html`${paneHeader({ title: words.title, back: backLink(paths.home, $appWords.get().back, '') })}
      <div class="px-3 pb-2.5 md:px-4"><label class="search">${icon(Search, 'text-[.9375rem]')}<input type="search" placeholder=${words.search} aria-label=${words.search} .value=${this.search} @input=${this.read} /></label></div>
      <div class="min-h-0 flex-1 overflow-y-auto px-2 pb-6" @keydown=${moveThroughRows}>
        <a class="row" href="${paths.new}?group">${tile(Users, words.newGroup, words.newGroupText)}</a>
        <button type="button" class="row" @click=${this.openNotes}>${tile(StickyNote, words.notes, words.notesText)}</button>
        <h2 class="px-3 pt-3 pb-1 text-[.8125rem] font-semibold text-muted">${words.people}</h2>
        ${this.people(people)}
      </div>`
  }

  private people(people: readonly Person[]): TemplateResult {
    if (!arePeopleKnown()) return skeletonRows(4, $appWords.get().loading)
    if (people.length === 0) return emptyState({ shapes: Users, title: this.words.value.nobody })
    return html`<ul class="grid grid-cols-1">${people.map(({ accountId }) => this.person(accountId))}</ul>`
  }

  private readonly openNotes = async () => this.open((await whenKnown($me)).accountId)

  private person(accountId: AccountId): TemplateResult {
    const face = faceOf(accountId, true)
    return html`<li><button type="button" class="row" @click=${() => this.open(accountId)}>${avatar(face)}<span class="row-title truncate" dir="auto">${face.name}</span></button></li>`
  }

  private open(accountId: AccountId): void {
    void attempt(async () => openChat(await bridge.call.openDirect(accountId)))
  }

  private readonly read = (event: Event) => {
    this.search = (event.target as HTMLInputElement).value
  }
}
