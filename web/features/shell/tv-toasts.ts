import { html } from 'lit'
import { customElement } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import { CircleAlert, CircleCheck, X } from 'lucide'
import { TvElement, Use } from '../../element.ts'
import { $toasts, dismissToast, type Toast } from '../../toasts.ts'
import { icon } from '../../ui/icon.ts'
import { $appWords } from '../../words/app.ts'

/** Short lines that come and go by themselves. */
@customElement('tv-toasts')
export class TvToasts extends TvElement {
  private readonly toasts = new Use(this, $toasts)
  private readonly words = new Use(this, $appWords)

  override render() {
    const toast = ({ id, text, kind }: Toast) =>
      html`<div class="toast pointer-events-auto">${icon(kind === 'done' ? CircleCheck : CircleAlert)}<span class="min-w-0">${text}</span><button type="button" class="grid size-9 flex-none place-items-center rounded-full" aria-label=${this.words.value.dismiss} @click=${() => dismissToast(id)}>${icon(X, 'text-sm')}</button></div>`
    return html`<div class="pointer-events-none fixed inset-x-0 bottom-24 z-50 flex flex-col items-center gap-2 px-4 md:bottom-8" role="status" aria-live="polite">${repeat(this.toasts.value, ({ id }) => id, toast)}</div>`
  }
}
