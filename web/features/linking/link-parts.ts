import { html, nothing, type TemplateResult } from 'lit'
import { Check, Copy } from 'lucide'
import { ClientFailure } from '../../../src/client/api.ts'
import type { LinkView } from '../../../src/client/care-api.ts'
import { icon } from '../../ui/icon.ts'
import '../../ui/tv-qr.ts'
import { wordsFor } from '../../words/failures.ts'
import { $linkingWords } from '../../words/linking.ts'
import { clockTime } from '../../words/time.ts'
import { copyText } from '../welcome/copy-text.ts'

/** The code of this device, to scan or to copy. */
export function codeCard({ code, expiresAt }: LinkView): TemplateResult {
  const words = $linkingWords.get()
  const text = code ?? ''
  const select = (event: Event) => (event.target as HTMLInputElement).select()
  return html`<section class="flex flex-col items-center gap-4">
    <tv-qr class="block w-64 max-w-full" .text=${text} .label=${words.code}></tv-qr>
    <input class="input text-input w-full text-center font-mono !text-xs" readonly dir="ltr" aria-label=${words.codeText} .value=${text} @focus=${select} />
    <button type="button" class="btn btn-secondary btn-action" @click=${() => void copyText(text)}>${icon(Copy)}${words.copy}</button>
    <p class="text-center text-sm leading-5 text-pretty text-muted">${words.goodUntil({ time: clockTime(expiresAt) })}</p>
  </section>`
}

/** Six digits, large enough to be read across a table. */
export function digitsLine(digits: string | null): TemplateResult {
  const text = digits ?? ''
  return html`<p class="rounded-2xl bg-secondary py-5 text-center font-mono text-[2.5rem] leading-none font-bold tracking-[.12em] text-secondary-content tabular-nums" dir="ltr" aria-label=${$linkingWords.get().digits}><span>${text.slice(0, 3)}</span> <span>${text.slice(3)}</span></p>`
}

const order: readonly LinkView['stage'][] = ['comparing', 'adding', 'finishing', 'done']

/** How far it is, the same list on both devices. */
export function progressList({ stage }: LinkView): TemplateResult {
  const words = $linkingWords.get()
  const at = order.indexOf(stage)
  const steps = [words.step_code, words.step_compare, words.step_add, words.step_hand]
  const item = (text: string, index: number) => {
    const isDone = index <= at
    const mark = isDone
      ? icon(Check, 'text-primary')
      : index === at + 1
        ? html`<span class="loading loading-spinner loading-xs text-primary" aria-hidden="true"></span>`
        : nothing
    return html`<li class="flex items-center gap-3 ${isDone ? '' : 'text-muted'}"><span class="grid size-6 flex-none place-items-center">${mark}</span>${text}</li>`
  }
  return html`<ol class="grid gap-2.5 text-[.9375rem] leading-5.5" aria-label=${words.steps} role="list">${steps.map(item)}</ol>`
}

/** Which device to look at, and what is the matter there. */
export function failureOf({ problem, lookAt }: LinkView): { title: string; text: string } {
  const words = $linkingWords.get()
  const title = lookAt === 'other' ? words.failedOther : words.failedThis
  return { title, text: wordsFor(new ClientFailure(problem ?? 'internal')) }
}
