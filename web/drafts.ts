import { atom } from 'nanostores'
import type { ConversationId } from '../src/protocol/ids.ts'

/** Text that was begun and not sent, for as long as the page lives. */
const drafts = new Map<ConversationId, string>()
/** Counts up when a draft was put down or taken up, not at each letter. */
export const $draftsChanged = atom(0)

export const hasDrafts = () => drafts.size > 0

export function draftOf(conversationId: ConversationId): string {
  return shown.get(conversationId) ?? ''
}

// What lists show: only drafts of threads that were left.
const shown = new Map<ConversationId, string>()

export function keepDraft(conversationId: ConversationId, text: string): void {
  if (text.trim()) drafts.set(conversationId, text)
  else drafts.delete(conversationId)
}

/** The reader left the thread: its draft shows in lists from now on. */
export function putDownDraft(conversationId: ConversationId): void {
  const text = drafts.get(conversationId)
  if (!text) return
  shown.set(conversationId, text)
  $draftsChanged.set($draftsChanged.get() + 1)
}

/** The reader is in the thread again: its draft is in the composer. */
export function takeUpDraft(conversationId: ConversationId): string {
  if (shown.delete(conversationId)) $draftsChanged.set($draftsChanged.get() + 1)
  return drafts.get(conversationId) ?? ''
}
