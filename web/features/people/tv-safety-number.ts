import { html } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { AccountId } from '../../../src/protocol/ids.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { nameOf } from '../../faces.ts'
import { Submission } from '../../submit.ts'
import { actionButton, problemLine } from '../../ui/parts.ts'
import { $peopleWords } from '../../words/people.ts'
import '../../ui/tv-qr.ts'

/** The number two people compare to be sure that nobody sits between them. */
@customElement('tv-safety-number')
export class TvSafetyNumber extends TvElement {
  @property() accountId!: AccountId
  @state() private number: { digits: string; qr: Uint8Array } | null = null
  private readonly words = new Use(this, $peopleWords)
  private readonly loading = new Submission(this)

  override render() {
    const words = this.words.value
    const heading = html`<h2 class="text-base font-semibold">${words.safetyTitle}</h2><p class="row-text mt-1">${words.safetyText({ name: nameOf(this.accountId) })}</p>`
    if (!this.number) {
      const show = actionButton({
        text: words.showSafety,
        isBusy: this.loading.isBusy,
        classes: 'btn-secondary',
        press: this.show,
      })
      return html`${heading}<div class="mt-4">${show}</div>${problemLine(this.loading.problem)}`
    }
    const groups = this.number.digits.replaceAll(/\D/g, '').match(/.{1,5}/g) ?? []
    return html`${heading}
      <ol class="mt-4 grid grid-cols-3 gap-x-4 gap-y-2 text-center font-mono text-lg tracking-wider tabular-nums sm:grid-cols-4" dir="ltr">${groups.map((group) => html`<li>${group}</li>`)}</ol>
      <tv-qr class="mx-auto mt-5 block w-48" .bytes=${this.number.qr} .label=${words.safetyCode}></tv-qr>`
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('accountId')) this.number = null
  }

  private readonly show = async () => {
    const outcome = await this.loading.run(() => bridge.call.safetyNumber(this.accountId))
    if (outcome.isDone) this.number = outcome.value
  }
}
