import type { TemplateResult } from 'lit'
import { StickyNote } from 'lucide'
import { computed, keepMount } from 'nanostores'
import type { Conversation, Person } from '../src/client/api.ts'
import type { AccountId } from '../src/protocol/ids.ts'
import { $home, $me, $people } from './stores.ts'
import { type AvatarSize, avatar, avatarPair, type Face, hueFrom, iconAvatar } from './ui/avatar.ts'
import { $appWords } from './words/app.ts'
import { $listWords } from './words/chat.ts'

/** How people and conversations are called and shown, the same in every list. */
export function nameOf(accountId: AccountId): string {
  const me = $me.get()
  if (me?.accountId === accountId) return me.name
  return $people.get().get(accountId)?.name || $appWords.get().someone
}

export const isMe = (accountId: AccountId) => $me.get()?.accountId === accountId

export function faceOf(accountId: AccountId, showsPresence = false): Face {
  const person = $people.get().get(accountId)
  const photo = isMe(accountId) ? ($me.get()?.photo ?? null) : (person?.photo ?? null)
  const isOnline = showsPresence && (person?.isOnline ?? false)
  const isPale = (person?.leftAt ?? null) !== null
  return { id: accountId, hue: hueOf(accountId), name: nameOf(accountId), photo, isOnline, isPale }
}

// In the order in which they came, so that the first eight people of a home never share a colour.
const $hues = computed($people, (people) => {
  const byArrival = [...people.values()].sort((a, b) => a.joinedAt - b.joinedAt || (a.accountId < b.accountId ? -1 : 1))
  return new Map(byArrival.map(({ accountId }, index) => [accountId, index]))
})
// Unmounted it would be worked out anew, with a timer, for each bubble that is drawn.
keepMount($hues)

export function hueOf(accountId: AccountId): number {
  return $hues.get().get(accountId) ?? hueFrom(accountId)
}

/** Everybody but oneself who is at this home, by name. */
export function otherPeople(): Person[] {
  return [...$people.get().values()].filter(({ accountId, leftAt }) => !isMe(accountId) && leftAt === null).sort(byName)
}

/** Those who left it. */
export function formerPeople(): Person[] {
  return [...$people.get().values()].filter(({ leftAt }) => leftAt !== null).sort(byName)
}

const byName = (a: Person, b: Person) => a.name.localeCompare(b.name)

/** The other person of a direct conversation; null in a group and in notes to self. */
export function otherIn({ kind, members }: Conversation): AccountId | null {
  if (kind !== 'direct') return null
  return members.find(({ accountId }) => !isMe(accountId))?.accountId ?? null
}

export const isNotes = (conversation: Conversation) => conversation.kind === 'direct' && otherIn(conversation) === null

export function titleOf(conversation: Conversation): string {
  if (isNotes(conversation)) return $listWords.get().notes
  const other = otherIn(conversation)
  const family = conversation.isFamily ? $home.get()?.name : ''
  return conversation.title || (other ? nameOf(other) : family || $listWords.get().group)
}

export function conversationAvatar(conversation: Conversation, size: AvatarSize = 'md'): TemplateResult {
  const { conversationId, photo, members } = conversation
  const other = otherIn(conversation)
  if (other) return avatar(faceOf(other, true), size)
  if (photo) return avatar({ id: conversationId, name: '', photo }, size)
  if (isNotes(conversation)) return iconAvatar(StickyNote, size)
  const shown = members.filter(({ accountId }) => !isMe(accountId)).slice(0, 2)
  if (shown.length < 2) return avatar({ id: conversationId, name: titleOf(conversation), photo: null }, size)
  return avatarPair([faceOf(shown[0]!.accountId), faceOf(shown[1]!.accountId)], size)
}

/** What a search without accents and case compares. */
export function fold(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase()
}
