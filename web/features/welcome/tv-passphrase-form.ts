import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { ArrowRight, Check, Copy, Eye, EyeOff, KeyRound, Lock, RefreshCw } from 'lucide'
import type { Strength } from '../../../src/client/api.ts'
import { bridge } from '../../bridge.ts'
import { Use } from '../../element.ts'
import { $progress } from '../../stores.ts'
import { submit } from '../../submit.ts'
import { type IconShapes, icon } from '../../ui/icon.ts'
import { iconButton, problemLine } from '../../ui/parts.ts'
import { $welcomeWords, $youWords } from '../../words/welcome.ts'
import { copyText } from './copy-text.ts'
import { footnote, waitingPage, welcomePage } from './frame.ts'
import { WelcomeScreen } from './welcome-screen.ts'

// What a device refuses as weak_passphrase lies below this.
const minScore = 2
const meterColours = ['bg-error', 'bg-error', 'bg-warning', 'bg-success', 'bg-success'] as const

/** Six proposed words or an own passphrase; while keys are made, how far that is. Tells `done` with the passphrase. */
@customElement('tv-passphrase-form')
export class TvPassphraseForm extends WelcomeScreen {
  @property() signInName = ''
  @property({ type: Boolean }) isBusy = false
  @property({ attribute: false }) problem: string | null = null
  @state() private isOwn = false
  @state() private proposed = ''
  @state() private own = ''
  @state() private isShown = false
  @state() private strength: Strength | null = null
  @state() private fieldProblem: string | null = null
  private readonly words = new Use(this, $youWords)
  private readonly progress = new Use(this, $progress)

  protected get screen(): string {
    return this.isBusy ? 'keys' : 'passphrase'
  }

  override connectedCallback(): void {
    super.connectedCallback()
    if (!this.proposed) void this.propose()
  }

  override render() {
    const words = this.words.value
    const { value: progress } = this.progress
    const share = progress?.task === 'sign_up' && progress.total ? progress.done / progress.total : null
    if (this.isBusy) return waitingPage(words.keysTitle, words.keysText, share)
    const option = (isOwn: boolean, title: string, text: string, content: TemplateResult) =>
      html`<div class="option option-holder flex-wrap"><label class="flex min-w-0 flex-1 basis-full items-center gap-3.5"><input type="radio" class="sr-only" name="passphrase-kind" .checked=${this.isOwn === isOwn} @change=${() => this.choose(isOwn)} /><span class="min-w-0 flex-1"><span class="row-title block">${title}</span><span class="row-text block">${text}</span></span><span class="mark" aria-hidden="true">${icon(Check)}</span></label>${this.isOwn === isOwn ? html`<div class="basis-full">${content}</div>` : nothing}</div>`
    const body = html`<input class="hidden" type="text" name="username" autocomplete="username" .value=${this.signInName} readonly tabindex="-1" aria-hidden="true" />
      <fieldset class="mt-7 grid gap-2.5"><legend class="field-label">${words.passChoice}</legend>
        ${option(false, words.passProposed, words.passProposedText, this.proposal())}${option(true, words.passOwn, words.passOwnText, this.ownField())}</fieldset>
      ${problemLine(this.problem)}`
    const actions = html`<button class="btn btn-primary btn-action w-full">${$welcomeWords.get().go} ${icon(ArrowRight, 'text-lg rtl:rotate-180')}</button>${footnote(Lock, $welcomeWords.get().staysHere)}`
    return welcomePage({
      shapes: KeyRound,
      title: words.passTitle,
      text: words.passText,
      body,
      actions,
      submit: this.finish,
    })
  }

  private proposal(): TemplateResult {
    const words = this.words.value
    const small = (shapes: IconShapes, text: string, press: () => void) =>
      html`<button type="button" class="btn btn-ghost h-11 rounded-full px-2.5 text-sm text-primary" @click=${press}>${icon(shapes)}${text}</button>`
    return html`<p class="flex min-h-14 flex-wrap content-center gap-x-2 gap-y-2 rounded-xl bg-base-100 px-3 py-3 font-mono text-[1.0625rem] leading-7 font-semibold ring-1 ring-line" translate="no" lang="en" dir="ltr" aria-live="polite" data-words>${this.proposed.split(' ').map((word) => html`<span>${word} </span>`)}</p>
      <div class="mt-1.5 -mb-1.5 flex flex-wrap justify-between gap-1">${small(RefreshCw, words.passOther, () => void this.propose())}${small(Copy, words.passCopy, () => void copyText(this.proposed))}</div>`
  }

  private ownField(): TemplateResult {
    const words = this.words.value
    return html`<label class="sr-only" for="own-passphrase">${words.passLabel}</label>
      <div class="relative"><input id="own-passphrase" class="input text-input pe-13" type=${this.isShown ? 'text' : 'password'} .value=${this.own} autocomplete="new-password" autocapitalize="off" spellcheck="false" dir="auto" maxlength="200" aria-invalid=${this.fieldProblem ? 'true' : nothing} aria-describedby="own-strength" @input=${this.typed} />
        <span class="absolute end-1.5 top-1">${iconButton(
          this.isShown ? EyeOff : Eye,
          this.isShown ? words.passHide : words.passShow,
          () => {
            this.isShown = !this.isShown
          },
        )}</span></div>
      <div id="own-strength" class="mt-2.5" aria-live="polite">${this.meter()}${problemLine(this.fieldProblem)}</div>`
  }

  private meter(): TemplateResult | typeof nothing {
    if (!this.strength) return nothing
    const words = this.words.value
    const { score } = this.strength
    const bar = (at: number) =>
      html`<i class="h-1.5 flex-1 rounded-full ${at <= score ? meterColours[score] : 'bg-base-300'}"></i>`
    return html`<div class="flex gap-1" aria-hidden="true">${[0, 1, 2, 3, 4].map(bar)}</div><p class="field-hint"><span class="sr-only">${words.strength}: </span>${words[`strength_${score}`]}</p>`
  }

  private async propose(): Promise<void> {
    const outcome = await submit(() => bridge.call.proposePassphrase())
    if (outcome.isDone) this.proposed = outcome.value
    else this.problem = outcome.problem
  }

  private choose(isOwn: boolean): void {
    this.isOwn = isOwn
    this.problem = null
    if (isOwn) void this.focusField('own-passphrase')
  }

  private readonly typed = async (event: Event) => {
    const text = (event.target as HTMLInputElement).value
    this.own = text
    this.fieldProblem = null
    if (!text) this.strength = null
    const outcome = await submit(() => bridge.call.estimatePassphrase(text))
    if (outcome.isDone && this.own === text && text) this.strength = outcome.value
  }

  private readonly finish = () => {
    const words = this.words.value
    if (this.isOwn && !this.own) this.fieldProblem = words.passMissing
    else if (this.isOwn && this.strength && this.strength.score < minScore) this.fieldProblem = words.passWeak
    if (this.isOwn && this.fieldProblem) return void this.focusField('own-passphrase')
    const passphrase = this.isOwn ? this.own : this.proposed
    if (passphrase) this.tell<string>('done', passphrase)
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-passphrase-form': TvPassphraseForm
  }
}
