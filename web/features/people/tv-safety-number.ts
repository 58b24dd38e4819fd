import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { AccountId } from '../../../src/protocol/ids.ts'
import { fromBase64Url, toBase64Url } from '../../../src/protocol/ids.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { nameOf } from '../../faces.ts'
import { $people } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { say } from '../../toasts.ts'
import { actionButton, problemLine } from '../../ui/parts.ts'
import { $peopleWords } from '../../words/people.ts'
import { $safetyWords } from '../../words/safety.ts'
import '../../ui/tv-qr.ts'
import './tv-safety-scanner.ts'

type Shown = { digits: string; qr: Uint8Array }

/** The number two people compare to be sure that nobody sits between them; once they did, each says so here. */
@customElement('tv-safety-number')
export class TvSafetyNumber extends TvElement {
  @property() accountId!: AccountId
  /** Only the number: what follows from it is asked elsewhere. */
  @property({ type: Boolean }) isBare = false
  @state() private number: Shown | null = null
  @state() private doesDiffer = false
  private readonly people = new Use(this, $people)
  private readonly words = new Use(this, $peopleWords)
  private readonly safety = new Use(this, $safetyWords)
  private readonly loading = new Submission(this)
  private readonly checking = new Submission(this)

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
      <tv-qr class="mx-auto mt-5 block w-48" .text=${toBase64Url(this.number.qr)} .label=${words.safetyCode}></tv-qr>
      ${this.isBare ? nothing : this.answers(this.number)}`
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has('accountId')) return
    this.number = null
    this.doesDiffer = false
  }

  private answers({ digits }: Shown): TemplateResult {
    const words = this.safety.value
    const isChecked = this.people.value.get(this.accountId)?.verified === 'numbers'
    const { isBusy, problem } = this.checking
    const match = () => void this.check(() => bridge.call.confirmSafetyNumber(this.accountId, digits))
    const differ = () => {
      this.doesDiffer = true
    }
    const buttons = html`<div class="mt-5 flex flex-wrap justify-center gap-2">${actionButton({ text: words.match, isBusy, press: match })}<button type="button" class="btn btn-ghost btn-action" @click=${differ}>${words.differ}</button></div>`
    return html`${isChecked ? nothing : buttons}${this.doesDiffer ? this.warning() : nothing}${problemLine(problem)}
      <tv-safety-scanner class="mx-auto mt-5 grid max-w-sm gap-2" .accountId=${this.accountId} .isBusy=${isBusy} @code=${this.scanned}></tv-safety-scanner>`
  }

  private warning(): TemplateResult {
    const words = this.safety.value
    return html`<div class="mt-4" role="alert"><p class="row-title text-error">${words.differTitle}</p><p class="row-text mt-1">${words.differText({ name: nameOf(this.accountId) })}</p></div>`
  }

  private readonly show = async () => {
    const outcome = await this.loading.run(() => bridge.call.safetyNumber(this.accountId))
    if (outcome.isDone) this.number = outcome.value
  }

  private readonly scanned = ({ detail }: CustomEvent<string>) => {
    const code = fromBase64Url(detail.trim()) ?? new Uint8Array(0)
    void this.check(() => bridge.call.scanSafetyCode(this.accountId, code))
  }

  private async check(work: () => Promise<void>): Promise<void> {
    const outcome = await this.checking.run(work)
    if (!outcome.isDone) return
    this.doesDiffer = false
    say(this.safety.value.done({ name: nameOf(this.accountId) }))
  }
}
