import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import { Search, UserPlus, Users } from 'lucide'
import type { Person } from '../../../src/client/api.ts'
import { TvElement, Use } from '../../element.ts'
import { faceOf, fold, formerPeople, otherPeople } from '../../faces.ts'
import { arePeopleKnown } from '../../known.ts'
import { paths } from '../../router.ts'
import { $home, $me, $people } from '../../stores.ts'
import { avatar } from '../../ui/avatar.ts'
import { icon } from '../../ui/icon.ts'
import { emptyState, paneHeader, skeletonRows } from '../../ui/parts.ts'
import { moveThroughRows } from '../../ui/roving.ts'
import { $appWords } from '../../words/app.ts'
import { $careWords } from '../../words/own-data.ts'
import { $peopleWords } from '../../words/people.ts'
import { verifiedTag } from './verified.ts'

/** Everybody at this home. */
@customElement('tv-people')
export class TvPeople extends TvElement {
  @property() openId: string | null = null
  @state() private search = ''
  private readonly people = new Use(this, $people)
  private readonly me = new Use(this, $me)
  private readonly home = new Use(this, $home)
  private readonly words = new Use(this, $peopleWords)

  override render() {
    const words = this.words.value
    const isHost = this.me.value?.role === 'host'
    const invite = html`<a class="icon-button -me-2" href=${paths.setting('invites')} aria-label=${words.invite} title=${words.invite}>${icon(UserPlus, 'text-[1.0625rem]')}</a>`
    return html`${paneHeader({ title: words.title, actions: isHost ? invite : nothing })}
      <div class="px-3 pb-2.5 md:px-4"><label class="search">${icon(Search, 'text-[.9375rem]')}<input type="search" placeholder=${words.search} aria-label=${words.search} .value=${this.search} @input=${this.read} /></label></div>
      <div class="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 pb-6">${this.content(isHost)}</div>`
  }

  private content(isHost: boolean): TemplateResult {
    if (!arePeopleKnown()) return skeletonRows(6, $appWords.get().loading)
    const words = this.words.value
    const me = this.me.value ? this.people.value.get(this.me.value.accountId) : undefined
    const others = otherPeople()
    const everybody = [...(me ? [me] : []), ...others, ...formerPeople()]
    const wanted = fold(this.search.trim())
    const shown = everybody.filter(({ name, signInName }) => fold(`${name} ${signInName}`).includes(wanted))
    if (this.search && shown.length === 0)
      return emptyState({ shapes: Search, title: words.noResults({ text: this.search }) })
    const tabStop = shown.find(({ accountId }) => accountId === this.openId) ?? shown[0]
    return html`<ul class="grid grid-cols-1" aria-label=${words.inHome({ home: this.home.value?.name ?? '' })} @keydown=${moveThroughRows}>
        ${repeat(
          shown,
          ({ accountId }) => accountId,
          (person) => this.row(person, person === tabStop),
        )}
      </ul>
      ${others.length === 0 ? this.nobody(isHost) : nothing}`
  }

  private row(person: Person, isTabStop: boolean): TemplateResult {
    const words = this.words.value
    const isSelf = person.verified === 'self'
    const hasLeft = person.leftAt !== null
    const presence = person.isOnline ? words.online : words.offline
    const text = hasLeft ? $careWords.get().goneGroup : isSelf ? words.you : presence
    return html`<li>
      <a class="row" href=${isSelf ? paths.setting('profile') : paths.person(person.accountId)} aria-current=${person.accountId === this.openId ? 'page' : nothing} tabindex=${isTabStop ? 0 : -1}>
        ${avatar(faceOf(person.accountId, !isSelf))}
        <span class="min-w-0 flex-1">
          <span class="flex items-center gap-2"><span class="row-title truncate ${hasLeft ? 'text-muted' : ''}" dir="auto">${person.name || $appWords.get().someone}</span>${person.role === 'host' ? html`<span class="tag quiet">${words.host}</span>` : nothing}</span>
          <span class="row-text block truncate">${text}</span>
        </span>
        ${isSelf || hasLeft ? nothing : verifiedTag(person)}
      </a>
    </li>`
  }

  private nobody(isHost: boolean): TemplateResult {
    const words = this.words.value
    const action = html`<a class="btn btn-primary btn-action" href=${paths.setting('invites')}>${words.invite}</a>`
    const text = isHost ? words.emptyHost : words.emptyText
    return emptyState({ shapes: Users, title: words.emptyTitle, text, action: isHost ? action : nothing })
  }

  private readonly read = (event: Event) => {
    this.search = (event.target as HTMLInputElement).value
  }
}
