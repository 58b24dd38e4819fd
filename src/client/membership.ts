import { type ConversationEntryBody, parseConversationEntry } from '../crypto/conversation-log.ts'
import {
  adminsOf,
  admitConversationEntry,
  type DeviceDirectory,
  directoryOf,
  isMemberIdentity,
} from '../crypto/conversation-log-validator.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import { type AccountId, idFromBytes } from '../protocol/ids.ts'
import type { Notice, Person } from './api.ts'
import { type ConversationRecord, convIdOf, memberIds, type Tenure } from './conversation-record.ts'
import type { AccountParts, LogDevice } from './parts.ts'

/** The record after one more signed entry. DecryptionFailed, and nothing changes, when a rule is broken. */
export function admit(
  record: ConversationRecord,
  entry: Uint8Array,
  directory: DeviceDirectory,
  selfId: AccountId,
): ConversationRecord {
  const group = admitConversationEntry(record.group, { convId: convIdOf(record), entry, directory })
  const { body, seq, signerUser } = parseConversationEntry(entry)
  const tenures = tenuresAfter(record.tenures, body, seq, idFromBytes(signerUser))
  const isMember = tenures.some((tenure) => tenure.accountId === selfId && tenure.to === null)
  return { ...record, group, tenures, isMember, heads: [...record.heads, group.head] }
}

function tenuresAfter(
  tenures: readonly Tenure[],
  body: ConversationEntryBody,
  seq: number,
  signerId: AccountId,
): Tenure[] {
  const end = (accountId: AccountId) =>
    tenures.map((tenure) => (tenure.accountId === accountId && tenure.to === null ? { ...tenure, to: seq } : tenure))
  switch (body.type) {
    case 'create':
      return [{ accountId: signerId, from: seq, to: null }]
    case 'add': {
      const accountId = idFromBytes<AccountId>(body.userId)
      return [...end(accountId), { accountId, from: seq, to: null }]
    }
    case 'remove':
      return end(idFromBytes(body.userId))
    case 'leave':
      return end(signerId)
    default:
      return [...tenures]
  }
}

/** What an entry says to people; null for what they need not see. */
export function noticeOf(entry: Uint8Array): Notice | null {
  const { body, signerUser } = parseConversationEntry(entry)
  const actorId = idFromBytes<AccountId>(signerUser)
  switch (body.type) {
    case 'create':
      return { kind: 'created', actorId }
    case 'add':
      return { kind: 'added', actorId, subjectId: idFromBytes(body.userId) }
    case 'remove':
      return { kind: 'removed', actorId, subjectId: idFromBytes(body.userId) }
    case 'role':
      return {
        kind: body.role === 'admin' ? 'made_admin' : 'made_member',
        actorId,
        subjectId: idFromBytes(body.userId),
      }
    case 'leave':
      return { kind: 'left', actorId }
    case 'policy':
      return { kind: 'history_policy', actorId, policy: body.historyPolicy }
  }
}

export function adminIds(record: ConversationRecord, { keyLog }: AccountParts): AccountId[] {
  if (record.group === null) return []
  const state = keyLog.state()
  return adminsOf(record.group, directoryOf(state), state.size).map((member) => idFromBytes<AccountId>(member.userId))
}

/** Still the one who was taken in: after beginning anew somebody must be added again. */
export function isPresent(record: ConversationRecord, accountId: AccountId, { keyLog }: AccountParts): boolean {
  const state = keyLog.state()
  const member = record.group?.members.find((candidate) => idFromBytes<AccountId>(candidate.userId) === accountId)
  return member === undefined || isMemberIdentity(member, directoryOf(state), state.size)
}

/** Active devices (key log) of members (signed entries) but this one: the home can add neither (PROTOCOL 4.6). */
export function recipientsOf(record: ConversationRecord, { identity, keyLog, people }: AccountParts): LogDevice[] {
  if (!record.isMember) return []
  const state = keyLog.state()
  const directory = directoryOf(state)
  const isPresent = (accountId: AccountId) => {
    const member = record.group?.members.find((candidate) => idFromBytes<AccountId>(candidate.userId) === accountId)
    return record.kind === 'direct' || (member !== undefined && isMemberIdentity(member, directory, state.size))
  }
  return memberIds(record, identity.accountId)
    .filter((accountId) => isPresent(accountId) && !hasLeft(people.find(accountId)))
    .flatMap((accountId) => keyLog.activeDevices(accountId))
    .filter((device) => device.deviceId !== identity.deviceId)
}

// By the home's word alone, which can only take somebody out here: a host cannot say it in the log.
function hasLeft(person: Person | null): boolean {
  return person !== null && person.leftAt !== null
}

/** Entries may name a log size this device has not reached: fetch it first. False: the home does not show so much. */
export async function reachEntry(entry: Uint8Array, { keyLog }: AccountParts): Promise<boolean> {
  const sthSize = sizeNamedBy(entry)
  if (sthSize > keyLog.head().size) await keyLog.refresh()
  return sthSize <= keyLog.head().size
}

/** What cannot be read names nothing: whoever admits it finds out. */
function sizeNamedBy(entry: Uint8Array): number {
  try {
    return parseConversationEntry(entry).sthSize
  } catch (error) {
    if (error instanceof DecryptionFailed) return 0
    throw error
  }
}
