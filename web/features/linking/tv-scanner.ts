import { html, type TemplateResult } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { ScanQrCode, X } from 'lucide'
import { TvElement, Use } from '../../element.ts'
import { icon } from '../../ui/icon.ts'
import { actionButton, problemLine, textField } from '../../ui/parts.ts'
import { $linkingWords } from '../../words/linking.ts'
import { type CameraProblem, openCamera, watchForCode } from './camera.ts'

/** Takes another device's code by the camera or as text. Tells `code` with the text. */
@customElement('tv-scanner')
export class TvScanner extends TvElement {
  @property({ type: Boolean }) isBusy = false
  @property({ attribute: false }) problem: string | null = null
  @state() private stream: MediaStream | null = null
  @state() private cameraProblem: CameraProblem | null = null
  @state() private pasted = ''
  private readonly words = new Use(this, $linkingWords)
  private watching: AbortController | null = null

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.stop()
  }

  override render() {
    return html`<div class="grid gap-6">${this.stream ? this.picture() : this.start()}${this.pasteForm()}</div>`
  }

  private start(): TemplateResult {
    const words = this.words.value
    const problems = { denied: words.cameraDenied, missing: words.cameraMissing, failed: words.cameraFailed }
    return html`<div><button type="button" class="btn btn-primary btn-action w-full" ?disabled=${this.isBusy} @click=${this.open}>${icon(ScanQrCode)}${words.scan}</button>
      <p class="field-hint text-center">${words.oldPrimed}</p>${problemLine(this.cameraProblem && problems[this.cameraProblem])}</div>`
  }

  private picture(): TemplateResult {
    const words = this.words.value
    return html`<div class="relative overflow-hidden rounded-2xl bg-black"><video class="block aspect-square w-full object-cover" autoplay muted playsinline aria-label=${words.camera} .srcObject=${this.stream}></video>
        <button type="button" class="icon-button absolute end-2 top-2 bg-base-100" aria-label=${words.stop} title=${words.stop} @click=${() => this.stop()}>${icon(X)}</button></div>
      <p class="text-center text-sm text-muted" role="status">${words.aim}</p>`
  }

  private pasteForm(): TemplateResult {
    const words = this.words.value
    const field = textField({
      id: 'link-code',
      label: words.paste,
      hint: words.pasteHint,
      value: this.pasted,
      maxLength: 400,
      problem: this.problem,
      change: (text) => {
        this.pasted = text
      },
    })
    return html`<form class="grid gap-3" @submit=${this.submit}>${field}<div>${actionButton({ text: words.go, classes: 'btn-secondary', isBusy: this.isBusy, isDisabled: !this.pasted.trim() })}</div></form>`
  }

  private readonly submit = (event: Event) => {
    event.preventDefault()
    this.tell(this.pasted.trim())
  }

  private readonly open = async () => {
    this.cameraProblem = null
    const opened = await openCamera()
    if (typeof opened === 'string') {
      this.cameraProblem = opened
      return
    }
    if (!this.isConnected) return closeStream(opened)
    this.stream = opened
    await this.updateComplete
    const watching = new AbortController()
    this.watching = watching
    const text = await watchForCode(this.querySelector('video')!, watching.signal)
    this.stop()
    if (text) this.tell(text)
  }

  private stop(): void {
    this.watching?.abort()
    if (this.stream) closeStream(this.stream)
    this.stream = null
  }

  private tell(code: string): void {
    this.dispatchEvent(new CustomEvent('code', { detail: code }))
  }
}

function closeStream(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-scanner': TvScanner
  }
}
