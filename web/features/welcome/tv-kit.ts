import { html, type TemplateResult } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { ArrowRight, Download, LifeBuoy, Printer } from 'lucide'
import { Use } from '../../element.ts'
import { icon } from '../../ui/icon.ts'
import '../../ui/tv-qr.ts'
import { $language } from '../../words/i18n.ts'
import { fullDate } from '../../words/time.ts'
import { $kitWords } from '../../words/welcome.ts'
import { welcomePage } from './frame.ts'
import { groupCode, type KitFacts, kitFile, qrDrawing, saveFile } from './kit.ts'
import { WelcomeScreen } from './welcome-screen.ts'

/** The recovery kit, to print or to save. Tells `done`. */
@customElement('tv-kit')
export class TvKit extends WelcomeScreen {
  @property({ attribute: false }) facts!: KitFacts
  private isKept = false
  private readonly words = new Use(this, $kitWords)

  protected get screen(): string {
    return 'kit'
  }

  override connectedCallback(): void {
    super.connectedCallback()
    addEventListener('beforeunload', this.warn)
    addEventListener('beforeprint', this.keep)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    removeEventListener('beforeunload', this.warn)
    removeEventListener('beforeprint', this.keep)
  }

  override render() {
    const words = this.words.value
    const body = html`<section class="mt-7 rounded-2xl border border-line p-4" aria-label=${words.code}>
        <p class="kit-code" translate="no" dir="ltr">${this.groups()}</p>
        <div class="mt-4 flex items-center gap-4 border-t border-line pt-4"><tv-qr class="block w-28 flex-none" .text=${this.facts.code} label=${words.qr}></tv-qr><p class="text-sm leading-5 text-muted">${words.keepHint}</p></div>
      </section>
      <div class="mt-4 grid gap-2.5 sm:grid-cols-2">
        <button type="button" class="btn btn-action border-control bg-base-100" @click=${() => print()}>${icon(Printer)}${words.print}</button>
        <button type="button" class="btn btn-action border-control bg-base-100" @click=${() => void this.save()}>${icon(Download)}${words.save}</button>
      </div>${this.sheet()}`
    const actions = html`<button type="button" class="btn btn-primary btn-action w-full" @click=${() => this.tell('done')}>${words.saved} ${icon(ArrowRight, 'text-lg rtl:rotate-180')}</button>`
    return welcomePage({ shapes: LifeBuoy, title: words.title, text: words.text, body, actions })
  }

  private groups(): TemplateResult[] {
    return groupCode(this.facts.code).map((group) => html`<span>${group}</span> `)
  }

  private sheet(): TemplateResult {
    const words = this.words.value
    return html`<section class="kit-sheet" aria-hidden="true">
      <h2>${words.sheetTitle({ name: this.facts.name })}</h2>
      <dl class="welcome-facts">${this.rows().map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      <p>${words.sheetHow}</p><p class="kit-code" dir="ltr">${this.groups()}</p>
      <tv-qr .text=${this.facts.code} label=${words.qr}></tv-qr><p><strong>${words.sheetKeep}</strong></p>
    </section>`
  }

  private rows(): [string, string][] {
    const words = this.words.value
    const { homeName, address, signInName, madeAt } = this.facts
    return [
      [words.sheetHome, homeName],
      [words.sheetAddress, address],
      [words.sheetSignIn, signInName],
      [words.sheetDate, fullDate(madeAt)],
    ]
  }

  private async save(): Promise<void> {
    const words = this.words.value
    const { code, name, signInName } = this.facts
    const file = kitFile({
      title: words.sheetTitle({ name }),
      facts: this.rows(),
      code: groupCode(code),
      qr: await qrDrawing(code),
      how: words.sheetHow,
      keep: words.sheetKeep,
      language: $language.get(),
    })
    saveFile(`${words.fileName({ name: signInName })}.html`, file)
    this.keep()
  }

  private readonly keep = () => {
    this.isKept = true
  }

  // The code is shown once: a reload by mistake must not lose it.
  private readonly warn = (event: BeforeUnloadEvent) => {
    if (!this.isKept) event.preventDefault()
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-kit': TvKit
  }
}
