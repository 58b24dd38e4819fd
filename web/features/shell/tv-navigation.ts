import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { MessageCircle, Settings, Users } from 'lucide'
import { TvElement, Use } from '../../element.ts'
import { faceOf } from '../../faces.ts'
import { paths } from '../../router.ts'
import { $connection, $me, $people, $unreadTotal } from '../../stores.ts'
import { avatar } from '../../ui/avatar.ts'
import { type IconShapes, icon, logo } from '../../ui/icon.ts'
import { $appWords } from '../../words/app.ts'
import type { Section } from './place.ts'

type Item = { section: Section; href: string; shapes: IconShapes; unread: number }

/** Chats, People, Settings: a rail beside the panes, or a bar under the list on a phone. */
@customElement('tv-navigation')
export class TvNavigation extends TvElement {
  @property() kind: 'rail' | 'bar' = 'rail'
  @property() section: Section = 'chats'
  private readonly unread = new Use(this, $unreadTotal)
  private readonly me = new Use(this, $me)
  private readonly connection = new Use(this, $connection)
  private readonly words = new Use(this, $appWords)

  constructor() {
    super()
    new Use(this, $people)
  }

  override render() {
    return this.kind === 'rail' ? this.rail() : this.bar()
  }

  private get items(): Item[] {
    return [
      { section: 'chats', href: paths.home, shapes: MessageCircle, unread: this.unread.value },
      { section: 'people', href: paths.people, shapes: Users, unread: 0 },
      { section: 'settings', href: paths.settings, shapes: Settings, unread: 0 },
    ]
  }

  private rail(): TemplateResult {
    const words = this.words.value
    const me = this.me.value
    const face = me ? { ...faceOf(me.accountId), isOnline: this.connection.value.state === 'online' } : null
    const link = (item: Item, classes = '') =>
      html`<a class="icon-button relative size-11 ${classes}" href=${item.href} aria-label=${this.label(item)} title=${words[item.section]} aria-current=${item.section === this.section ? 'page' : nothing}>${icon(item.shapes, 'text-[1.125rem]')}${this.badge(item, '-end-0.5 -top-0.5')}</a>`
    const [chats, people, settings] = this.items
    return html`<nav class="flex h-full w-17 flex-none flex-col items-center gap-1.5 bg-rail py-4 [--tv-ring:var(--tv-rail)]" aria-label=${words.mainMenu}>
      <span class="mb-3 grid size-10 flex-none place-items-center rounded-2xl bg-primary text-primary-content shadow-bubble">${logo('size-6')}</span>
      ${link(chats!)}${link(people!)}${link(settings!, 'mt-auto')}
      ${face ? html`<a class="mt-1 rounded-full" href=${paths.setting('profile')} title=${words.yourProfile({ name: face.name })}>${avatar(face, 'sm')}<span class="sr-only">${words.yourProfile({ name: face.name })}</span></a>` : nothing}
    </nav>`
  }

  private bar(): TemplateResult {
    const words = this.words.value
    const link = (item: Item) =>
      html`<a class="bottom-nav-item" href=${item.href} aria-current=${item.section === this.section ? 'page' : nothing}><span class="glyph">${icon(item.shapes, 'text-[1.125rem]')}${this.badge(item, 'end-1.5 -top-0.5')}</span>${words[item.section]}${item.unread ? html`<span class="sr-only">, ${words.unread(item.unread)}</span>` : nothing}</a>`
    return html`<nav class="flex justify-around border-t border-line bg-base-200 px-2 pt-1.5 pb-[max(.5rem,env(safe-area-inset-bottom))]" aria-label=${words.mainMenu}>${this.items.map(link)}</nav>`
  }

  private label({ section, unread }: Item): string {
    const words = this.words.value
    return unread ? `${words[section]}, ${words.unread(unread)}` : words[section]
  }

  private badge({ unread }: Item, place: string): TemplateResult | typeof nothing {
    if (!unread) return nothing
    return html`<span class="badge-count absolute ${place} h-4.5! min-w-4.5! px-1! text-2xs!" aria-hidden="true">${unread > 99 ? '99+' : unread}</span>`
  }
}
