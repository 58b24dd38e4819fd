import { html, type TemplateResult } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { TvElement, Use } from '../../element.ts'
import { paths } from '../../router.ts'
import { backLink } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $linkingWords } from '../../words/linking.ts'
import { $auditWords, $dataWords } from '../../words/own-data.ts'
import { $inviteWords } from '../../words/people.ts'
import { $settingsWords } from '../../words/settings.ts'
import '../invites/tv-invites.ts'
import '../linking/tv-link-old.ts'
import '../own-data/tv-leave.ts'
import '../own-data/tv-own-data.ts'
import './tv-about.ts'
import './tv-appearance.ts'
import './tv-audit.ts'
import './tv-devices.ts'
import './tv-home-name.ts'
import './tv-profile.ts'
import './tv-recovery.ts'

/** Pages behind another one. */
const inner: { [page: string]: string } = { link: 'devices', leave: 'data' }

/** One page of the settings, under its title. */
@customElement('tv-setting')
export class TvSetting extends TvElement {
  @property() page = 'profile'
  private readonly words = new Use(this, $settingsWords)

  override render() {
    const [title, content] = this.content()
    const outer = inner[this.page]
    const isInner = outer !== undefined
    const former = isInner ? paths.setting(outer) : paths.settings
    return html`<div class="pane-header">${backLink(former, $appWords.get().back, isInner ? '' : 'md:hidden')}<h1 class="pane-title truncate md:mx-auto md:w-full md:max-w-[31.5rem]" tabindex="-1" data-pane-title>${title}</h1></div>
      <div class="min-h-0 flex-1 overflow-y-auto overscroll-contain"><div class="settings-page">${content}</div></div>`
  }

  private content(): [string, TemplateResult] {
    const words = this.words.value
    switch (this.page) {
      case 'devices':
        return [words.devices, html`<tv-devices></tv-devices>`]
      case 'link':
        return [$linkingWords.get().title, html`<tv-link-old></tv-link-old>`]
      case 'appearance':
        return [words.appearance, html`<tv-appearance></tv-appearance>`]
      case 'recovery':
        return [words.recovery, html`<tv-recovery></tv-recovery>`]
      case 'invites':
        return [$inviteWords.get().title, html`<tv-invites></tv-invites>`]
      case 'home':
        return [words.home, html`<tv-home-name></tv-home-name>`]
      case 'data':
        return [$dataWords.get().title, html`<tv-own-data></tv-own-data>`]
      case 'leave':
        return [$dataWords.get().leaveTitle, html`<tv-leave></tv-leave>`]
      case 'events':
        return [$auditWords.get().title, html`<tv-audit></tv-audit>`]
      case 'about':
        return [words.about, html`<tv-about></tv-about>`]
      default:
        return [words.profile, html`<tv-profile></tv-profile>`]
    }
  }
}
