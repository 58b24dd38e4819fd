import type { RefusalCode } from '../protocol/errors.ts'
import type { AccountId, ConversationId, DeviceId, InviteId, MessageId } from '../protocol/ids.ts'
import type { AddressView, CheckResult, RestoreSummary } from '../protocol/setup.ts'
import type { CareCommands, LinkView } from './care-api.ts'

export type { AuditView, ExportPart, ExportWords } from './own-data-api.ts'

/**
 * Everything a face (browser page, command line, bot) sees of a member's device, and everything it may ask.
 * All values are plain data: they cross from the worker to the page by structured clone.
 */

export type Phase =
  /** Local data is being opened. */
  | { name: 'starting' }
  /** No device here. isClaimed false: a fresh home waits for its founder. null: the home has not answered yet. */
  | { name: 'outside'; isClaimed: boolean | null }
  /** Signed in on this device; local data is shown at once, the network follows. */
  | { name: 'inside' }
  /** This device was signed out or removed elsewhere; nothing was lost at the home. */
  | { name: 'removed'; reason: 'signed_out' | 'device_removed' | 'began_anew' | 'account_gone' | 'left' }
  /** The home showed something it must not (PROTOCOL 4.2): nothing is sent until a person decides. */
  | { name: 'alarm'; alarm: AlarmView }

export type AlarmView = {
  kind: 'fork' | 'rollback' | 'bad_entry' | 'unreachable_head' | 'lost_branch'
  personId: AccountId | null
  deviceId: DeviceId | null
  detail: string
  at: number
}

export type Connection = { state: 'offline' | 'connecting' | 'online'; nextTryAt: number | null }

export type Me = {
  accountId: AccountId
  deviceId: DeviceId
  signInName: string
  name: string
  photo: Uint8Array | null
  role: 'member' | 'host'
  isKitConfirmed: boolean
  /** It is time to ask for the kit's last group again. */
  isKitDue: boolean
}

export type HomeState = {
  name: string
  version: string
  familyConversationId: ConversationId | null
  /** Set after the home was restored from a backup until a person dismissed it. */
  restored: { from: number; broughtBack: number } | null
}

export type Person = {
  accountId: AccountId
  /** Their own name for themselves; the sign-in name until their profile came. */
  name: string
  signInName: string
  photo: Uint8Array | null
  role: 'member' | 'host'
  isOnline: boolean
  /** How their key came to be trusted; null = not (yet). */
  verified: 'self' | 'invite' | 'vouched' | 'numbers' | null
  /** Their identity was reset since and nobody verified the new one. */
  wasReset: boolean
  joinedAt: number
  /** Set: they are no longer at this home. What they said stays, and what they were called. */
  leftAt: number | null
}

export type DeliveryState = 'sending' | 'sent' | 'delivered' | 'read' | 'failed'

export type Preview = {
  messageId: MessageId | null
  kind: MessageView['kind'] | 'empty'
  text: string
  senderId: AccountId | null
  sentAt: number
  state: DeliveryState | null
  notice: Notice | null
}

export type Conversation = {
  conversationId: ConversationId
  kind: 'direct' | 'group'
  isFamily: boolean
  /** Group: its encrypted name ('' until it came). Direct: the other's name. Notes to self: ''. */
  title: string
  photo: Uint8Array | null
  members: { accountId: AccountId; isAdmin: boolean }[]
  isAdmin: boolean
  /** For how long new messages last, in seconds; 0: for good. */
  expirySeconds: number
  /** Whether newcomers see what was said before them (groups). */
  historyPolicy: 'none' | 'share'
  /** False when this account was removed or left (read only); on a new device until it is known what was said last, if anything. */
  isMember: boolean
  isFilled: boolean
  preview: Preview
  unreadCount: number
  typing: AccountId[]
  /** Orders the list: newest first. */
  activeAt: number
}

/** A line the software writes about what a member did, from signed entries alone. */
export type Notice =
  | { kind: 'created'; actorId: AccountId }
  | { kind: 'added' | 'removed' | 'made_admin' | 'made_member'; actorId: AccountId; subjectId: AccountId }
  | { kind: 'left'; actorId: AccountId }
  | { kind: 'renamed'; actorId: AccountId; name: string }
  | { kind: 'photo_changed'; actorId: AccountId }
  | { kind: 'timer_changed'; actorId: AccountId; seconds: number }
  | { kind: 'history_policy'; actorId: AccountId; policy: 'none' | 'share' }
  | { kind: 'restored'; from: number; broughtBack: number }

export type MessageView = {
  messageId: MessageId
  conversationId: ConversationId
  senderId: AccountId
  /** waiting: the key has not come yet, asked for again by itself. unreadable: it will not come; reason says why. */
  kind: 'text' | 'notice' | 'waiting' | 'unreadable'
  text: string
  notice: Notice | null
  sentAt: number
  isOwn: boolean
  /** Own messages only. */
  state: DeliveryState | null
  /** For `failed`, `waiting` and `unreadable`. */
  reason: string | null
  /** Of a disappearing message how long it lasts once seen, and when it goes if that has begun; 0 and null: it stays. */
  expirySeconds: number
  expiresAt: number | null
  /** Sorts within a conversation as text; a page is asked for by it. */
  orderKey: string
}

/** Off, 5 minutes, an hour, a day, a week, 30 days, a year. */
export const expiryChoices = [0, 300, 3_600, 86_400, 604_800, 2_592_000, 31_536_000] as const

export type ThreadSlice = {
  items: MessageView[]
  hasOlder: boolean
  hasNewer: boolean
  firstUnreadId: MessageId | null
}

/** What changes in the device's view, pushed to every face. Each event carries the whole new value of its part. */
export type ClientEvent =
  | { type: 'phase'; phase: Phase }
  | { type: 'connection'; connection: Connection }
  | { type: 'me'; me: Me }
  | { type: 'home'; home: HomeState }
  | { type: 'people'; people: Person[] }
  | { type: 'conversations'; conversations: Conversation[] }
  /** These were added or changed (by messageId), in order; the thread's window merges them. */
  | { type: 'messages'; conversationId: ConversationId; items: MessageView[]; removedIds: MessageId[] }
  /** Two devices are being linked, seen from this one; null: none are. */
  | { type: 'linking'; linking: LinkView | null }
  | { type: 'progress'; task: 'sign_up' | 'sign_in' | 'history' | 'heal'; done: number; total: number }

export type Strength = { score: 0 | 1 | 2 | 3 | 4; bits: number }
export type InvitePreview =
  | {
      state: 'usable'
      homeName: string
      inviterName: string
      inviteeName: string
      role: 'member' | 'host'
      expiresAt: number
      /** The sign-in name of who begins anew by it; null for a newcomer's invite. */
      forSignInName: string | null
    }
  | { state: 'unknown' | 'used' | 'expired' | 'revoked' | 'mangled' }
export type InviteEntry = {
  inviteId: InviteId
  inviteeName: string
  role: 'member' | 'host'
  uses: number
  usesLeft: number
  expiresAt: number
  state: 'usable' | 'used' | 'expired' | 'revoked'
  link: string | null
  /** Lets this person begin anew, and opens no new account. */
  forAccount: AccountId | null
  usedBy: AccountId[]
}

/** Who somebody is when they found a home or join one. photo: at most limits.maxPhotoBytes of JPEG, PNG or WebP. */
export type NewPerson = { name: string; signInName: string; photo: Uint8Array | null; passphrase: string }

/** A refusal or failure as it reaches a face: a code for the words table. `offline` when the home could not be reached. */
export type FailureCode =
  | RefusalCode
  | 'offline'
  | 'bad_recovery_code'
  | 'weak_passphrase'
  | 'storage_full'
  | 'alarm'
  | 'untrusted_server'
  | 'bad_invite'
  | 'unsupported'
  | 'bad_link_code'
  | 'link_cancelled'
  | 'link_failed'
  | 'link_tampered'
  | 'link_same_side'
  | 'was_reset'
  | 'person_left'
  | 'safety_mismatch'
  | 'bad_safety_code'
export class ClientFailure extends Error {
  override readonly name = 'ClientFailure'
  constructor(
    readonly code: FailureCode,
    readonly retryAfterMs: number = 0,
    readonly detail = '',
  ) {
    super(detail ? `${code}: ${detail}` : code)
  }
}

/** The commands. Every one rejects with {@link ClientFailure} and nothing else. */
export type ClientApi = CareCommands & {
  // ── before this browser is a device ──
  setupCheck(claimToken: string): Promise<CheckResult[]>
  addresses(claimToken: string | null): Promise<AddressView[]>
  restoreOpen(claimToken: string, uploadId: string, key: string): Promise<RestoreSummary>
  restoreApply(claimToken: string, uploadId: string, key: string): Promise<void>
  proposePassphrase(): Promise<string>
  estimatePassphrase(passphrase: string): Promise<Strength>
  /** A free spelling of a person's name for signing in ("Oma Käthe" -> "oma-kaethe"). */
  proposeSignInName(name: string): Promise<string>
  /** Founds the home and its family conversation; answers the recovery kit's text, shown once. */
  foundHome(claimToken: string, homeName: string, person: NewPerson): Promise<{ recoveryCode: string }>
  lookAtInvite(link: string): Promise<InvitePreview>
  joinHome(link: string, person: NewPerson): Promise<{ recoveryCode: string }>
  signIn(signInName: string, secret: string): Promise<void>

  // ── this device ──
  /** True when the text is the last group of the kit just shown (or kept confirmed state); remembers it. */
  confirmKit(lastGroup: string): Promise<boolean>
  signOut(): Promise<void>
  setProfile(name: string, photo: Uint8Array | null): Promise<void>
  /** A person is looking (true) or not: presence and read marks follow. */
  setActive(isActive: boolean): void
  /** The network came back or the page woke: try now instead of waiting for the back-off. */
  reconnect(): void
  dismissRestored(): Promise<void>

  // ── the home ──
  renameHome(name: string): Promise<void>
  createInvite(options: {
    inviteeName: string
    role: 'member' | 'host'
    expiresInMs: number
    uses: number
    /** Lets this person, who lost everything, begin anew. */
    forAccount?: AccountId
  }): Promise<InviteEntry>
  listInvites(): Promise<InviteEntry[]>
  revokeInvite(inviteId: InviteId): Promise<void>
  safetyNumber(accountId: AccountId): Promise<{ digits: string; qr: Uint8Array }>
  /** The person compared these digits and they are the same: verified, on all own devices. */
  confirmSafetyNumber(accountId: AccountId, digits: string): Promise<void>
  /** What the other's screen shows as a code (108 bytes): both identities and the log must be those that this device sees. */
  scanSafetyCode(accountId: AccountId, code: Uint8Array): Promise<void>

  // ── conversations ──
  openDirect(accountId: AccountId): Promise<ConversationId>
  createGroup(name: string, photo: Uint8Array | null, memberIds: AccountId[]): Promise<ConversationId>
  renameGroup(conversationId: ConversationId, name: string): Promise<void>
  setGroupPhoto(conversationId: ConversationId, photo: Uint8Array | null): Promise<void>
  addMembers(conversationId: ConversationId, memberIds: AccountId[]): Promise<void>
  removeMember(conversationId: ConversationId, memberId: AccountId): Promise<void>
  setAdmin(conversationId: ConversationId, memberId: AccountId, isAdmin: boolean): Promise<void>
  leaveGroup(conversationId: ConversationId): Promise<void>
  /** For how long new messages last: one of expiryChoices. Admins in a group, either side in a direct conversation. */
  setDisappearing(conversationId: ConversationId, expirySeconds: number): Promise<void>
  setHistoryPolicy(conversationId: ConversationId, policy: 'none' | 'share'): Promise<void>

  // ── messages ──
  /** The newest `limit` messages, or those around the first unread one; local data first, older pages from the home as needed. */
  openThread(conversationId: ConversationId, limit: number): Promise<ThreadSlice>
  loadOlder(conversationId: ConversationId, beforeKey: string, limit: number): Promise<ThreadSlice>
  loadNewer(conversationId: ConversationId, afterKey: string, limit: number): Promise<ThreadSlice>
  /** Resolves when it is safely in the outbox; the `messages` event with state `sending` is emitted before that. */
  sendText(conversationId: ConversationId, messageId: MessageId, text: string): Promise<void>
  retryMessage(messageId: MessageId): Promise<void>
  discardMessage(messageId: MessageId): Promise<void>
  setTyping(conversationId: ConversationId): void
  markRead(conversationId: ConversationId, messageId: MessageId): Promise<void>
}

/** A running device: commands and events. `subscribe` first delivers the present value of every part. */
export type Client = ClientApi & {
  subscribe(listener: (event: ClientEvent) => void): () => void
  [Symbol.asyncDispose](): Promise<void>
}
