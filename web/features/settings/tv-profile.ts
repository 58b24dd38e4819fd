import { html } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { hueOf } from '../../faces.ts'
import { photoWords } from '../../photo-words.ts'
import { $me, $people } from '../../stores.ts'
import { Submission } from '../../submit.ts'
import { say } from '../../toasts.ts'
import { actionButton, problemLine, textField } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $settingsWords } from '../../words/settings.ts'
import '../../ui/tv-photo-field.ts'

/** One's own name and photo. */
@customElement('tv-profile')
export class TvProfile extends TvElement {
  @state() private name: string | null = null
  @state() private photo: Uint8Array | null | undefined
  private readonly me = new Use(this, $me)
  private readonly words = new Use(this, $settingsWords)
  private readonly saving = new Submission(this)

  constructor() {
    super()
    new Use(this, $people)
  }

  override render() {
    const words = this.words.value
    const me = this.me.value
    if (!me) return html``
    const name = this.name ?? me.name
    const hasChanged = (this.name !== null && name.trim() !== me.name) || this.photo !== undefined
    const field = textField({
      id: 'own-name',
      label: words.yourName,
      hint: words.yourNameHint,
      value: name,
      maxLength: limits.maxPersonNameLength,
      isRequired: true,
      autocomplete: 'name',
      change: (value) => {
        this.name = value
      },
    })
    return html`<form class="grid gap-6" @submit=${this.save}>
      <tv-photo-field .words=${photoWords()} .photo=${this.photo === undefined ? me.photo : this.photo} .name=${name} .hue=${hueOf(me.accountId)} @photo=${this.takePhoto}></tv-photo-field>
      ${field}
      <div><p class="field-label">${words.signInName}</p><p class="text-base" dir="ltr">${me.signInName}</p><p class="field-hint">${words.signInNameHint}</p></div>
      <div>${actionButton({ text: $appWords.get().save, isBusy: this.saving.isBusy, isDisabled: !hasChanged || !name.trim() })}${problemLine(this.saving.problem)}</div>
    </form>`
  }

  private readonly takePhoto = (event: CustomEvent<Uint8Array | null>) => {
    this.photo = event.detail
  }

  private readonly save = async (event: Event) => {
    event.preventDefault()
    const me = this.me.value!
    const photo = this.photo === undefined ? me.photo : this.photo
    const outcome = await this.saving.run(() => bridge.call.setProfile((this.name ?? me.name).trim(), photo))
    if (!outcome.isDone) return
    this.name = null
    this.photo = undefined
    say(this.words.value.profileSaved)
  }
}
