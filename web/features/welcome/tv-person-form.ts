import { html } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { ArrowRight, UserRound } from 'lucide'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { Use } from '../../element.ts'
import { submit } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { textField } from '../../ui/parts.ts'
import '../../ui/tv-photo-field.ts'
import { $appWords } from '../../words/app.ts'
import { $settingsWords } from '../../words/settings.ts'
import { $welcomeWords, $youWords } from '../../words/welcome.ts'
import { welcomePage } from './frame.ts'
import { emptyDraft, type PersonDraft, signInNamePattern } from './session-memory.ts'
import { WelcomeScreen } from './welcome-screen.ts'

const proposeAfterMs = 250

/** Name, sign-in name and photo. Tells `draft` at every change and `done` when all is there. */
@customElement('tv-person-form')
export class TvPersonForm extends WelcomeScreen {
  @property({ attribute: false }) draft: PersonDraft = emptyDraft
  /** What the home said against the sign-in name. */
  @property({ attribute: false }) signInProblem: string | null = null
  /** Who begins anew keeps the sign-in name. */
  @property({ type: Boolean }) isNameFixed = false
  @state() private nameProblem: string | null = null
  @state() private ownSignInProblem: string | null = null
  private readonly words = new Use(this, $youWords)
  private proposeTimer: ReturnType<typeof setTimeout> | undefined
  private proposing: Promise<void> = Promise.resolve()

  protected get screen(): string {
    return 'you'
  }

  override connectedCallback(): void {
    super.connectedCallback()
    if (this.draft.name && !this.draft.signInName) this.proposing = this.propose(this.draft.name)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.proposeTimer)
  }

  override render() {
    const words = this.words.value
    const { name, signInName } = this.draft
    const body = html`<div class="mt-7 grid gap-6">
      ${textField({ id: 'person-name', label: words.name, value: name, hint: words.nameHint, maxLength: limits.maxPersonNameLength, autocomplete: 'name', isRequired: true, problem: this.nameProblem, change: this.setName })}
      ${this.isNameFixed ? html`<div><p class="field-label">${words.signInName}</p><p class="text-base" dir="ltr">${signInName}</p></div>` : textField({ id: 'person-sign-in', label: words.signInName, value: signInName, hint: words.signInHint, maxLength: limits.maxSignInNameLength, autocomplete: 'username', isRequired: true, problem: this.ownSignInProblem ?? this.signInProblem, change: this.setSignInName })}
      <div role="group" aria-label=${words.photo}><span class="field-label">${words.photo}</span>
        <tv-photo-field .photo=${this.draft.photo} .words=${photoWords()} name=${name} faceId=${signInName} .maxBytes=${limits.maxPhotoBytes} @photo=${(event: CustomEvent<Uint8Array | null>) => this.change({ photo: event.detail })}></tv-photo-field>
        <p class="field-hint">${words.photoHint}</p></div>
    </div>`
    const actions = html`<button class="btn btn-primary btn-action w-full">${$welcomeWords.get().go} ${icon(ArrowRight, 'text-lg rtl:rotate-180')}</button>`
    return welcomePage({
      shapes: UserRound,
      title: words.title,
      text: words.text,
      body,
      actions,
      submit: () => void this.finish(),
    })
  }

  private readonly setName = (name: string) => {
    this.nameProblem = null
    this.change({ name })
    if (this.draft.isOwnSignInName) return
    clearTimeout(this.proposeTimer)
    this.proposeTimer = setTimeout(() => {
      this.proposing = this.propose(name)
    }, proposeAfterMs)
  }

  private readonly setSignInName = (text: string) => {
    this.ownSignInProblem = null
    this.signInProblem = null
    this.change({ signInName: text.toLowerCase(), isOwnSignInName: text !== '' })
  }

  private async propose(name: string): Promise<void> {
    if (!name.trim()) return this.change({ signInName: '' })
    const outcome = await submit(() => bridge.call.proposeSignInName(name))
    if (outcome.isDone && !this.draft.isOwnSignInName && this.draft.name === name)
      this.change({ signInName: outcome.value })
  }

  private async finish(): Promise<void> {
    const words = this.words.value
    clearTimeout(this.proposeTimer)
    if (!this.draft.isOwnSignInName && this.draft.name.trim()) await this.propose(this.draft.name)
    await this.proposing
    this.nameProblem = this.draft.name.trim() ? null : words.nameMissing
    this.ownSignInProblem = signInNamePattern.test(this.draft.signInName) ? null : words.signInBad
    if (this.nameProblem) return this.focusField('person-name')
    if (this.ownSignInProblem) return this.focusField('person-sign-in')
    this.tell<PersonDraft>('done', this.draft)
  }

  private change(change: Partial<PersonDraft>): void {
    this.draft = { ...this.draft, ...change }
    this.tell<PersonDraft>('draft', this.draft)
  }
}

function photoWords() {
  const words = $settingsWords.get()
  const { photoChoose, photoChange, photoRemove, photoCrop, photoZoom, photoUse, photoMove, photoBroken } = words
  return {
    choose: photoChoose,
    change: photoChange,
    remove: photoRemove,
    crop: photoCrop,
    zoom: photoZoom,
    use: photoUse,
    move: photoMove,
    broken: photoBroken,
    cancel: $appWords.get().cancel,
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-person-form': TvPersonForm
  }
}
