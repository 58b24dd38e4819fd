import { html, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { ArchiveRestore, ArrowRight, House, HousePlus, PartyPopper } from 'lucide'
import { ClientFailure } from '../../../src/client/api.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { Use } from '../../element.ts'
import { openChat, openHome, paths } from '../../router.ts'
import { $home, $me, $phase } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { choiceCards, problemLine, textField } from '../../ui/parts.ts'
import { $setupWords } from '../../words/setup.ts'
import { $welcomeWords } from '../../words/welcome.ts'
import { claimTokenInAddress, putTokenInAddress } from './claim-link.ts'
import { welcomeFrame, welcomePage } from './frame.ts'
import { $recoveryCode } from './kit.ts'
import type { PersonDraft } from './session-memory.ts'
import { $setupProgress, advanceSetup, endSetup, resumeStep, type SetupStep } from './setup-progress.ts'
import { StepHistory, type WayBack } from './step-history.ts'
import { WelcomeScreen } from './welcome-screen.ts'
import './tv-kit.ts'
import './tv-kit-retype.ts'
import './tv-passphrase-form.ts'
import './tv-person-form.ts'
import './tv-restore.ts'
import './tv-setup-address.ts'
import './tv-setup-check.ts'
import './tv-setup-invites.ts'
import './tv-setup-token.ts'

// Shown as a number; the screens of one subject share it.
const numbers: Partial<Record<SetupStep, number>> = {
  check: 1,
  home: 2,
  you: 3,
  passphrase: 3,
  kit: 4,
  retype: 4,
  address: 5,
  invite: 6,
}
const before: Partial<Record<SetupStep, SetupStep>> = {
  restore: 'choose',
  check: 'choose',
  home: 'check',
  you: 'home',
  passphrase: 'you',
  invite: 'address',
}

/** The first run: from the setup link to the family conversation. */
@customElement('tv-setup')
export class TvSetup extends WelcomeScreen {
  @state() private token = claimTokenInAddress()
  @state() private tokenProblem: string | null = null
  @state() private isRestoring = false
  @state() private wish: 'new' | 'restore' = 'new'
  @state() private homeProblem: string | null = null
  @state() private signInProblem: string | null = null
  private readonly founding = new Submission(this)
  private readonly trying = new Submission(this)
  private readonly progress = new Use(this, $setupProgress)
  private readonly words = new Use(this, $setupWords)
  private readonly frameWords = new Use(this, $welcomeWords)
  private readonly code = new Use(this, $recoveryCode)

  constructor() {
    super()
    new StepHistory(this, () => this.wayBack())
  }

  protected get screen(): string {
    return this.progress.value.step ?? 'choose'
  }

  override connectedCallback(): void {
    super.connectedCallback()
    addEventListener('hashchange', this.readAddress)
    const phase = $phase.get()
    if (phase.name === 'outside' && phase.isClaimed) {
      endSetup()
      return
    }
    const isInside = phase.name === 'inside'
    const facts = { isInside, hasCode: this.code.value !== null, isKitConfirmed: $me.get()?.isKitConfirmed ?? false }
    const step = resumeStep(this.progress.value, facts)
    if (step !== this.progress.value.step && (this.token || isInside)) advanceSetup({ step })
    if (this.token && !isInside) void this.tryToken(this.token)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    removeEventListener('hashchange', this.readAddress)
  }

  override render() {
    if (this.needsToken) return welcomeFrame({ content: this.tokenPage() })
    const { step } = this
    const number = numbers[step]
    const way = this.wayBack()
    const back = typeof way === 'function' ? way : null
    return welcomeFrame({ content: this.page(step), back, ...(number ? { step: number, steps: 6 } : {}) })
  }

  private get step(): SetupStep {
    return this.progress.value.step ?? 'choose'
  }

  private get needsToken(): boolean {
    return $phase.get().name !== 'inside' && !this.founding.isBusy && !this.token
  }

  // What was founded is not founded again, and what is under way is not left by a slip of the thumb.
  private wayBack(): WayBack {
    const { step } = this
    if (this.needsToken || step === 'choose') return 'leave'
    const earlier = this.founding.isBusy || this.isRestoring ? undefined : before[step]
    return earlier ? () => advanceSetup({ step: earlier }) : 'stay'
  }

  private page(step: SetupStep): TemplateResult {
    const { person, origin } = this.progress.value
    const goTo = (next: SetupStep) => () => advanceSetup({ step: next })
    switch (step) {
      case 'choose':
        return this.choose()
      case 'restore':
        return html`<tv-restore .token=${this.token ?? ''} @applying=${() => {
          this.isRestoring = true
        }} @done=${this.leaveRestored}></tv-restore>`
      case 'check':
        return html`<tv-setup-check .token=${this.token ?? ''} @done=${goTo('home')}></tv-setup-check>`
      case 'home':
        return this.nameHome()
      case 'you':
        return html`<tv-person-form .draft=${person} .signInProblem=${this.signInProblem} @draft=${this.keepDraft} @done=${goTo('passphrase')}></tv-person-form>`
      case 'passphrase':
        return html`<tv-passphrase-form .signInName=${person.signInName} .isBusy=${this.founding.isBusy} .problem=${this.founding.problem} @done=${(event: CustomEvent<string>) => void this.found(event.detail)}></tv-passphrase-form>`
      case 'kit':
        return html`<tv-kit .facts=${this.kitFacts()} @done=${goTo('retype')}></tv-kit>`
      case 'retype':
        return html`<tv-kit-retype .hasCode=${this.code.value !== null} @again=${goTo('kit')} @done=${() => this.settleKit(false)} @skip=${() => this.settleKit(true)}></tv-kit-retype>`
      case 'address':
        return html`<tv-setup-address @done=${(event: CustomEvent<string>) => advanceSetup({ step: 'invite', origin: event.detail })}></tv-setup-address>`
      case 'invite':
        return html`<tv-setup-invites .origin=${origin} @done=${this.finish}></tv-setup-invites>`
    }
  }

  private tokenPage(): TemplateResult {
    return html`<tv-setup-token .isBusy=${this.trying.isBusy} .problem=${this.tokenProblem} @token=${(event: CustomEvent<string>) => void this.takeToken(event.detail)}></tv-setup-token>`
  }

  private choose(): TemplateResult {
    const words = this.words.value
    const choices = [
      { value: 'new', title: words.chooseNew, text: words.chooseNewText, shapes: HousePlus },
      { value: 'restore', title: words.chooseRestore, text: words.chooseRestoreText, shapes: ArchiveRestore },
    ] as const
    const body = html`<div class="mt-7">${choiceCards<'new' | 'restore'>({
      name: 'beginning',
      legend: words.chooseLabel,
      value: this.wish,
      choices,
      change: (wish) => {
        this.wish = wish
      },
    })}</div>${problemLine(this.trying.problem)}`
    return welcomePage({
      shapes: PartyPopper,
      title: words.chooseTitle,
      text: words.chooseText,
      body,
      actions: this.goButton(),
      submit: () => advanceSetup({ step: this.wish === 'new' ? 'check' : 'restore' }),
    })
  }

  private nameHome(): TemplateResult {
    const words = this.words.value
    const change = (homeName: string) => {
      this.homeProblem = null
      advanceSetup({ homeName })
    }
    const body = html`<div class="mt-7">${textField({ id: 'home-name', label: words.homeLabel, value: this.progress.value.homeName, hint: words.homeExample, maxLength: limits.maxHomeNameLength, isRequired: true, problem: this.homeProblem, change })}</div>`
    const submitName = () => {
      const homeName = this.progress.value.homeName.trim()
      if (homeName) return advanceSetup({ homeName, step: 'you' })
      this.homeProblem = words.homeMissing
      void this.focusField('home-name')
    }
    return welcomePage({
      shapes: House,
      title: words.homeTitle,
      text: words.homeText,
      body,
      actions: this.goButton(),
      submit: submitName,
    })
  }

  private goButton(): TemplateResult {
    return html`<button class="btn btn-primary btn-action w-full">${this.frameWords.value.go} ${icon(ArrowRight, 'text-lg rtl:rotate-180')}</button>`
  }

  private kitFacts() {
    const { person, homeName } = this.progress.value
    return {
      code: this.code.value ?? '',
      name: person.name,
      signInName: person.signInName,
      homeName,
      address: location.origin,
      madeAt: Date.now(),
    }
  }

  private readonly readAddress = () => {
    const token = claimTokenInAddress()
    if (token && token !== this.token) void this.takeToken(token)
  }

  private readonly keepDraft = (event: CustomEvent<PersonDraft>) => {
    this.signInProblem = null
    advanceSetup({ person: event.detail })
  }

  private async takeToken(token: string): Promise<void> {
    if (!(await this.tryToken(token))) return
    putTokenInAddress(token)
    this.token = token
    advanceSetup({ step: this.progress.value.step ?? 'choose' })
  }

  /** Asks the home for something harmless with it. Only a plain no counts against the token. */
  private async tryToken(token: string): Promise<boolean> {
    this.tokenProblem = null
    let isRefused = false
    const outcome = await this.trying.run(() =>
      bridge.call.addresses(token).catch((cause: unknown) => {
        isRefused = cause instanceof ClientFailure && cause.code === 'bad_claim_token'
        throw cause
      }),
    )
    if (outcome.isDone) return true
    this.tokenProblem = isRefused ? this.words.value.tokenWrong : outcome.problem
    if (isRefused) this.token = null
    return false
  }

  private async found(passphrase: string): Promise<void> {
    const { homeName, person } = this.progress.value
    const { name, signInName, photo } = person
    let isTaken = false
    const outcome = await this.founding.run(() =>
      bridge.call
        .foundHome(this.token ?? '', homeName, { name: name.trim(), signInName, photo, passphrase })
        .catch((cause: unknown) => {
          isTaken = cause instanceof ClientFailure && cause.code === 'name_taken'
          throw cause
        }),
    )
    if (outcome.isDone) {
      $recoveryCode.set(outcome.value.recoveryCode)
      history.replaceState(null, '', '/setup')
      return advanceSetup({ step: 'kit' })
    }
    if (!isTaken) return
    this.signInProblem = outcome.problem
    advanceSetup({ step: 'you' })
  }

  private settleKit(isKitSkipped: boolean): void {
    $recoveryCode.set(null)
    advanceSetup({ step: 'address', isKitSkipped })
  }

  // A whole new page: the client behind it starts afresh on the restored home.
  private readonly leaveRestored = () => {
    endSetup()
    location.assign(paths.signIn)
  }

  private readonly finish = () => {
    const family = $home.get()?.familyConversationId
    endSetup()
    if (family) openChat(family)
    else openHome()
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-setup': TvSetup
  }
}
