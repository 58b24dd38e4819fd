import { html, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { MessageCircle, Users } from 'lucide'
import { TvElement, Use } from '../../element.ts'
import { $router } from '../../router.ts'
import { icon } from '../../ui/icon.ts'
import { $appWords } from '../../words/app.ts'
import { PaneFocus } from './pane-focus.ts'
import { type Place, placeOf } from './place.ts'
import '../chat/tv-thread.ts'
import '../conversations/tv-conversations.ts'
import './tv-banner.ts'
import './tv-navigation.ts'

const wide = matchMedia('(min-width: 48rem)')

/** Two panes: a list at the side and what was opened from it. A phone shows one of them. */
@customElement('tv-shell')
export class TvShell extends TvElement {
  private readonly route = new Use(this, $router)
  private readonly words = new Use(this, $appWords)
  private readonly paneFocus = new PaneFocus(this)
  @state() private isWarm = false

  override connectedCallback(): void {
    super.connectedCallback()
    wide.addEventListener('change', this.widthChanged)
  }

  // The picture behind a conversation takes a moment to read: that is over before somebody opens one.
  override firstUpdated(): void {
    const warm = () => {
      this.isWarm = true
    }
    if ('requestIdleCallback' in window) requestIdleCallback(warm)
    else setTimeout(warm, 1_000)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    wide.removeEventListener('change', this.widthChanged)
  }

  override render() {
    const place = placeOf(this.route.value)
    const isMainOpen = place.main !== null
    const isMainPane = isMainOpen || wide.matches
    this.paneFocus.place = place
    return html`<div class="flex h-full min-h-0 flex-col">
      <tv-banner></tv-banner>
      ${this.isWarm ? html`<div class="wall invisible fixed size-0" aria-hidden="true"></div>` : null}
      <div class="flex min-h-0 flex-1">
        <tv-navigation class="max-md:hidden" kind="rail" .section=${place.section}></tv-navigation>
        <div class="flex min-h-0 w-full flex-none flex-col bg-base-200 md:w-80 xl:w-[24.5rem] ${isMainOpen ? 'max-md:hidden' : ''}" data-pane="side">
          <div class="relative flex min-h-0 flex-1 flex-col" role=${isMainPane ? 'complementary' : 'main'} aria-label=${this.sectionName(place)}>${this.side(place)}</div>
          <tv-navigation class="md:hidden" kind="bar" .section=${place.section}></tv-navigation>
        </div>
        <div class="flex min-h-0 min-w-0 flex-1 flex-col ${this.mainLook(place)} ${isMainOpen ? '' : 'max-md:hidden'}" role=${isMainPane ? 'main' : 'presentation'} data-pane="main">${this.main(place)}</div>
      </div>
    </div>`
  }

  private readonly widthChanged = () => this.requestUpdate()

  private sectionName({ section }: Place): string {
    return this.words.value[section]
  }

  private side(place: Place): TemplateResult {
    if (place.section === 'people') return html`<tv-people .openId=${place.main?.id ?? null}></tv-people>`
    if (place.section === 'settings') return html`<tv-settings-menu .page=${place.main?.id ?? null}></tv-settings-menu>`
    if (place.isNew) return html`<tv-new .isGroup=${place.isNewGroup}></tv-new>`
    return html`<tv-conversations .openId=${place.main?.id ?? null}></tv-conversations>`
  }

  private main({ main, section }: Place): TemplateResult {
    switch (main?.kind) {
      case 'thread':
        return html`<tv-thread .conversationId=${main.id}></tv-thread>`
      case 'members':
        return html`<tv-members .conversationId=${main.id}></tv-members>`
      case 'person':
        return html`<tv-person .accountId=${main.id}></tv-person>`
      case 'setting':
        return html`<tv-setting .page=${main.id}></tv-setting>`
      default:
        return this.nothingOpen(section)
    }
  }

  private nothingOpen(section: Place['section']): TemplateResult {
    if (section === 'settings') return html`<tv-setting page="profile"></tv-setting>`
    const words = this.words.value
    const isChats = section === 'chats'
    return html`<div class="m-auto flex flex-col items-center gap-3 p-8 text-center"><span class="grid size-16 place-items-center rounded-[1.375rem] bg-base-100 text-primary shadow-bubble">${icon(isChats ? MessageCircle : Users, 'text-2xl')}</span><p class="chip text-sm!">${isChats ? words.chooseChat : words.choosePerson}</p></div>`
  }

  private mainLook({ main, section }: Place): string {
    const hasWall = main ? main.kind === 'thread' : section !== 'settings'
    return hasWall ? 'wall' : 'border-line bg-base-200 md:border-s'
  }
}
