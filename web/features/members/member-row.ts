import { html, nothing, type TemplateResult } from 'lit'
import { EllipsisVertical } from 'lucide'
import type { Conversation } from '../../../src/client/api.ts'
import { bridge } from '../../bridge.ts'
import { confirmFirst } from '../../confirm.ts'
import { faceOf, isMe } from '../../faces.ts'
import { paths } from '../../router.ts'
import { attempt } from '../../submit.ts'
import { avatar } from '../../ui/avatar.ts'
import { icon } from '../../ui/icon.ts'
import { $memberWords } from '../../words/people.ts'

type Member = Conversation['members'][number]

/** One member, with what an admin may do about them. */
export function memberRow(conversation: Conversation, member: Member): TemplateResult {
  const words = $memberWords.get()
  const isSelf = isMe(member.accountId)
  const face = faceOf(member.accountId, !isSelf)
  const content = html`${avatar(face)}<span class="row-title min-w-0 truncate" dir="auto">${isSelf ? words.you : face.name}</span>${member.isAdmin ? html`<span class="tag quiet">${words.admin}</span>` : nothing}`
  const mayChange = conversation.isAdmin && conversation.isMember && !isSelf
  return html`<li class="flex items-center [--tv-ring:var(--color-base-100)]">
    ${isSelf ? html`<div class="row hover:bg-transparent">${content}</div>` : html`<a class="row" href=${paths.person(member.accountId)}>${content}</a>`}
    ${mayChange ? actions(conversation, member, face.name) : nothing}
  </li>`
}

function actions(conversation: Conversation, { accountId, isAdmin }: Member, name: string): TemplateResult {
  const words = $memberWords.get()
  const { conversationId, isFamily } = conversation
  const turn = () => attempt(() => bridge.call.setAdmin(conversationId, accountId, !isAdmin))
  const remove = async () => {
    const question = {
      title: words.removeTitle({ name }),
      text: words.removeText({ name }),
      action: words.removeYes,
      isDangerous: true,
    }
    if (await confirmFirst(question)) await attempt(() => bridge.call.removeMember(conversationId, accountId))
  }
  const item = 'row min-h-11 whitespace-nowrap'
  const close = (event: Event) => (event.currentTarget as HTMLElement).closest('details')?.removeAttribute('open')
  return html`<details class="relative flex-none" @focusout=${closeWhenLeft} @keydown=${closeOnEscape}>
    <summary class="icon-button list-none" aria-label=${words.manage({ name })}>${icon(EllipsisVertical)}</summary>
    <div class="card absolute end-0 top-full z-5 grid min-w-52 p-1 shadow-pop" @click=${close}>
      <button type="button" class=${item} @click=${turn}>${isAdmin ? words.makeMember : words.makeAdmin}</button>
      ${isFamily ? nothing : html`<button type="button" class="${item} text-error" @click=${remove}>${words.remove}</button>`}
    </div>
  </details>`
}

function closeWhenLeft(event: FocusEvent): void {
  const details = event.currentTarget as HTMLDetailsElement
  if (!details.contains(event.relatedTarget as Node | null)) details.open = false
}

function closeOnEscape(event: KeyboardEvent): void {
  if (event.key !== 'Escape') return
  const details = event.currentTarget as HTMLDetailsElement
  details.open = false
  details.querySelector('summary')?.focus()
}
