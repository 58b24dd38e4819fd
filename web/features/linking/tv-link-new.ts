import { html, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { MonitorSmartphone, ShieldQuestionMark, TriangleAlert } from 'lucide'
import { ClientFailure } from '../../../src/client/api.ts'
import type { LinkView } from '../../../src/client/care-api.ts'
import { bridge } from '../../bridge.ts'
import { Use } from '../../element.ts'
import { openHome } from '../../router.ts'
import { $linking } from '../../stores.ts'
import { attempt } from '../../submit.ts'
import { actionButton } from '../../ui/parts.ts'
import { wordsFor } from '../../words/failures.ts'
import { $linkingWords } from '../../words/linking.ts'
import { quietButton, waitingPage, welcomePage } from '../welcome/frame.ts'
import { WelcomeScreen } from '../welcome/welcome-screen.ts'
import { codeCard, digitsLine, failureOf, progressList } from './link-parts.ts'
import './tv-scanner.ts'

/** Makes this browser a device by another one that is signed in. Tells `leave`. */
@customElement('tv-link-new')
export class TvLinkNew extends WelcomeScreen {
  @state() private isScanning = false
  @state() private problem: string | null = null
  private readonly linking = new Use(this, $linking)
  private readonly words = new Use(this, $linkingWords)

  protected get screen(): string {
    return this.linking.value?.side === 'new' ? this.linking.value.stage : `start ${this.isScanning}`
  }

  override connectedCallback(): void {
    super.connectedCallback()
    if (!this.linking.value) void this.begin(null)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    const stage = $linking.get()?.stage
    if (stage && stage !== 'done') void this.cancel()
  }

  override render() {
    const view = this.linking.value
    if (this.isScanning && (!view || view.stage === 'opening')) return this.scanPage()
    return view?.side === 'new' ? this.running(view) : waitingPage(this.words.value.opening)
  }

  private running(view: LinkView): TemplateResult {
    const words = this.words.value
    switch (view.stage) {
      case 'showing':
        return welcomePage({
          shapes: MonitorSmartphone,
          title: words.newTitle,
          text: words.newText,
          body: html`<div class="mt-6">${codeCard(view)}</div>`,
          actions: html`${quietButton(words.newScan, () => void this.scan())}${this.leaveButton()}`,
        })
      case 'comparing':
        return welcomePage({
          shapes: ShieldQuestionMark,
          title: words.compareTitle,
          text: words.compareNew,
          body: this.comparingBody(view),
          actions: quietButton(words.differs, this.leave),
        })
      case 'failed':
        return welcomePage({
          shapes: TriangleAlert,
          ...failureOf(view),
          actions: html`${actionButton({ text: words.again, classes: 'btn-primary w-full', press: this.again })}${this.leaveButton()}`,
        })
      case 'opening':
        return waitingPage(words.opening)
      default:
        return welcomePage({
          shapes: MonitorSmartphone,
          title: words.finishingNew,
          body: html`<div class="mt-6">${progressList(view)}</div>`,
        })
    }
  }

  private comparingBody(view: LinkView): TemplateResult {
    const words = this.words.value
    const whose = view.personName ? words.becomes({ name: view.personName }) : ''
    return html`<div class="mt-6">${digitsLine(view.digits)}<p class="mt-4 text-[.9375rem] leading-5.5 font-medium" dir="auto">${whose}</p>
      <p class="mt-4 flex items-center gap-3 text-[.9375rem] text-muted" role="status"><span class="loading loading-spinner loading-sm text-primary" aria-hidden="true"></span>${words.waitConfirm}</p></div>`
  }

  private scanPage(): TemplateResult {
    const words = this.words.value
    const body = html`<div class="mt-6"><tv-scanner .problem=${this.problem} @code=${(event: CustomEvent<string>) => void this.begin(event.detail)}></tv-scanner></div>`
    const actions = html`${quietButton(words.showInstead, this.again)}${this.leaveButton()}`
    return welcomePage({ shapes: MonitorSmartphone, title: words.newScanTitle, text: words.newScanText, body, actions })
  }

  private leaveButton(): TemplateResult {
    return quietButton(this.words.value.cancel, this.leave)
  }

  private async begin(code: string | null): Promise<void> {
    this.problem = null
    try {
      await bridge.call.linkAsNew(code)
      openHome()
    } catch (cause) {
      const failure = cause instanceof ClientFailure ? cause : new ClientFailure('internal', 0, String(cause))
      const isShown = $linking.get() !== null || failure.code === 'link_cancelled'
      if (!isShown) this.problem = wordsFor(failure)
    }
  }

  private async scan(): Promise<void> {
    await this.cancel()
    this.isScanning = true
  }

  private readonly again = async () => {
    await this.cancel()
    this.isScanning = false
    void this.begin(null)
  }

  private readonly leave = () => this.tell('leave')

  private async cancel(): Promise<void> {
    if ($linking.get()?.side === 'new') await attempt(() => bridge.call.cancelLink())
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-link-new': TvLinkNew
  }
}
