import { html, nothing, type TemplateResult } from 'lit'
import type { Conversation } from '../../../src/client/api.ts'
import { conversationAvatar, titleOf } from '../../faces.ts'
import { paths } from '../../router.ts'
import { $listWords } from '../../words/chat.ts'
import { shortTime } from '../../words/time.ts'
import { previewLine } from './preview.ts'

export function conversationRow(conversation: Conversation, isOpen: boolean, isTabStop: boolean): TemplateResult {
  const { conversationId, unreadCount, activeAt } = conversation
  return html`<li>
    <a
      class="row"
      href=${paths.chat(conversationId)}
      aria-current=${isOpen ? 'page' : nothing}
      tabindex=${isTabStop ? 0 : -1}
      data-conversation=${conversationId}
    >
      ${conversationAvatar(conversation)}
      <span class="min-w-0 flex-1">
        <span class="flex items-baseline gap-2">
          <span class="row-title truncate" dir="auto">${titleOf(conversation)}</span>
          <time class="ms-auto flex-none text-xs tabular-nums ${unreadCount ? 'font-semibold text-primary' : 'text-muted'}">${shortTime(activeAt)}</time>
        </span>
        <span class="row-text mt-0.5 flex items-center gap-1.5">
          <span class="flex min-w-0 flex-1 items-center gap-1">${previewLine(conversation)}</span>
          ${unreadCount ? unreadBadge(unreadCount) : nothing}
        </span>
      </span>
    </a>
  </li>`
}

function unreadBadge(count: number): TemplateResult {
  return html`<span class="badge-count"><span aria-hidden="true">${count > 999 ? '999+' : count}</span><span class="sr-only">${$listWords.get().unreadCount(count)}</span></span>`
}
