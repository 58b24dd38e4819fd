import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { Eye, EyeOff } from 'lucide'
import { TvElement, Use } from '../../element.ts'
import { iconButton } from '../../ui/parts.ts'
import { $recoveryWords } from '../../words/recovery.ts'

/** Passphrase or recovery code, hidden while it is typed. Tells `secret` at every change. */
@customElement('tv-secret-field')
export class TvSecretField extends TvElement {
  @property() name = 'secret'
  @property({ attribute: false }) value = ''
  @property({ attribute: false }) problem: string | null = null
  @state() private isShown = false
  private readonly words = new Use(this, $recoveryWords)

  override render() {
    const words = this.words.value
    const id = `field-${this.name}`
    const toggle = () => {
      this.isShown = !this.isShown
    }
    return html`<label class="field-label" for=${id}>${words.secret}</label>
      <div class="relative"><input id=${id} class="input text-input pe-13" type=${this.isShown ? 'text' : 'password'} .value=${this.value} autocomplete="current-password" autocapitalize="off" spellcheck="false" dir="auto" maxlength="300" required aria-invalid=${this.problem ? 'true' : nothing} aria-describedby="${id}-hint" @input=${this.typed} />
        <span class="absolute end-1.5 top-1">${iconButton(this.isShown ? EyeOff : Eye, this.isShown ? words.hide : words.show, toggle)}</span></div>
      <p class="field-hint" id="${id}-hint">${words.secretHint}</p>${this.problem ? html`<p class="field-problem" role="alert">${this.problem}</p>` : nothing}`
  }

  private readonly typed = (event: Event) => {
    const detail = (event.target as HTMLInputElement).value
    this.dispatchEvent(new CustomEvent('secret', { detail }))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-secret-field': TvSecretField
  }
}
