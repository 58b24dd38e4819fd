import { html, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { FileKey, KeyRound, SquareTerminal } from 'lucide'
import { Use } from '../../element.ts'
import { type IconShapes, icon } from '../../ui/icon.ts'
import { actionButton, textField } from '../../ui/parts.ts'
import { $setupWords } from '../../words/setup.ts'
import { readClaimToken } from './claim-link.ts'
import { welcomePage } from './frame.ts'
import { WelcomeScreen } from './welcome-screen.ts'

/** Says where the setup link is and takes a pasted one. Tells `token`. */
@customElement('tv-setup-token')
export class TvSetupToken extends WelcomeScreen {
  @property({ type: Boolean }) isBusy = false
  /** What the home said against the token it was shown. */
  @property({ attribute: false }) problem: string | null = null
  @state() private link = ''
  private readonly words = new Use(this, $setupWords)

  protected get screen(): string {
    return 'token'
  }

  override render() {
    const words = this.words.value
    const [before, after] = words.tokenFile({ file: '\n' }).split('\n')
    const place = (shapes: IconShapes, text: string | TemplateResult) =>
      html`<li class="flex items-center gap-3.5"><span class="tile">${icon(shapes)}</span><span class="text-[.9375rem] leading-5.5">${text}</span></li>`
    const body = html`<ul class="mt-6 grid gap-3">${place(SquareTerminal, words.tokenTerminal)}${place(FileKey, html`${before}<code class="rounded-md bg-base-300 px-1.5 py-0.5 text-[.875em]" translate="no">claim-token</code>${after}`)}</ul>
      <div class="mt-7">${textField({ id: 'setup-link', label: words.tokenLabel, value: this.link, hint: words.tokenHint, maxLength: 400, problem: this.problem, change: this.typed })}</div>`
    const actions = actionButton({ text: words.tokenGo, isBusy: this.isBusy, classes: 'btn-primary w-full' })
    return welcomePage({
      shapes: KeyRound,
      title: words.tokenTitle,
      text: words.tokenText,
      body,
      actions,
      submit: this.finish,
    })
  }

  private readonly typed = (text: string) => {
    this.link = text
    this.problem = null
  }

  private readonly finish = () => {
    const words = this.words.value
    const token = readClaimToken(this.link)
    if (token) return this.tell<string>('token', token)
    this.problem = this.link.trim() ? words.tokenWrong : words.tokenMissing
    void this.focusField('setup-link')
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-setup-token': TvSetupToken
  }
}
