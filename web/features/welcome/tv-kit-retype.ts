import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { ClipboardCheck } from 'lucide'
import { bridge } from '../../bridge.ts'
import { confirmFirst } from '../../confirm.ts'
import { Use } from '../../element.ts'
import { Submission } from '../../submit.ts'
import { actionButton } from '../../ui/parts.ts'
import { $kitWords } from '../../words/welcome.ts'
import { quietButton, welcomePage } from './frame.ts'
import { WelcomeScreen } from './welcome-screen.ts'

/** Proves that the kit is readable and kept. Tells `done`, `again` (show the kit) or `skip`. */
@customElement('tv-kit-retype')
export class TvKitRetype extends WelcomeScreen {
  /** False after a reload: the kit cannot be shown again. */
  @property({ type: Boolean }) hasCode = false
  @state() private group = ''
  @state() private isWrong = false
  private readonly submission = new Submission(this)
  private readonly words = new Use(this, $kitWords)

  protected get screen(): string {
    return 'retype'
  }

  override render() {
    const words = this.words.value
    const problem = this.isWrong ? words.retypeWrong : this.submission.problem
    const body = html`<div class="mt-7"><label class="field-label" for="kit-group">${words.retypeLabel}</label>
      <input id="kit-group" class="input h-16 w-full max-w-56 rounded-[.875rem] bg-base-100 text-center font-mono text-3xl! font-semibold tracking-[.2em] uppercase" type="text" dir="ltr" .value=${this.group} maxlength="8" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" aria-invalid=${problem ? 'true' : nothing} aria-describedby=${problem ? 'kit-group-problem' : nothing} @input=${this.typed} />
      ${problem ? html`<p class="field-problem" id="kit-group-problem" role="alert">${problem}</p>` : nothing}</div>`
    const other = this.hasCode
      ? quietButton(words.showAgain, () => this.tell('again'))
      : quietButton(words.lostSkip, () => void this.skip())
    const actions = html`${actionButton({ text: words.retypeCheck, isBusy: this.submission.isBusy, classes: 'btn-primary w-full' })}${other}`
    const [title, text] = this.hasCode ? [words.retypeTitle, words.retypeText] : [words.lostTitle, words.lostText]
    return welcomePage({ shapes: ClipboardCheck, title, text, body, actions, submit: () => void this.check() })
  }

  private readonly typed = (event: Event) => {
    this.group = (event.target as HTMLInputElement).value
    this.isWrong = false
  }

  private async check(): Promise<void> {
    const outcome = await this.submission.run(() => bridge.call.confirmKit(this.group.trim()))
    if (outcome.isDone && outcome.value) return this.tell('done')
    this.isWrong = outcome.isDone
    await this.focusField('kit-group')
  }

  private async skip(): Promise<void> {
    const { lostSkipTitle: title, lostSkipText: text, lostSkipYes: action } = this.words.value
    if (await confirmFirst({ title, text, action, isDangerous: true })) this.tell('skip')
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-kit-retype': TvKitRetype
  }
}
