import { html } from 'lit'
import { customElement } from 'lit/decorators.js'
import { PRODUCT_VERSION } from '../../../src/protocol/version.ts'
import { TvElement, Use } from '../../element.ts'
import { $home } from '../../stores.ts'
import { logo } from '../../ui/icon.ts'
import { $settingsWords } from '../../words/settings.ts'

@customElement('tv-about')
export class TvAbout extends TvElement {
  private readonly home = new Use(this, $home)
  private readonly words = new Use(this, $settingsWords)

  override render() {
    const words = this.words.value
    return html`<div class="flex items-center gap-4"><span class="grid size-14 place-items-center rounded-[1.25rem] bg-primary text-primary-content">${logo('size-8')}</span><p class="text-xl font-bold tracking-tight">TralliValli</p></div>
      <p class="mt-5 text-pretty">${words.aboutIntro}</p>
      <dl class="card mt-6 grid grid-cols-[auto_1fr] gap-x-6 gap-y-3 p-5 text-sm">
        <dt class="text-muted">${words.version}</dt><dd class="text-end tabular-nums">${PRODUCT_VERSION}</dd>
        <dt class="text-muted">${words.homeVersion}</dt><dd class="text-end tabular-nums">${this.home.value?.version ?? '–'}</dd>
        <dt class="text-muted">${words.licence}</dt><dd class="text-end">${words.licenceText}</dd>
      </dl>`
  }
}
