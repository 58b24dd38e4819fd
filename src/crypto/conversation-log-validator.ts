import { equal, isZero } from './bytes.ts'
import type {
  ConversationEntry,
  ConversationEntryBody,
  ConversationKind,
  HistoryPolicy,
  MemberRole,
} from './conversation-log.ts'
import { parseConversationEntry } from './conversation-log.ts'
import { DecryptionFailed, insist } from './errors.ts'
import type { KeyLogState } from './key-log-validator.ts'
import { activeDevicesAt, identityAt } from './key-log-validator.ts'
import type { DevicePublicKey } from './key-types.ts'
import { verifySignature } from './verify-signature.ts'

// The one validator of membership chains (PROTOCOL 4.6), for the server and every client. Its answer depends on the
// chain and on the key log as it was at the size an entry names, so it does not change when the key log grows.

/** Someone in the conversation. */
export interface Member {
  readonly userId: Uint8Array
  /** H(UIK) at which this member was taken in; null only for a creator the directory could say nothing about. */
  readonly uikHash: Uint8Array | null
  readonly role: MemberRole
  /** seq of the entry that added this member. */
  readonly addedSeq: number
}

/** Everything the chain says so far. Never changed in place. */
export interface ConversationState {
  readonly convId: Uint8Array
  readonly kind: ConversationKind
  readonly historyPolicy: HistoryPolicy
  /** seq of the newest entry, which is the epoch. */
  readonly epoch: number
  /** convHead: `prev` of the next entry. */
  readonly head: Uint8Array
  /** In the order in which they were added. */
  readonly members: readonly Member[]
}

/** What the validator asks of the key log. Sizes beyond what is known must throw DecryptionFailed. */
export interface DeviceDirectory {
  /** DSK of a device that was active, and this user's, when the key log had `size` entries; else null. */
  activeDevice(userId: Uint8Array, deviceId: Uint8Array, size: number): DevicePublicKey | null
  /** H(UIK) of the user's identity at `size`, oldest first (rotations go on the list, a reset starts it anew). */
  identity?(userId: Uint8Array, size: number): readonly Uint8Array[]
  /** Whether the user had any active device at `size`. */
  hasDevice?(userId: Uint8Array, size: number): boolean
}

/** The key log as the directory of a conversation. */
export function directoryOf(log: KeyLogState): DeviceDirectory {
  return {
    activeDevice: (userId, deviceId, size) =>
      activeDevicesAt(log, userId, size).find((device) => equal(device.deviceId, deviceId))?.dsk ?? null,
    identity: (userId, size) => identityAt(log, userId, size),
    hasDevice: (userId, size) => activeDevicesAt(log, userId, size).length > 0,
  }
}

/** An entry that is offered, and against what it is judged. */
export interface ConversationOffer {
  convId: Uint8Array
  entry: Uint8Array
  directory: DeviceDirectory
}

/**
 * The state after one more entry; `state` is null before the first. Throws DecryptionFailed, and changes nothing,
 * if a rule is broken.
 */
export function admitConversationEntry(state: ConversationState | null, offer: ConversationOffer): ConversationState {
  const entry = parseConversationEntry(offer.entry)
  insist(equal(entry.convId, offer.convId), 'another conversation')
  insist(entry.seq === (state === null ? 0 : state.epoch + 1), 'seq')
  insist(state === null ? isZero(entry.prev) : equal(entry.prev, state.head), 'prev')
  checkSignature(entry, offer.directory)
  if (state === null) return beginConversation(entry, offer.directory)
  checkPermission(state, entry, offer.directory)
  return { ...change(state, entry), epoch: entry.seq, head: entry.head }
}

function checkSignature(entry: ConversationEntry, directory: DeviceDirectory): void {
  const dsk = directory.activeDevice(entry.signerUser, entry.signerDevice, entry.sthSize)
  if (dsk === null) throw new DecryptionFailed('signerDevice is not an active device of signerUser')
  insist(verifySignature(dsk, 'conv entry', entry.signedBytes, entry.signature), 'signature')
}

function beginConversation(entry: ConversationEntry, directory: DeviceDirectory): ConversationState {
  const { body, convId, head, signerUser: userId } = entry
  insist(body.type === 'create', 'create is entry 0')
  const uikHash = directory.identity?.(userId, entry.sthSize).at(-1) ?? null
  const { kind, historyPolicy } = body
  return { convId, kind, historyPolicy, epoch: 0, head, members: [{ userId, uikHash, role: 'admin', addedSeq: 0 }] }
}

/** The member of that id, or null. */
export function findMember(state: ConversationState, userId: Uint8Array): Member | null {
  return state.members.find((member) => equal(member.userId, userId)) ?? null
}

/**
 * Whether the account is still the one that was taken in, when the key log had `size` entries. After an
 * identity-reset it is not: whoever made the new identity (perhaps the server) must be added again by an admin.
 */
export function isMemberIdentity(member: Member, directory: DeviceDirectory, size: number): boolean {
  const { uikHash } = member
  if (uikHash === null || directory.identity === undefined) return true
  return directory.identity(member.userId, size).some((known) => equal(known, uikHash))
}

/**
 * Who may add, remove, change roles and the policy, when the key log has `size` entries. While no member is an admin
 * (the last one left, or the account is gone), the member who was added first among those present counts as one.
 */
export function adminsOf(state: ConversationState, directory: DeviceDirectory, size: number): readonly Member[] {
  const present = state.members.filter(
    (member) => isMemberIdentity(member, directory, size) && (directory.hasDevice?.(member.userId, size) ?? true),
  )
  const admins = present.filter((member) => member.role === 'admin')
  return admins.length > 0 ? admins : present.slice(0, 1)
}

function checkPermission(state: ConversationState, entry: ConversationEntry, directory: DeviceDirectory): void {
  const signer = findMember(state, entry.signerUser)
  if (signer === null) throw new DecryptionFailed('signer is not a member')
  insist(isMemberIdentity(signer, directory, entry.sthSize), 'signer was reset and not added again')
  if (entry.body.type !== 'leave') {
    insist(adminsOf(state, directory, entry.sthSize).includes(signer), 'takes an admin')
  }
}

function change(state: ConversationState, entry: ConversationEntry): ConversationState {
  const { body } = entry
  switch (body.type) {
    case 'create':
      throw new DecryptionFailed('create is entry 0')
    case 'add':
      return { ...state, members: addMember(state, body, entry.seq) }
    case 'remove':
      insist(findMember(state, body.userId) !== null, 'names a member')
      return { ...state, members: withoutMember(state, body.userId) }
    case 'role':
      insist(findMember(state, body.userId) !== null, 'names a member')
      return {
        ...state,
        members: state.members.map((member) =>
          equal(member.userId, body.userId) ? { ...member, role: body.role } : member,
        ),
      }
    case 'leave':
      return { ...state, members: withoutMember(state, entry.signerUser) }
    case 'policy':
      return { ...state, historyPolicy: body.historyPolicy }
  }
}

function withoutMember(state: ConversationState, userId: Uint8Array): Member[] {
  return state.members.filter((member) => !equal(member.userId, userId))
}

function addMember(
  state: ConversationState,
  { userId, uikHash, role }: Extract<ConversationEntryBody, { type: 'add' }>,
  addedSeq: number,
): Member[] {
  const present = findMember(state, userId)
  // A member is added again only under another root, after a reset; the newcomer is then the one who was added last.
  insist(present === null || (present.uikHash !== null && !equal(present.uikHash, uikHash)), 'already a member')
  return [...withoutMember(state, userId), { userId, uikHash, role, addedSeq }]
}
