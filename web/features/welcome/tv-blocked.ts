import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { Copy, DatabaseZap, LockOpen, MonitorX } from 'lucide'
import { Use } from '../../element.ts'
import { icon } from '../../ui/icon.ts'
import { $welcomeWords } from '../../words/welcome.ts'
import { copyText } from './copy-text.ts'
import { welcomePage } from './frame.ts'
import type { Obstacle } from './obstacle.ts'
import { WelcomeScreen } from './welcome-screen.ts'

/** Says why nothing works here, and what does. */
@customElement('tv-blocked')
export class TvBlocked extends WelcomeScreen {
  @property() obstacle: Obstacle = 'old'
  private readonly words = new Use(this, $welcomeWords)

  protected get screen(): string {
    return this.obstacle
  }

  override render() {
    const words = this.words.value
    const shapes = { insecure: LockOpen, storage: DatabaseZap, old: MonitorX }[this.obstacle]
    const advice = {
      insecure: [words.insecureNext, words.insecureHost],
      storage: [words.storageNext, words.storageLockdown],
      old: [words.oldNext],
    }[this.obstacle]
    const body = html`<ul class="mt-6 grid gap-3 border-s-4 border-accent ps-4 text-[.9375rem] leading-6">${advice.map((text) => html`<li>${text}</li>`)}</ul>`
    return welcomePage({
      shapes,
      title: words[`${this.obstacle}Title`],
      text: words[`${this.obstacle}Text`],
      body,
      actions: this.actions(),
    })
  }

  private actions(): TemplateResult {
    const words = this.words.value
    const again = html`<button type="button" class="btn btn-action w-full ${this.obstacle === 'insecure' ? 'border-control bg-base-100' : 'btn-primary'}" @click=${() => location.reload()}>${words.tryAgain}</button>`
    const copy = html`<button type="button" class="btn btn-ghost btn-action w-full text-primary" @click=${() => void copyText(location.href)}>${icon(Copy)}${words.copyAddress}</button>`
    const isPlain = this.obstacle === 'insecure' && location.protocol === 'http:'
    const secure = isPlain
      ? html`<a class="btn btn-primary btn-action w-full" href=${location.href.replace(/^http:/, 'https:')}>${words.openSecure}</a>`
      : nothing
    return html`${secure}${again}${this.obstacle === 'insecure' ? nothing : copy}`
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-blocked': TvBlocked
  }
}
