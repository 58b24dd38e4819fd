import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { DeviceEntry } from '../../../src/client/care-api.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { Submission } from '../../submit.ts'
import { say } from '../../toasts.ts'
import { actionButton } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { $recoveryWords } from '../../words/recovery.ts'
import './tv-secret-field.ts'

/** Takes a lost device out, which takes a secret. Tells `done` or `cancel`. */
@customElement('tv-remove-device')
export class TvRemoveDevice extends TvElement {
  @property({ attribute: false }) device!: DeviceEntry
  @state() private secret = ''
  private readonly words = new Use(this, $recoveryWords)
  private readonly working = new Submission(this)

  override render() {
    const words = this.words.value
    const take = (event: CustomEvent<string>) => {
      this.secret = event.detail
    }
    const cancel = () => this.dispatchEvent(new CustomEvent('cancel'))
    const button = actionButton({
      text: words.removeDo,
      isBusy: this.working.isBusy,
      isDisabled: !this.secret.trim(),
      classes: 'btn-error',
    })
    return html`<form class="grid gap-4 p-3" @submit=${this.submit}>
      <div><h3 class="row-title" dir="auto">${words.removeTitle({ name: this.device.name })}</h3><p class="row-text mt-1">${words.removeText}</p></div>
      <tv-secret-field .value=${this.secret} .problem=${this.working.problem} @secret=${take}></tv-secret-field>
      <div class="flex flex-wrap gap-2">${button}<button type="button" class="btn btn-ghost btn-action" ?disabled=${this.working.isBusy} @click=${cancel}>${$appWords.get().cancel}</button></div>
      ${this.working.isBusy ? html`<p class="row-text" role="status">${words.busy}</p>` : nothing}</form>`
  }

  private readonly submit = async (event: Event) => {
    event.preventDefault()
    const outcome = await this.working.run(() => bridge.call.removeDevice(this.device.deviceId, this.secret))
    if (!outcome.isDone) return
    say(this.words.value.removed)
    this.dispatchEvent(new CustomEvent('done'))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-remove-device': TvRemoveDevice
  }
}
