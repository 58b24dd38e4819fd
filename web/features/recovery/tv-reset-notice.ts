import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { ShieldAlert } from 'lucide'
import type { AccountId } from '../../../src/protocol/ids.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { nameOf } from '../../faces.ts'
import { $people } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { say } from '../../toasts.ts'
import { icon } from '../../ui/icon.ts'
import { actionButton, problemLine } from '../../ui/parts.ts'
import { $recoveryWords } from '../../words/recovery.ts'
import '../people/tv-safety-number.ts'

/** Somebody has a new identity: nothing is sent to it before a person decided. */
@customElement('tv-reset-notice')
export class TvResetNotice extends TvElement {
  @property() accountId!: AccountId
  @state() private isComparing = false
  private readonly people = new Use(this, $people)
  private readonly words = new Use(this, $recoveryWords)
  private readonly deciding = new Submission(this)

  override render() {
    if (!this.people.value.get(this.accountId)?.wasReset) return nothing
    const words = this.words.value
    const name = nameOf(this.accountId)
    return html`<section class="card p-5" role="alert"><div class="flex gap-4"><span class="tile danger">${icon(ShieldAlert)}</span>
        <div><h2 class="row-title">${words.resetTitle({ name })}</h2><p class="mt-1 text-[.9375rem] leading-5.5 text-pretty">${words.resetText({ name })}</p><p class="row-text mt-2">${words.resetGroups}</p></div></div>
      ${this.isComparing ? html`<div class="mt-5"><tv-safety-number .accountId=${this.accountId} .isBare=${true}></tv-safety-number></div>` : nothing}
      <div class="mt-5 flex flex-wrap gap-2">${this.buttons()}</div>${problemLine(this.deciding.problem)}</section>`
  }

  private buttons(): TemplateResult {
    const words = this.words.value
    const { isBusy } = this.deciding
    const compare = () => {
      this.isComparing = true
    }
    const first = this.isComparing
      ? actionButton({ text: words.resetMatch, isBusy, press: () => void this.accept('numbers') })
      : actionButton({ text: words.resetCompare, isBusy, press: compare })
    const known = () => void this.accept('known')
    return html`${first}<button type="button" class="btn btn-ghost btn-action" ?disabled=${isBusy} @click=${known}>${words.resetKnown}</button>`
  }

  private async accept(how: 'numbers' | 'known'): Promise<void> {
    const outcome = await this.deciding.run(() => bridge.call.acceptReset(this.accountId, how))
    if (outcome.isDone) say(this.words.value.resetAccepted)
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-reset-notice': TvResetNotice
  }
}
