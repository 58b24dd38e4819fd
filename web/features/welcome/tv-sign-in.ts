import { html, nothing, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { ArrowRight, CircleQuestionMark, DoorOpen, Eye, EyeOff, Lock } from 'lucide'
import { ClientFailure } from '../../../src/client/api.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { Use } from '../../element.ts'
import { openHome } from '../../router.ts'
import { $linking, $progress } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { iconButton, problemLine, textField } from '../../ui/parts.ts'
import { $linkingWords } from '../../words/linking.ts'
import { clockTime } from '../../words/time.ts'
import { $signInWords, $welcomeWords } from '../../words/welcome.ts'
import { footnote, quietButton, waitingPage, welcomeFrame, welcomePage } from './frame.ts'
import { WelcomeScreen } from './welcome-screen.ts'
import '../linking/tv-link-new.ts'

/** Lets somebody who has an account here in on this device. */
@customElement('tv-sign-in')
export class TvSignIn extends WelcomeScreen {
  @state() private isLinking = $linking.get()?.side === 'new' && $linking.get()?.stage !== 'done'
  @state() private name = ''
  @state() private secret = ''
  @state() private isShown = false
  @state() private nameProblem: string | null = null
  @state() private secretProblem: string | null = null
  private readonly submission = new Submission(this)
  private readonly words = new Use(this, $signInWords)
  private readonly progress = new Use(this, $progress)

  protected get screen(): string {
    return this.isLinking ? 'link' : this.submission.isBusy ? 'busy' : 'sign-in'
  }

  override render() {
    const words = this.words.value
    if (this.isLinking)
      return welcomeFrame({ content: html`<tv-link-new @leave=${() => this.link(false)}></tv-link-new>` })
    const progress = this.progress.value
    const share = progress?.task === 'sign_in' && progress.total ? progress.done / progress.total : null
    const content = this.submission.isBusy ? waitingPage(words.busyTitle, words.busyText, share) : this.form()
    return welcomeFrame({ content })
  }

  private form(): TemplateResult {
    const words = this.words.value
    const body = html`<div class="mt-7 grid gap-6">
        ${textField({ id: 'sign-in-name', label: words.name, value: this.name, maxLength: limits.maxSignInNameLength, autocomplete: 'username', isRequired: true, problem: this.nameProblem, change: this.typedName })}
        ${this.secretField()}
      </div>
      <details class="mt-5 text-[.9375rem] leading-6"><summary class="flex min-h-11 items-center gap-2 font-semibold text-primary">${icon(CircleQuestionMark)}${words.neither}</summary>
        <div class="mt-1 grid gap-2 rounded-2xl bg-base-200 p-4 text-sm leading-5.5"><p>${words.neitherText}</p><p>${words.neitherHost}</p></div></details>`
    const actions = html`<button class="btn btn-primary btn-action w-full">${words.go} ${icon(ArrowRight, 'text-lg rtl:rotate-180')}</button>${quietButton($linkingWords.get().newWay, () => this.link(true))}${footnote(Lock, $welcomeWords.get().staysHere)}`
    return welcomePage({
      shapes: DoorOpen,
      title: words.title,
      text: words.text,
      body,
      actions,
      submit: () => void this.enter(),
    })
  }

  private secretField(): TemplateResult {
    const words = this.words.value
    const problem = this.secretProblem
    return html`<div><label class="field-label" for="sign-in-secret">${words.secret}</label>
      <div class="relative"><input id="sign-in-secret" class="input text-input pe-13" type=${this.isShown ? 'text' : 'password'} .value=${this.secret} autocomplete="current-password" autocapitalize="off" spellcheck="false" dir="auto" maxlength="300" required aria-invalid=${problem ? 'true' : nothing} aria-describedby="sign-in-hint" @input=${this.typedSecret} />
        <span class="absolute end-1.5 top-1">${iconButton(
          this.isShown ? EyeOff : Eye,
          this.isShown ? words.hide : words.show,
          () => {
            this.isShown = !this.isShown
          },
        )}</span></div>
      <p class="field-hint" id="sign-in-hint">${words.secretHint}</p>${problemLine(problem)}</div>`
  }

  private link(isLinking: boolean): void {
    this.isLinking = isLinking
  }

  private readonly typedName = (name: string) => {
    this.name = name
    this.nameProblem = null
  }

  private readonly typedSecret = (event: Event) => {
    this.secret = (event.target as HTMLInputElement).value
    this.secretProblem = null
  }

  private async enter(): Promise<void> {
    const words = this.words.value
    const signInName = this.name.trim().toLowerCase()
    this.nameProblem = signInName ? null : words.nameMissing
    this.secretProblem = this.secret ? null : words.secretMissing
    if (this.nameProblem) return this.focusField('sign-in-name')
    if (this.secretProblem) return this.focusField('sign-in-secret')
    let failure: unknown = null
    const outcome = await this.submission.run(() =>
      bridge.call.signIn(signInName, this.secret).catch((cause: unknown) => {
        failure = cause
        throw cause
      }),
    )
    if (outcome.isDone) {
      this.secret = ''
      return openHome()
    }
    this.secretProblem = this.problemOf(failure) ?? outcome.problem
    await this.focusField('sign-in-secret')
  }

  private problemOf(failure: unknown): string | null {
    const words = this.words.value
    if (!(failure instanceof ClientFailure)) return null
    if (failure.code === 'wrong_key' || failure.code === 'not_found') return words.wrong
    const hasTime = failure.code === 'too_many_tries' && failure.retryAfterMs > 0
    return hasTime ? words.later({ time: clockTime(Date.now() + failure.retryAfterMs) }) : null
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-sign-in': TvSignIn
  }
}
