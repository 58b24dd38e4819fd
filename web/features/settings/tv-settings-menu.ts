import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { FileArchive, History, House, Info, LifeBuoy, LogOut, MonitorSmartphone, Palette, UserPlus } from 'lucide'
import { TvElement, Use } from '../../element.ts'
import { faceOf } from '../../faces.ts'
import { paths } from '../../router.ts'
import { $home, $me, $people } from '../../stores.ts'
import { avatar } from '../../ui/avatar.ts'
import { type IconShapes, icon } from '../../ui/icon.ts'
import { paneHeader } from '../../ui/parts.ts'
import { moveThroughRows } from '../../ui/roving.ts'
import { $auditWords, $dataWords } from '../../words/own-data.ts'
import { $settingsWords } from '../../words/settings.ts'
import { signOut } from './sign-out.ts'

type Item = { page: string; shapes: IconShapes; title: string; text: string; tag?: string }

/** The list of settings pages. */
@customElement('tv-settings-menu')
export class TvSettingsMenu extends TvElement {
  @property() page: string | null = null
  private readonly me = new Use(this, $me)
  private readonly home = new Use(this, $home)
  private readonly words = new Use(this, $settingsWords)

  constructor() {
    super()
    new Use(this, $people)
  }

  override render() {
    const words = this.words.value
    return html`${paneHeader({ title: words.title })}
      <nav class="min-h-0 flex-1 overflow-y-auto px-2 pb-6" aria-label=${words.title} @keydown=${moveThroughRows}>
        ${this.profileRow()}
        <ul class="mt-2 grid grid-cols-1">${this.items().map((item) => this.row(item))}</ul>
        <button type="button" class="row mt-2 text-error" @click=${signOut}><span class="tile danger">${icon(LogOut)}</span><span class="row-title">${words.signOut}</span></button>
      </nav>`
  }

  private profileRow(): TemplateResult | typeof nothing {
    const me = this.me.value
    if (!me) return nothing
    return html`<a class="row" href=${paths.setting('profile')} aria-current=${this.page === 'profile' ? 'page' : nothing}>${avatar(faceOf(me.accountId))}<span class="min-w-0"><span class="row-title block truncate" dir="auto">${me.name}</span><span class="row-text block truncate">${this.words.value.profileText}</span></span></a>`
  }

  private items(): Item[] {
    const words = this.words.value
    const me = this.me.value
    const ofHost: Item[] = [
      { page: 'invites', shapes: UserPlus, title: words.invites, text: words.invitesText },
      { page: 'home', shapes: House, title: words.home, text: this.home.value?.name || words.homeText },
      { page: 'events', shapes: History, title: $auditWords.get().title, text: $auditWords.get().text },
    ]
    const kit: Item = { page: 'recovery', shapes: LifeBuoy, title: words.recovery, text: words.recoveryText }
    return [
      ...(me?.role === 'host' ? ofHost : []),
      { page: 'devices', shapes: MonitorSmartphone, title: words.devices, text: words.devicesText },
      me && !me.isKitConfirmed ? { ...kit, tag: words.recoveryOpen } : kit,
      { page: 'appearance', shapes: Palette, title: words.appearance, text: words.appearanceText },
      { page: 'data', shapes: FileArchive, title: $dataWords.get().title, text: $dataWords.get().text },
      { page: 'about', shapes: Info, title: words.about, text: words.aboutText },
    ]
  }

  private row({ page, shapes, title, text, tag }: Item): TemplateResult {
    return html`<li><a class="row" href=${paths.setting(page)} aria-current=${this.page === page || (this.page === 'link' && page === 'devices') ? 'page' : nothing}><span class="tile">${icon(shapes)}</span><span class="min-w-0 flex-1"><span class="row-title block truncate">${title}</span><span class="row-text block truncate" dir="auto">${text}</span></span>${tag ? html`<span class="tag warn">${tag}</span>` : nothing}</a></li>`
  }
}
