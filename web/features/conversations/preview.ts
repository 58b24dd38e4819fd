import { html, nothing, type TemplateResult } from 'lit'
import type { Conversation } from '../../../src/client/api.ts'
import { draftOf } from '../../drafts.ts'
import { isMe, isNotes, nameOf } from '../../faces.ts'
import { noticeText } from '../../notices.ts'
import { ticks } from '../../ticks.ts'
import { $listWords } from '../../words/chat.ts'

/** The second line of a row: who types, a draft, or the newest message. */
export function previewLine(conversation: Conversation): TemplateResult {
  const typing = conversation.typing.filter((id) => !isMe(id))
  if (typing.length > 0) {
    return html`<span class="truncate font-medium text-primary">${typingText(conversation, typing)}</span>`
  }
  const draft = draftOf(conversation.conversationId)
  if (draft) {
    return html`<span class="flex-none font-medium text-error">${$listWords.get().draft}:</span><span class="truncate" dir="auto">${draft}</span>`
  }
  const { state } = conversation.preview
  return html`${state ? ticks(state) : nothing}<span class="truncate ${conversation.unreadCount ? 'text-base-content' : ''}" dir="auto">${newestText(conversation)}</span>`
}

function typingText({ kind }: Conversation, typing: Conversation['typing']): string {
  const words = $listWords.get()
  if (kind === 'direct') return words.typing
  return typing.length === 1 ? words.typingOne({ name: nameOf(typing[0]!) }) : words.typingMany(typing.length)
}

function newestText(conversation: Conversation): string {
  const words = $listWords.get()
  const { kind, text, notice, senderId } = conversation.preview
  if (kind === 'empty') return conversation.isFilled ? words.noMessages : '\u00a0'
  if (kind === 'notice') return notice ? noticeText(notice) : ''
  if (kind === 'waiting') return words.waiting
  if (kind === 'unreadable') return words.unreadable
  const line = text.replaceAll(/\s+/g, ' ')
  if (conversation.kind === 'direct' || isNotes(conversation) || !senderId) return line
  return `${isMe(senderId) ? words.you : nameOf(senderId)}: ${line}`
}
