import { html, nothing, type TemplateResult } from 'lit'
import { Copy, Share2 } from 'lucide'
import type { InviteEntry } from '../../../src/client/api.ts'
import { say } from '../../toasts.ts'
import { icon } from '../../ui/icon.ts'
import { $inviteWords } from '../../words/people.ts'
import { dateAndTime } from '../../words/time.ts'
import '../../ui/tv-qr.ts'

/** A link that was just made: its code, and the ways to hand it over. */
export function inviteReady({ inviteeName, link, expiresAt }: InviteEntry, startAnother: () => void): TemplateResult {
  const words = $inviteWords.get()
  const address = link ?? ''
  const share = () => navigator.share({ url: address }).catch(() => null)
  const mayShare = typeof navigator.share === 'function'
  return html`<section class="card flex flex-col items-center p-6 text-center">
    <h2 class="text-lg font-semibold" tabindex="-1" data-ready>${inviteeName ? words.ready({ name: inviteeName }) : words.readyAny}</h2>
    <p class="row-text mt-1">${words.readyText}</p>
    <tv-qr class="mt-5 block w-56" .text=${address} .label=${words.code}></tv-qr>
    <input class="input text-input mt-5 text-center font-mono !text-xs" readonly dir="ltr" aria-label=${words.link} .value=${address} @focus=${(event: Event) => (event.target as HTMLInputElement).select()} />
    <div class="mt-4 flex flex-wrap justify-center gap-2">
      ${mayShare ? html`<button type="button" class="btn btn-primary btn-action" @click=${share}>${icon(Share2)}${words.share}</button>` : nothing}
      <button type="button" class="btn btn-action ${mayShare ? 'btn-secondary' : 'btn-primary'}" @click=${() => copy(address)}>${icon(Copy)}${words.copy}</button>
    </div>
    <p class="row-text mt-4">${words.usable({ date: dateAndTime(expiresAt) })}</p>
    <button type="button" class="btn btn-ghost btn-action mt-2" @click=${startAnother}>${words.another}</button>
  </section>`
}

async function copy(address: string): Promise<void> {
  const words = $inviteWords.get()
  try {
    await navigator.clipboard.writeText(address)
    say(words.copied)
  } catch (cause) {
    console.warn('clipboard', cause)
    say(words.copyFailed, 'problem')
  }
}
