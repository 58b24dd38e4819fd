import { html, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { ScanQrCode, X } from 'lucide'
import type { AccountId } from '../../../src/protocol/ids.ts'
import { TvElement, Use } from '../../element.ts'
import { nameOf } from '../../faces.ts'
import { icon } from '../../ui/icon.ts'
import { problemLine } from '../../ui/parts.ts'
import { $safetyWords } from '../../words/safety.ts'
import { type CameraProblem, openCamera, watchForCode } from '../linking/camera.ts'

/** Takes the safety code from the other's screen. Tells `code` with its text. */
@customElement('tv-safety-scanner')
export class TvSafetyScanner extends TvElement {
  @property() accountId!: AccountId
  @property({ type: Boolean }) isBusy = false
  @state() private stream: MediaStream | null = null
  @state() private problem: CameraProblem | null = null
  private readonly words = new Use(this, $safetyWords)
  private watching: AbortController | null = null

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.stop()
  }

  override render() {
    return this.stream ? this.picture() : this.start()
  }

  private start(): TemplateResult {
    const words = this.words.value
    const problems = { denied: words.cameraDenied, missing: words.cameraMissing, failed: words.cameraFailed }
    return html`<button type="button" class="btn btn-secondary btn-action w-full" ?disabled=${this.isBusy} @click=${this.open}>${icon(ScanQrCode)}${words.scan}</button>
      <p class="field-hint text-center">${words.scanText({ name: nameOf(this.accountId) })}</p>${problemLine(this.problem && problems[this.problem])}`
  }

  private picture(): TemplateResult {
    const words = this.words.value
    return html`<div class="relative overflow-hidden rounded-2xl bg-black"><video class="block aspect-square w-full object-cover" autoplay muted playsinline aria-label=${words.camera} .srcObject=${this.stream}></video>
        <button type="button" class="icon-button absolute end-2 top-2 bg-base-100" aria-label=${words.stop} title=${words.stop} @click=${() => this.stop()}>${icon(X)}</button></div>
      <p class="text-center text-sm text-muted" role="status">${words.aim}</p>`
  }

  private readonly open = async () => {
    this.problem = null
    const opened = await openCamera()
    if (typeof opened === 'string') {
      this.problem = opened
      return
    }
    this.stream = opened
    if (!this.isConnected) return this.stop()
    await this.updateComplete
    const watching = new AbortController()
    this.watching = watching
    const text = await watchForCode(this.querySelector('video')!, watching.signal)
    this.stop()
    if (text) this.dispatchEvent(new CustomEvent('code', { detail: text }))
  }

  private stop(): void {
    this.watching?.abort()
    for (const track of this.stream?.getTracks() ?? []) track.stop()
    this.stream = null
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-safety-scanner': TvSafetyScanner
  }
}
