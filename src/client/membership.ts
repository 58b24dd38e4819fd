import { type ConversationEntryBody, parseConversationEntry } from '../crypto/conversation-log.ts'
import {
  adminsOf,
  admitConversationEntry,
  type ConversationState,
  type DeviceDirectory,
  directoryOf,
  isMemberIdentity,
  type Member,
} from '../crypto/conversation-log-validator.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import type { KeyLogState } from '../crypto/key-log-validator.ts'
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

/** What the signed entries and the key log together say of a group's members. */
interface Standing {
  keyLog: KeyLogState
  adminIds: AccountId[]
  /** Members of the entries, whether they are still the one who was taken in or not. */
  isSame: ReadonlyMap<AccountId, boolean>
}

// Asked for with every message; both it follows from change with an entry only, and are then other objects.
const standings = new WeakMap<ConversationState, Standing>()

function standingOf(group: ConversationState, state: KeyLogState): Standing {
  const known = standings.get(group)
  if (known?.keyLog === state) return known
  const directory = directoryOf(state)
  const idOf = ({ userId }: Member) => idFromBytes<AccountId>(userId)
  const standing: Standing = {
    keyLog: state,
    adminIds: adminsOf(group, directory, state.size).map(idOf),
    isSame: new Map(group.members.map((member) => [idOf(member), isMemberIdentity(member, directory, state.size)])),
  }
  standings.set(group, standing)
  return standing
}

export function adminIds({ group }: ConversationRecord, { keyLog }: AccountParts): AccountId[] {
  return group === null ? [] : standingOf(group, keyLog.state()).adminIds
}

/** Still the one who was taken in: after beginning anew somebody must be added again. */
export function isPresent({ group }: ConversationRecord, accountId: AccountId, { keyLog }: AccountParts): boolean {
  return group === null || (standingOf(group, keyLog.state()).isSame.get(accountId) ?? true)
}

/** Active devices (key log) of members (signed entries) but this one: the home can add neither (PROTOCOL 4.6). */
export function recipientsOf(record: ConversationRecord, { identity, keyLog, people }: AccountParts): LogDevice[] {
  if (!record.isMember) return []
  const isSame = record.group === null ? null : standingOf(record.group, keyLog.state()).isSame
  const isPresent = (accountId: AccountId) => record.kind === 'direct' || isSame?.get(accountId) === true
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
