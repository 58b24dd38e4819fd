import type { AccountId } from '../protocol/ids.ts'
import type { Notice } from './api.ts'
import type { ConversationRecord } from './conversation-record.ts'

/** What a conversation is called, looks like, and how long its messages last: one sealed body of class 2, the newest counts. */
export type Meta = { name: string; photo: Uint8Array | null; expirySeconds: number }

/** For how long messages may last, in seconds; 0: for good. */
export function isFairExpiry(seconds: unknown): seconds is number {
  const isNumber = typeof seconds === 'number' && Number.isInteger(seconds)
  return isNumber && (seconds === 0 || (seconds >= 300 && seconds <= 31_536_000))
}

export function metaOf(record: ConversationRecord): Meta {
  const { title, photo, expirySeconds } = record
  return record.kind === 'group' ? { name: title, photo, expirySeconds } : { name: '', photo: null, expirySeconds }
}

/** A direct conversation is called after the other; of its meta only the timer counts. */
export function withMeta(record: ConversationRecord, { name, photo, expirySeconds }: Meta, at: number) {
  const face = record.kind === 'group' ? { title: name, photo } : {}
  return { ...record, ...face, expirySeconds, metaAt: at }
}

/** What a new meta says to people; null when nothing changed: it was repeated for a newcomer. */
export function metaNotice(before: ConversationRecord, after: ConversationRecord, actorId: AccountId): Notice | null {
  if (after.expirySeconds !== before.expirySeconds) {
    return { kind: 'timer_changed', actorId, seconds: after.expirySeconds }
  }
  if (after.title !== before.title) return { kind: 'renamed', actorId, name: after.title }
  const isRepainted = (after.photo?.join() ?? '') !== (before.photo?.join() ?? '')
  return isRepainted ? { kind: 'photo_changed', actorId } : null
}
