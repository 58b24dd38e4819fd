import type { BodyHeader } from '../crypto/body-header.ts'
import type { ConversationState } from '../crypto/conversation-log-validator.ts'
import { type AccountId, type ConversationId, idToBytes, type MessageId } from '../protocol/ids.ts'
import type { MessageView, Notice } from './api.ts'

/** The validated membership of a group. */
export type GroupState = ConversationState

/** From which entry to which somebody was a member: `to` is the entry that ended it. */
export type Tenure = { accountId: AccountId; from: number; to: number | null }
/** How far somebody's devices got, as order keys. */
export type Mark = { deliveredKey: string; readKey: string }
export type StoredPreview = {
  messageId: MessageId
  kind: MessageView['kind']
  text: string
  senderId: AccountId
  sentAt: number
  key: string
  notice: Notice | null
}

/** Table conversations, c/<conversation>: everything about it but its messages and entries. Never changed in place. */
export type ConversationRecord = {
  conversationId: ConversationId
  kind: 'direct' | 'group'
  /** Direct: the other one (oneself for notes to self). */
  peerId: AccountId | null
  createdAt: number
  isMember: boolean

  group: GroupState | null
  tenures: Tenure[]
  /** convHead after each entry. */
  heads: Uint8Array[]
  title: string
  photo: Uint8Array | null
  /** For how long new messages last; 0: for good. */
  expirySeconds: number
  metaAt: number

  /** Counts restores of the home: what came after one sorts behind everything before it. */
  generation: number
  oldestGeneration: number
  /** Every message up to here was taken in; `ahead` came early; from oldestSeq on; 0 = none yet. */
  lastSeq: number
  ahead: number[]
  oldestSeq: number
  firstSeq: number
  /** The home had nothing when the first pages were asked for. */
  wasEmpty?: boolean
  /** The home has messages older than oldestSeq that this account may fetch. */
  hasOlder: boolean
  /** Entries in [noticedFrom, noticedTo) have their line in the thread. */
  noticedFrom: number
  noticedTo: number

  marks: { [accountId: string]: Mark }
  /** The message at which the own read mark stands, and how far the others were told of it. */
  readId: MessageId | null
  announcedRead: string
  unreadCount: number
  /** Newest content of somebody else: what a receipt acknowledges. */
  inboundId: MessageId | null
  inboundKey: string
  preview: StoredPreview | null
  activeAt: number
}

export const NO_MARK: Mark = { deliveredKey: '', readKey: '' }

export function newRecord(
  base: Pick<ConversationRecord, 'conversationId' | 'kind' | 'peerId' | 'createdAt' | 'firstSeq'>,
): ConversationRecord {
  return {
    ...base,
    ...{ isMember: true, group: null, tenures: [], heads: [], title: '', photo: null, expirySeconds: 0, metaAt: 0 },
    ...{ generation: 0, oldestGeneration: 0, lastSeq: 0, ahead: [], oldestSeq: 0, hasOlder: false },
    ...{
      noticedFrom: 0,
      noticedTo: 0,
      marks: {},
      readId: null,
      announcedRead: '',
      unreadCount: 0,
      inboundId: null,
      inboundKey: '',
    },
    ...{ preview: null, activeAt: base.createdAt },
  }
}

/** Sorts as text: restores of the home | sequence number, and behind a dot the entries noted after it. */
export function messageKey(generation: number, seq: number): string {
  return `${String(generation).padStart(3, '0')}-${String(seq).padStart(12, '0')}`
}
export function noticeKey(generation: number, afterSeq: number, entry: number): string {
  return `${messageKey(generation, afterSeq)}.${String(entry).padStart(6, '0')}`
}
/** Own messages on their way stand behind everything. */
export const PENDING = '~'
export function pendingKey(place: number): string {
  return `${PENDING}${String(place).padStart(12, '0')}`
}

export function markOf(record: ConversationRecord, accountId: AccountId): Mark {
  return record.marks[accountId] ?? NO_MARK
}

/** The first pages were taken in, or there were none. */
export function isFilled({ oldestSeq, wasEmpty }: ConversationRecord): boolean {
  return oldestSeq > 0 || wasEmpty === true
}

export function isKnownSeq(record: ConversationRecord, seq: number): boolean {
  if (record.ahead.includes(seq)) return true
  return seq <= record.lastSeq && seq >= record.oldestSeq && record.oldestSeq > 0
}

/** One more message was taken in. */
export function withSeq(record: ConversationRecord, seq: number): ConversationRecord {
  if (record.lastSeq === 0 && record.oldestSeq === 0 && (seq === record.firstSeq || seq === 1)) {
    return settle({ ...record, oldestSeq: seq, lastSeq: seq })
  }
  if (seq <= record.lastSeq) return settle(record)
  return settle({ ...record, ahead: [...record.ahead, seq].sort((left, right) => left - right) })
}

function settle(record: ConversationRecord): ConversationRecord {
  let { lastSeq } = record
  if (lastSeq > 0) while (record.ahead.includes(lastSeq + 1)) lastSeq++
  return { ...record, lastSeq, ahead: record.ahead.filter((seq) => seq > lastSeq) }
}

/** Whether the account was a member when the group had this epoch. */
export function wasMember(record: ConversationRecord, accountId: AccountId, selfId: AccountId, epoch: number): boolean {
  if (record.kind === 'direct') return accountId === selfId || accountId === record.peerId
  return record.tenures.some(
    (tenure) => tenure.accountId === accountId && tenure.from <= epoch && (tenure.to === null || epoch < tenure.to),
  )
}

/** A body that names an epoch in which this account was no member. */
export function isFromBefore(record: ConversationRecord, header: BodyHeader, selfId: AccountId): boolean {
  if (header.mode !== 2 || header.epoch >= record.heads.length) return false
  return !wasMember(record, selfId, selfId, header.epoch)
}

export function memberIds(record: ConversationRecord, selfId: AccountId): AccountId[] {
  if (record.kind === 'group') {
    return record.tenures.filter((tenure) => tenure.to === null).map((tenure) => tenure.accountId)
  }
  return record.peerId === null || record.peerId === selfId ? [selfId] : [selfId, record.peerId]
}

export function convIdOf(record: ConversationRecord): Uint8Array {
  return idToBytes(record.conversationId)
}
