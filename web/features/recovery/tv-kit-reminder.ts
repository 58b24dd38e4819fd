import { html, nothing } from 'lit'
import { customElement } from 'lit/decorators.js'
import { LifeBuoy } from 'lucide'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { paths } from '../../router.ts'
import { $me } from '../../stores.ts'
import { attempt } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { $recoveryWords } from '../../words/recovery.ts'

/** Once in a while: a line that asks whether the kit is still there. */
@customElement('tv-kit-reminder')
export class TvKitReminder extends TvElement {
  private readonly me = new Use(this, $me)
  private readonly words = new Use(this, $recoveryWords)

  override render() {
    if (!this.me.value?.isKitDue) return nothing
    const words = this.words.value
    const later = () => void attempt(() => bridge.call.dismissKitReminder())
    return html`<div class="flex flex-wrap items-center gap-x-3 border-b border-line bg-secondary px-4 py-1 text-[.8125rem] leading-4.5 text-secondary-content">
      ${icon(LifeBuoy, 'text-base')}<span class="min-w-40 flex-1 font-medium">${words.reminder}</span>
      <span class="flex"><a class="btn btn-ghost h-11 rounded-full px-4 text-sm" href=${paths.setting('recovery')}>${words.reminderCheck}</a><button type="button" class="btn btn-ghost h-11 rounded-full px-4 text-sm" @click=${later}>${words.reminderLater}</button></span>
    </div>`
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-kit-reminder': TvKitReminder
  }
}
