import { html, type TemplateResult } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { CircleCheck, Smartphone, TriangleAlert } from 'lucide'
import { ClientFailure } from '../../../src/client/api.ts'
import type { LinkView } from '../../../src/client/care-api.ts'
import { limits } from '../../../src/protocol/limits.ts'
import { bridge } from '../../bridge.ts'
import { TvElement, Use } from '../../element.ts'
import { paths } from '../../router.ts'
import { $linking } from '../../stores.ts'
import { attempt } from '../../submit.ts'
import { type IconShapes, icon } from '../../ui/icon.ts'
import { actionButton, textField } from '../../ui/parts.ts'
import { wordsFor } from '../../words/failures.ts'
import { $linkingWords } from '../../words/linking.ts'
import { codeCard, digitsLine, failureOf, progressList } from './link-parts.ts'
import './tv-scanner.ts'

/** Adds another browser to one's devices, on the device that is signed in. */
@customElement('tv-link-old')
export class TvLinkOld extends TvElement {
  @state() private name = ''
  @state() private problem: string | null = null
  private readonly linking = new Use(this, $linking)
  private readonly words = new Use(this, $linkingWords)

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    void this.cancel()
  }

  override render() {
    const view = this.linking.value
    return view?.side === 'old' ? this.running(view) : this.start()
  }

  private start(): TemplateResult {
    const words = this.words.value
    return html`<p class="text-pretty">${words.oldIntro}</p>
      <div class="card mt-6 p-5"><div class="mb-5 flex gap-4"><span class="tile">${icon(Smartphone)}</span><p class="text-[.9375rem] leading-5.5 text-pretty">${words.oldHow}</p></div>
        <tv-scanner .problem=${this.problem} @code=${(event: CustomEvent<string>) => void this.begin(event.detail)}></tv-scanner></div>
      <div class="mt-4 text-center"><button type="button" class="btn btn-ghost btn-action text-primary" @click=${() => void this.begin(null)}>${words.oldShow}</button></div>`
  }

  private running(view: LinkView): TemplateResult {
    const words = this.words.value
    switch (view.stage) {
      case 'opening':
        return this.card(
          html`<p class="flex items-center gap-3" role="status"><span class="loading loading-spinner text-primary" aria-hidden="true"></span>${words.opening}</p>`,
        )
      case 'showing':
        return this.card(
          html`<h2 class="text-lg font-semibold">${words.showTitle}</h2><p class="row-text mt-1 mb-5">${words.showText}</p>${codeCard(view)}${this.cancelButton()}`,
        )
      case 'comparing':
        return this.comparing(view)
      case 'adding':
      case 'finishing':
        return this.card(
          html`<div role="status"><h2 class="mb-4 text-lg font-semibold">${view.stage === 'adding' ? words.addingTitle : words.finishingTitle}</h2></div>${progressList(view)}`,
        )
      case 'done':
        return this.ended(
          CircleCheck,
          words.doneTitle,
          words.doneText,
          html`<a class="btn btn-primary btn-action" href=${paths.setting('devices')}>${words.done}</a>`,
        )
      case 'failed': {
        const { title, text } = failureOf(view)
        return this.ended(TriangleAlert, title, text, actionButton({ text: words.again, press: this.again }))
      }
    }
  }

  private comparing({ digits, personName }: LinkView): TemplateResult {
    const words = this.words.value
    const field = textField({
      id: 'new-device-name',
      label: words.name,
      hint: words.nameHint,
      value: this.name,
      maxLength: limits.maxPersonNameLength,
      change: (name) => {
        this.name = name
      },
    })
    return this.card(html`<div role="status"><h2 class="text-lg font-semibold">${words.compareTitle}</h2></div>
      <p class="row-text mt-1 mb-4">${words.compareOld({ name: personName ?? '' })}</p>${digitsLine(digits)}
      <form class="mt-5 grid gap-5" @submit=${this.confirm}>${field}
        <div class="flex flex-wrap gap-2">${actionButton({ text: words.same })}<button type="button" class="btn btn-ghost btn-action" @click=${() => void this.cancel()}>${words.differs}</button></div></form>`)
  }

  private ended(shapes: IconShapes, title: string, text: string, action: TemplateResult): TemplateResult {
    return this.card(
      html`<div class="flex gap-4"><span class="tile">${icon(shapes)}</span><div><div role="status"><h2 class="text-lg leading-6 font-semibold">${title}</h2></div><p class="mt-1 text-[.9375rem] leading-5.5 text-pretty text-muted">${text}</p></div></div><div class="mt-5">${action}</div>`,
    )
  }

  private card(content: TemplateResult): TemplateResult {
    return html`<section class="card p-5">${content}</section>`
  }

  private cancelButton(): TemplateResult {
    return html`<div class="mt-4 text-center"><button type="button" class="btn btn-ghost btn-action" @click=${() => void this.cancel()}>${this.words.value.cancel}</button></div>`
  }

  // What goes wrong once it runs is in the view; before that, only the code itself can be wrong.
  private async begin(code: string | null): Promise<void> {
    this.problem = null
    this.name = this.words.value.nameProposal
    try {
      await bridge.call.linkOther(code)
    } catch (cause) {
      const failure = cause instanceof ClientFailure ? cause : new ClientFailure('internal', 0, String(cause))
      if ($linking.get()?.side !== 'old' && failure.code !== 'link_cancelled') this.problem = wordsFor(failure)
    }
  }

  private readonly confirm = (event: Event) => {
    event.preventDefault()
    void attempt(() => bridge.call.confirmLink(this.name.trim() || this.words.value.nameProposal))
  }

  private readonly again = () => void this.cancel()

  private async cancel(): Promise<void> {
    if ($linking.get()?.side === 'old') await attempt(() => bridge.call.cancelLink())
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tv-link-old': TvLinkOld
  }
}
