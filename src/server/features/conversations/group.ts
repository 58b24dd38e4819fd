import {
  admitConversationEntry,
  type ConversationState,
  DecryptionFailed,
  type DeviceDirectory,
  dmConversationId,
  identityAt,
  type KeyLogState,
  parseConversationEntry,
} from '../../../crypto/verify.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type AccountId, type ConversationId, type DeviceId, idFromBytes, idToBytes } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'

type ParsedEntry = ReturnType<typeof parseConversationEntry>

/** Runs something of the validator: whatever it refuses is a bad entry, whoever sent it. */
export function judgeEntry<Result>(judge: () => Result): Result {
  try {
    return judge()
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new Refusal('bad_entry', { detail: error.reason })
    throw error
  }
}

export interface EntryLine {
  conversationId: ConversationId
  directory: DeviceDirectory
}

/** The state after these entries; `state` is null before the first. */
export function replayEntries(
  state: ConversationState | null,
  entries: readonly Uint8Array[],
  { conversationId, directory }: EntryLine,
): ConversationState | null {
  const convId = idToBytes(conversationId)
  let current = state
  for (const entry of entries) {
    const next = judgeEntry(() => admitConversationEntry(current, { convId, entry, directory }))
    current = next
  }
  return current
}

export function parseEntry(entry: Uint8Array): ParsedEntry {
  return judgeEntry(() => parseConversationEntry(entry))
}

/** Nobody hands in what another device signed: a stolen draft stays a draft. */
export function checkSigner(entry: ParsedEntry, who: { accountId: AccountId; deviceId: DeviceId }): void {
  const isOwn =
    idFromBytes<AccountId>(entry.signerUser) === who.accountId &&
    idFromBytes<DeviceId>(entry.signerDevice) === who.deviceId
  if (!isOwn) throw new Refusal('not_allowed')
}

/** Who is added must exist, under the root that everybody else will see in the key log. */
export function checkAdded(entry: ParsedEntry, log: KeyLogState): void {
  if (entry.body.type !== 'add') return
  const { userId, uikHash } = entry.body
  const isKnown = identityAt(log, userId).some((known) => Buffer.compare(known, uikHash) === 0)
  if (!isKnown) throw new Refusal('bad_entry', { detail: 'adds somebody who is not in the key log' })
}

export function membersOf(state: ConversationState): AccountId[] {
  if (state.members.length > limits.maxMembers) throw new Refusal('too_many')
  return state.members.map((member) => idFromBytes<AccountId>(member.userId))
}

/** A group that took the id of two people's direct conversation would keep them from ever opening it. */
export function isDirectId(conversationId: ConversationId, accountIds: readonly AccountId[]): boolean {
  const wanted = idToBytes(conversationId)
  const raw = accountIds.map(idToBytes)
  return raw.some((left, index) =>
    raw.slice(index).some((right) => Buffer.compare(dmConversationId(left, right), wanted) === 0),
  )
}
