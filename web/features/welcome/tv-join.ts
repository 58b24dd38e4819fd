import { html, nothing, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { Clock3, MailX, MessageCircle, PartyPopper, UserCheck } from 'lucide'
import { ClientFailure, type InvitePreview } from '../../../src/client/api.ts'
import type { AccountId } from '../../../src/protocol/ids.ts'
import { bridge } from '../../bridge.ts'
import { Use } from '../../element.ts'
import { openChat, openHome } from '../../router.ts'
import { $conversationsById, $home, $me, $people, $phase } from '../../stores.ts'
import { attempt, Submission } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { actionButton, problemLine } from '../../ui/parts.ts'
import { $joinWords } from '../../words/join.ts'
import { $welcomeWords } from '../../words/welcome.ts'
import { footnote, quietButton, waitingPage, welcomeFrame, welcomePage } from './frame.ts'
import { deadEnd, greeting, mangledPage } from './join-pages.ts'
import { $joinProgress, advanceJoin, endJoin, inviteIdIn, type JoinStep, resumeJoin } from './join-progress.ts'
import { $recoveryCode } from './kit.ts'
import { emptyDraft, type PersonDraft } from './session-memory.ts'
import { WelcomeScreen } from './welcome-screen.ts'
import './tv-kit.ts'
import './tv-kit-retype.ts'
import './tv-passphrase-form.ts'
import './tv-person-form.ts'

const numbers: Partial<Record<JoinStep, number>> = { you: 1, passphrase: 2, kit: 3, retype: 3 }

/** From an invite link to the family conversation, in under a minute. */
@customElement('tv-join')
export class TvJoin extends WelcomeScreen {
  @state() private preview: InvitePreview | null = null
  @state() private step: JoinStep | null = 'hello'
  @state() private signInProblem: string | null = null
  @state() private pasted = ''
  private readonly looking = new Submission(this)
  private readonly joining = new Submission(this)
  private readonly progress = new Use(this, $joinProgress)
  private readonly words = new Use(this, $joinWords)
  private readonly frameWords = new Use(this, $welcomeWords)
  private readonly code = new Use(this, $recoveryCode)
  private readonly conversations = new Use(this, $conversationsById)
  private readonly home = new Use(this, $home)
  private readonly people = new Use(this, $people)

  protected get screen(): string {
    const isOpening = this.step === 'hello' && !this.preview && !this.looking.problem
    return isOpening ? 'looking' : `${this.step} ${this.preview?.state}`
  }

  override connectedCallback(): void {
    super.connectedCallback()
    addEventListener('hashchange', this.begin)
    this.begin()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    removeEventListener('hashchange', this.begin)
  }

  override render() {
    const number = this.step ? numbers[this.step] : undefined
    const goBack = { you: 'hello', passphrase: 'you' } as const
    const former = this.step === 'you' || this.step === 'passphrase' ? goBack[this.step] : null
    const back = former && !this.joining.isBusy ? () => this.goTo(former) : null
    return welcomeFrame({ content: this.page(), back, ...(number ? { step: number, steps: 3 } : {}) })
  }

  protected override updated(): void {
    super.updated()
    if (this.step === 'waiting' && this.familyId()) this.enter()
  }

  private page(): TemplateResult {
    const { person } = this.progress.value
    switch (this.step) {
      case null:
        return this.memberPage()
      case 'hello':
        return this.helloPage()
      case 'you':
        return html`<tv-person-form .draft=${person} .isNameFixed=${this.preview?.state === 'usable' && this.preview.forSignInName !== null} .signInProblem=${this.signInProblem} @draft=${this.keepDraft} @done=${() => this.goTo('passphrase')}></tv-person-form>`
      case 'passphrase':
        return html`<tv-passphrase-form .signInName=${person.signInName} .isBusy=${this.joining.isBusy} .problem=${this.joining.problem} @done=${(event: CustomEvent<string>) => void this.join(event.detail)}></tv-passphrase-form>`
      case 'kit':
        return html`<tv-kit .facts=${this.kitFacts()} @done=${() => this.goTo('retype')}></tv-kit>`
      case 'retype':
        return html`<tv-kit-retype .hasCode=${this.code.value !== null} @again=${() => this.goTo('kit')} @done=${() => this.settleKit(false)} @skip=${() => this.settleKit(true)}></tv-kit-retype>`
      case 'waiting':
        return this.waitingPage()
    }
  }

  private helloPage(): TemplateResult {
    const words = this.words.value
    const { preview } = this
    if (preview?.state === 'usable') return greeting(preview, () => this.goTo('you'))
    if (preview?.state === 'mangled') return this.mangled()
    if (preview) return deadEnd(preview.state)
    if (!this.looking.problem) return waitingPage(words.looking)
    const again = actionButton({
      text: this.frameWords.value.tryAgain,
      classes: 'btn-primary w-full',
      press: () => void this.look(),
    })
    return welcomePage({
      shapes: MailX,
      title: words.failedTitle,
      text: words.failedText,
      body: problemLine(this.looking.problem),
      actions: again,
    })
  }

  private mangled(): TemplateResult {
    const change = (text: string) => {
      this.pasted = text
    }
    return mangledPage(this.pasted, change, this.openPasted)
  }

  private memberPage(): TemplateResult {
    const words = this.words.value
    const actions = actionButton({ text: words.openChats, classes: 'btn-primary w-full', press: openHome })
    return welcomePage({
      shapes: UserCheck,
      title: words.memberTitle,
      text: words.memberText({ name: $me.get()?.name ?? '' }),
      actions,
    })
  }

  private waitingPage(): TemplateResult {
    const words = this.words.value
    const { person, homeName } = this.progress.value
    const inviter = this.inviter()
    const body = html`<p class="mt-6 flex items-center gap-3 text-[.9375rem] font-medium" role="status"><span class="loading loading-spinner loading-sm text-primary" aria-hidden="true"></span>${words.waiting}</p>`
    const write = inviter
      ? html`<button type="button" class="btn btn-primary btn-action w-full" @click=${() => void this.write(inviter.accountId)}>${icon(MessageCircle)}${words.write({ name: this.progress.value.inviterName || inviter.name })}</button>`
      : nothing
    const actions = html`${write}${quietButton(words.openChats, this.leave)}${footnote(Clock3, words.waitKeep)}`
    const home = homeName || this.home.value?.name || ''
    return welcomePage({
      shapes: PartyPopper,
      title: words.waitTitle({ name: person.name }),
      text: words.waitText({ home }),
      body,
      actions,
    })
  }

  private inviter(): { accountId: AccountId; name: string } | null {
    const { inviterName } = this.progress.value
    const others = [...this.people.value.values()].filter(({ accountId }) => accountId !== $me.get()?.accountId)
    const known = others.find(({ name }) => name === inviterName)
    return known ?? others.find(({ verified }) => verified === 'invite') ?? null
  }

  private readonly begin = () => {
    const isInside = $phase.get().name === 'inside'
    const facts = {
      inviteId: inviteIdIn(location.hash),
      isInside,
      hasCode: this.code.value !== null,
      isKitConfirmed: $me.get()?.isKitConfirmed ?? false,
    }
    this.step = resumeJoin(this.progress.value, facts)
    if (!isInside) void this.look()
  }

  private async look(): Promise<void> {
    this.preview = null
    const outcome = await this.looking.run(() => bridge.call.lookAtInvite(location.href))
    if (!outcome.isDone) return
    this.preview = outcome.value
    if (outcome.value.state !== 'usable') {
      this.step = 'hello'
      return
    }
    const { homeName, inviterName, inviteeName, forSignInName } = outcome.value
    const named = forSignInName ? { signInName: forSignInName, isOwnSignInName: true } : {}
    const inviteId = inviteIdIn(location.hash)
    const isSame = this.progress.value.inviteId === inviteId && this.progress.value.step !== null
    const person = isSame ? this.progress.value.person : { ...emptyDraft, name: inviteeName, ...named }
    advanceJoin({ step: this.step, inviteId, homeName, inviterName, person, isKitSkipped: false })
  }

  private readonly openPasted = () => {
    const fragment = this.pasted.trim().slice(this.pasted.trim().lastIndexOf('#'))
    history.replaceState(null, '', `/i${fragment}`)
    void this.look()
  }

  private goTo(step: JoinStep): void {
    this.step = step
    advanceJoin({ step })
  }

  private readonly keepDraft = (event: CustomEvent<PersonDraft>) => {
    this.signInProblem = null
    advanceJoin({ person: event.detail })
  }

  private async join(passphrase: string): Promise<void> {
    const { name, signInName, photo } = this.progress.value.person
    let failure: unknown = null
    const outcome = await this.joining.run(() =>
      bridge.call
        .joinHome(location.href, { name: name.trim(), signInName, photo, passphrase })
        .catch((cause: unknown) => {
          failure = cause
          throw cause
        }),
    )
    if (outcome.isDone) {
      $recoveryCode.set(outcome.value.recoveryCode)
      return this.goTo('kit')
    }
    const code = failure instanceof ClientFailure ? failure.code : null
    if (code?.startsWith('invite_')) return this.look()
    if (code !== 'name_taken') return
    this.signInProblem = outcome.problem
    this.goTo('you')
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

  private settleKit(isKitSkipped: boolean): void {
    $recoveryCode.set(null)
    advanceJoin({ isKitSkipped })
    this.goTo('waiting')
  }

  private familyId() {
    const id = this.home.value?.familyConversationId
    return id && this.conversations.value.get(id)?.isMember ? id : null
  }

  private enter(): void {
    const id = this.familyId()
    endJoin()
    if (id) openChat(id)
  }

  private async write(accountId: AccountId): Promise<void> {
    await attempt(async () => {
      const id = await bridge.call.openDirect(accountId)
      endJoin()
      openChat(id)
    })
  }

  private readonly leave = () => {
    endJoin()
    openHome()
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-join': TvJoin
  }
}
