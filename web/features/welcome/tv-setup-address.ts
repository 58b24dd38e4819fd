import { html, nothing, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { ArrowRight, Check, Globe, HousePlug, Info, LaptopMinimal, Smartphone } from 'lucide'
import type { AddressView } from '../../../src/protocol/setup.ts'
import { bridge } from '../../bridge.ts'
import { Use } from '../../element.ts'
import { submit } from '../../submit.ts'
import { icon } from '../../ui/icon.ts'
import { problemLine } from '../../ui/parts.ts'
import '../../ui/tv-qr.ts'
import { $setupWords } from '../../words/setup.ts'
import { $welcomeWords } from '../../words/welcome.ts'
import { welcomePage } from './frame.ts'
import { WelcomeScreen } from './welcome-screen.ts'

const askAgainMs = 2_000
const drawings = { public: Globe, private: HousePlug, loopback: LaptopMinimal } as const

/** By which addresses phones reach the home, tried with a real phone. Tells `done` with the chosen address. */
@customElement('tv-setup-address')
export class TvSetupAddress extends WelcomeScreen {
  @state() private addresses: AddressView[] | null = null
  @state() private chosen: string | null = null
  @state() private problem: string | null = null
  private readonly words = new Use(this, $setupWords)
  private timer: ReturnType<typeof setTimeout> | undefined

  protected get screen(): string {
    return 'address'
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.ask()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.timer)
  }

  override render() {
    const words = this.words.value
    const { current } = this
    const isSeen = this.addresses?.some(({ wasSeen }) => wasSeen) ?? false
    const body = html`${this.addresses?.length === 0 ? html`<p class="mt-6 font-medium">${words.addressNone}</p>` : this.choices()}
      ${current && current.kind !== 'loopback' ? this.code(current) : nothing}
      ${current && !current.isTrusted && current.kind !== 'loopback' ? this.warning() : nothing}${problemLine(this.problem)}`
    const press = () => this.tell<string>('done', current?.url ?? '')
    const go = html`<button type="button" class="btn btn-primary btn-action w-full" @click=${press}>${$welcomeWords.get().go} ${icon(ArrowRight, 'text-lg rtl:rotate-180')}</button>`
    const actions = isSeen
      ? go
      : html`<button type="button" class="btn btn-action w-full border-control bg-base-100" ?disabled=${!this.addresses} @click=${press}>${words.addressLater}</button>`
    return welcomePage({ shapes: Smartphone, title: words.addressTitle, text: words.addressText, body, actions })
  }

  private get current(): AddressView | undefined {
    return this.addresses?.find(({ url }) => url === this.chosen) ?? this.addresses?.[0]
  }

  private choices(): TemplateResult {
    const words = this.words.value
    if (!this.addresses)
      return html`<div class="mt-6 grid gap-2.5" aria-hidden="true"><div class="skeleton h-24"></div><div class="skeleton h-24"></div></div>`
    return html`<fieldset class="mt-6 grid gap-2.5"><legend class="field-label">${words.addressChoose}</legend>${this.addresses.map((address) => this.card(address))}</fieldset>`
  }

  private card(address: AddressView): TemplateResult {
    const words = this.words.value
    const { url, kind, isTrusted, wasSeen } = address
    const works =
      kind === 'loopback'
        ? nothing
        : html`<span class="row-text block text-[.8125rem]">${isTrusted ? words.trusted : words.untrusted}</span>`
    const mark = wasSeen
      ? html`<span class="grid size-6 flex-none place-items-center self-start rounded-full bg-success text-success-content">${icon(Check, 'size-3.5 stroke-3')}<span class="sr-only">${words.seen}</span></span>`
      : nothing
    return html`<label class="option items-start"><input type="radio" class="sr-only" name="address" .value=${url} .checked=${url === this.current?.url} @change=${() => {
      this.chosen = url
    }} />
      <span class="tile">${icon(drawings[kind])}</span><span class="min-w-0 flex-1"><span class="row-title block">${words[kind]}</span><span class="block text-[.8125rem] leading-5 break-all" dir="ltr" translate="no">${url}</span><span class="row-text mt-1 block text-[.8125rem]">${words[`${kind}Text`]}</span>${works}</span>${mark}</label>`
  }

  private code({ url, wasSeen }: AddressView): TemplateResult {
    const words = this.words.value
    const state = wasSeen
      ? html`<span class="grid size-8 flex-none place-items-center rounded-full bg-success text-success-content">${icon(Check, 'stroke-3')}</span><span class="font-semibold">${words.seenAll}</span>`
      : html`<span class="loading loading-spinner loading-sm flex-none text-primary" aria-hidden="true"></span><span class="text-muted">${words.waiting}</span>`
    return html`<div class="mt-5 flex items-center gap-5"><tv-qr class="block w-34 flex-none" .text=${url} label=${words.addressQr}></tv-qr><p class="flex items-center gap-2.5 text-[.9375rem] leading-5.5" role="status">${state}</p></div>`
  }

  private warning(): TemplateResult {
    const words = this.words.value
    return html`<details class="mt-5 rounded-2xl bg-base-200 px-4 py-3 text-sm leading-5.5"><summary class="flex min-h-6 items-center gap-2 font-semibold">${icon(Info)}${words.warningTitle}</summary><p class="mt-2 text-muted">${words.warningText}</p></details>`
  }

  private async ask(): Promise<void> {
    const outcome = await submit(() => bridge.call.addresses(null))
    if (!this.isConnected) return
    if (outcome.isDone) this.addresses = outcome.value
    this.problem = outcome.isDone ? null : outcome.problem
    this.timer = setTimeout(() => void this.ask(), askAgainMs)
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-setup-address': TvSetupAddress
  }
}
