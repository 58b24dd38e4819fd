import { html, nothing, type TemplateResult } from 'lit'
import { QrCode } from 'lucide'
import type { InviteEntry } from '../../../src/client/api.ts'
import { nameOf } from '../../faces.ts'
import { icon } from '../../ui/icon.ts'
import { $inviteWords } from '../../words/people.ts'
import { dateAndTime } from '../../words/time.ts'

type Act = (invite: InviteEntry) => void

export function inviteRow(invite: InviteEntry, revoke: Act, show: Act): TemplateResult {
  const words = $inviteWords.get()
  const name = invite.inviteeName || words.noName
  const isUsable = invite.state === 'usable'
  return html`<li class="flex items-center gap-2 px-3 py-2.5">
    <span class="min-w-0 flex-1">
      <span class="flex items-center gap-2"><span class="row-title truncate" dir="auto">${name}</span>${invite.role === 'host' ? html`<span class="tag quiet">${words.host}</span>` : nothing}</span>
      <span class="row-text block">${stateText(invite)}</span>
      ${invite.usedBy.length ? html`<span class="row-text block">${words.usedBy({ names: invite.usedBy.map(nameOf).join(', ') })}</span>` : nothing}
    </span>
    ${isUsable && invite.link ? html`<button type="button" class="icon-button" aria-label="${words.code}: ${name}" @click=${() => show(invite)}>${icon(QrCode)}</button>` : nothing}
    ${isUsable ? html`<button type="button" class="btn btn-ghost h-11 rounded-full text-error" aria-label="${words.revoke}: ${name}" @click=${() => revoke(invite)}>${words.revoke}</button>` : nothing}
  </li>`
}

function stateText({ state, expiresAt, uses, usesLeft }: InviteEntry): string {
  const words = $inviteWords.get()
  if (state !== 'usable') return words[state]
  const until = words.usable({ date: dateAndTime(expiresAt) })
  return uses > 1 ? `${until} · ${words.left(usesLeft)}` : until
}
