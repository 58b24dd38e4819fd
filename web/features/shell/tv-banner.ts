import { html, nothing, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { CloudOff, History, X } from 'lucide'
import type { Connection, HomeState } from '../../../src/client/api.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { $connection, $home, $progress, type Progress } from '../../stores.ts'
import { attempt } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { iconButton } from '../../ui/parts.ts'
import { $appWords } from '../../words/app.ts'
import { fullDate } from '../../words/time.ts'
import '../recovery/tv-kit-reminder.ts'

/** A short gap in the connection is nobody's concern: one without a network, or with a long wait ahead, is not short. */
const quietMs = 2_000

function isLongGap({ state, nextTryAt }: Connection): boolean {
  if (!navigator.onLine) return true
  return state === 'offline' && nextTryAt !== null && nextTryAt - Date.now() > quietMs
}

/** Lines above everything: no connection, a restored home, history on its way. */
@customElement('tv-banner')
export class TvBanner extends TvElement {
  @state() private isDisconnected = false
  private readonly connection = new Use(this, $connection)
  private readonly home = new Use(this, $home)
  private readonly progress = new Use(this, $progress)
  private readonly words = new Use(this, $appWords)
  private timer: ReturnType<typeof setTimeout> | null = null

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.stopTimer()
  }

  override render() {
    const restored = this.home.value?.restored
    const progress = this.progress.value
    return html`<div role="status">
      ${this.isDisconnected ? this.connectionLine() : nothing}
      ${restored ? this.restoredLine(restored) : nothing}
      <tv-kit-reminder></tv-kit-reminder>
      ${progress?.task === 'history' || progress?.task === 'heal' ? this.progressLine(progress) : nothing}
    </div>`
  }

  protected override willUpdate(): void {
    const connection = this.connection.value
    if (connection.state === 'online') {
      this.isDisconnected = false
      this.stopTimer()
    } else if (!this.isDisconnected && isLongGap(connection)) {
      this.stopTimer()
      this.timer = setTimeout(this.tick)
    } else this.timer ??= setTimeout(this.tick, quietMs)
  }

  private connectionLine(): TemplateResult {
    const words = this.words.value
    const { state, nextTryAt } = this.connection.value
    const seconds = nextTryAt === null ? 0 : Math.max(0, Math.ceil((nextTryAt - Date.now()) / 1000))
    const text = state === 'connecting' ? words.connecting : seconds ? words.offlineUntil({ seconds }) : words.offline
    const spinner = html`<span class="loading loading-spinner loading-xs" aria-hidden="true"></span>`
    return html`<div class="flex min-h-11 items-center gap-3 border-b border-line bg-base-300 px-4 py-1.5 text-[.8125rem] leading-4.5">
      ${state === 'connecting' ? spinner : icon(CloudOff, 'text-base')}
      <span class="min-w-0 flex-1"><span class="block font-medium tabular-nums">${text}</span>${state === 'offline' ? html`<span class="block text-muted max-sm:hidden">${words.keepWriting}</span>` : nothing}</span>
      ${state === 'offline' ? html`<button type="button" class="btn btn-ghost btn-sm h-9 rounded-full text-primary" @click=${() => bridge.call.reconnect()}>${words.tryNow}</button>` : nothing}
    </div>`
  }

  private restoredLine({ from, broughtBack }: NonNullable<HomeState['restored']>): TemplateResult {
    const words = this.words.value
    const dismiss = () => void attempt(() => bridge.call.dismissRestored())
    return html`<div class="flex items-center gap-3 border-b border-line bg-secondary px-4 py-1.5 text-[.8125rem] leading-4.5 text-secondary-content">
      ${icon(History, 'text-base')}
      <span class="min-w-0 flex-1"><b class="font-semibold">${words.restoredTitle({ date: fullDate(from) })}</b> ${broughtBack ? words.restoredSome(broughtBack) : words.restoredNone}</span>
      ${iconButton(X, words.dismiss, dismiss)}
    </div>`
  }

  private progressLine({ task, done, total }: Progress): TemplateResult {
    const words = this.words.value
    const text = task === 'heal' ? words.heal({ done, total }) : words.history({ done, total })
    return html`<div class="flex min-h-9 items-center gap-3 border-b border-line bg-base-200 px-4 py-1.5 text-[.8125rem] text-muted tabular-nums"><span class="flex-none">${text}</span><progress class="h-1 w-full min-w-0 accent-primary" max=${total} value=${done} aria-label=${text}></progress></div>`
  }

  private readonly tick = () => {
    this.isDisconnected = true
    this.timer = setTimeout(this.tick, 1_000)
    this.requestUpdate()
  }

  private stopTimer(): void {
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
  }
}
