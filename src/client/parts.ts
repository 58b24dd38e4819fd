import type { CborValue } from '../crypto/cbor.ts'
import type { KeyLogState } from '../crypto/key-log-validator.ts'
import type { DeviceDhPublicKey, DevicePublicKey } from '../crypto/key-types.ts'
import type { PrekeyBundle as CryptoBundle, HeldPrekeys } from '../crypto/pqxdh.ts'
import type { OwnDevice } from '../crypto/session.ts'
import type { LogHead } from '../crypto/sth.ts'
import type { AccountId, ConversationId, DeviceId, Incarnation } from '../protocol/ids.ts'
import type { ChangedThing } from '../protocol/socket.ts'
import type { AlarmView, ClientApi, HomeState, Person } from './api.ts'
import type { ClientContext, LocalWrite } from './context.ts'
import type { History } from './export-history.ts'
import type { Http } from './http.ts'
import type { DeviceDhKeyPair, DeviceKeyPair } from './identity.ts'

// What the two halves of a device give each other. Accounts: who everybody is, whose keys count, who is signed in.
// Engine: conversations and messages over the socket. client.ts creates both and hands each the other.

/** This device. Ids as text and as the 16 bytes crypto takes. */
export type Identity = {
  readonly accountId: AccountId
  readonly deviceId: DeviceId
  readonly userId: Uint8Array
  readonly rawDeviceId: Uint8Array
  readonly dsk: DeviceKeyPair
  readonly dik: DeviceDhKeyPair
  /** The same in the form in which sessions take it. */
  readonly own: OwnDevice
}

export type LogDevice = {
  readonly accountId: AccountId
  readonly deviceId: DeviceId
  readonly userId: Uint8Array
  readonly rawDeviceId: Uint8Array
  readonly dsk: DevicePublicKey
  readonly dik: DeviceDhPublicKey
  readonly status: 'active' | 'revoked' | 'ended'
  /** The time its entry gives. */
  readonly addedAt: number
}

/** This device's validated copy of the key log (PROTOCOL 4.2). Synchronous answers come from memory. */
export type KeyLog = {
  /** For the conversation validator: directoryOf(keyLog.state()). */
  state(): KeyLogState
  accountIds(): AccountId[]
  /** Everybody's devices that may speak and be spoken to. */
  activeDevices(accountId: AccountId): LogDevice[]
  /** Also revoked and ended ones (to check what they signed while they were active). */
  device(accountId: AccountId, deviceId: DeviceId): LogDevice | null
  uikHash(accountId: AccountId): Uint8Array | null
  head(): LogHead
  /** The newest signed head (144 bytes), for healing; null before the first. */
  signedHead(): Uint8Array | null
  /** Age of the newest signed head by this device's clock, in milliseconds. */
  headAgeMs(): number
  /** Fetches if the copy was not confirmed within `maxAgeMs`. Rejects with ClientFailure: offline, alarm. */
  ensureFresh(maxAgeMs: number): Promise<void>
  refresh(): Promise<void>
  /** The socket's logGrew, and welcome's head (entries empty, from = head size). Fetches what is missing. Never rejects but for storage. */
  applyGrown(from: number, entries: readonly Uint8Array[], treeHead: Uint8Array): Promise<void>
  /** What a payload's sender saw. pending: the home could not be asked yet; asked again by itself. */
  checkGossip(head: LogHead): Promise<'match' | 'alarm' | 'pending'>
  /** True after the home showed what it must not: nothing may be encrypted. */
  isAlarmed(): boolean
  onGrown(listener: (from: number, to: number) => void): () => void
  entriesFrom(index: number): Promise<Uint8Array[]>
}

export type ArchiveKey = { readonly epoch: number; readonly key: Uint8Array }
export type ArchiveKeys = {
  current(): ArchiveKey
  get(epoch: number): Uint8Array | null
  /** A row was sealed under the current key: after so many it is replaced. */
  noteSealed(): void
}

/** The private halves an initial header names, and the writes that forget the one-time ones: commit them with the session. */
export type FoundPrekeys = { held: HeldPrekeys; writes: LocalWrite[] }
export type Prekeys = {
  findSecrets(ids: { signedPrekeyId: number; oneTimePrekeyId: number; kemPrekeyId: number }): Promise<FoundPrekeys>
  /** Bundles with DSK and DIK from the key log (devices the log does not hold as active are left out). Asks in lots of 128. */
  claimBundles(deviceIds: readonly DeviceId[]): Promise<CryptoBundle[]>
  /** After a restore of the home: drops and replaces everything published. */
  replaceAll(): Promise<void>
}

export type Introduction = { accountId: AccountId; name: string; photo: Uint8Array | null; sentAt: number }
export type People = {
  list(): Person[]
  find(accountId: AccountId): Person | null
  name(accountId: AccountId): string
  /** A profile that its owner sent: newest sentAt wins. */
  applyProfile(accountId: AccountId, profile: { name: string; photo: Uint8Array | null }, sentAt: number): Promise<void>
  /** What another member says others are called: believed until their own profile comes. */
  applyIntroduction(people: readonly Introduction[]): Promise<void>
  /** The socket's presence frame. */
  setOnline(accountId: AccountId, deviceIds: readonly DeviceId[], isActive: boolean): void
  /** The socket closed: nobody's presence is known. */
  forgetOnline(): void
  onChanged(listener: () => void): () => void
}

export type HomePart = {
  state(): HomeState
  incarnation(): Incarnation | null
  /** Fetches /api/home again; answers the incarnation. */
  refresh(): Promise<Incarnation>
  /** The engine healed the home after a restore, or learnt of a new incarnation without need to. */
  rememberIncarnation(incarnation: Incarnation, restored: HomeState['restored']): Promise<void>
}

export type Login = {
  /** A valid session cookie: refresh, else challenge and signature. Rejects with ClientFailure. Call before opening the socket. */
  ensure(): Promise<void>
  /** As ensure, but never trusts the present cookie (the socket was refused with not_signed_in). */
  renew(): Promise<void>
  /** The socket's signedOut frame or a device_removed anywhere: the phase becomes `removed`. */
  end(code: string): void
}

/** What the accounts half gives the engine. */
export type AccountParts = {
  readonly identity: Identity
  readonly http: Http
  readonly login: Login
  readonly keyLog: KeyLog
  readonly archiveKeys: ArchiveKeys
  readonly prekeys: Prekeys
  readonly people: People
  readonly home: HomePart
  raiseAlarm(alarm: Omit<AlarmView, 'at'>): void
  /** The socket's `changed`. */
  onChanged(what: ChangedThing): void
  /** The content of an own-device-sync packet (0x50), by its `kind`. */
  applySync(fromDevice: DeviceId, content: SyncContent): Promise<void>
  /** After a restore of the home: gives back the account's own sealed keys, state and slots. not_allowed when healing is over. */
  healAccount(): Promise<void>
  /** The socket said welcome and the engine has caught up: upkeep, admission, profile. */
  onCaughtUp(): void
}

/** Payloads the accounts half sends; payloads.ts knows their encoding and many more kinds. */
export type ProfilePayload = { kind: 'profile'; name: string; photo: Uint8Array | null }
export type IntroductionPayload = { kind: 'introductions'; people: Introduction[] }

export type EngineCommands =
  | 'openDirect'
  | 'createGroup'
  | 'renameGroup'
  | 'setGroupPhoto'
  | 'addMembers'
  | 'removeMember'
  | 'setAdmin'
  | 'leaveGroup'
  | 'setDisappearing'
  | 'setHistoryPolicy'
  | 'openThread'
  | 'loadOlder'
  | 'loadNewer'
  | 'sendText'
  | 'retryMessage'
  | 'discardMessage'
  | 'setTyping'
  | 'markRead'
  | 'setActive'
  | 'reconnect'

export type Membership = {
  members: { accountId: AccountId; isAdmin: boolean }[]
  isAdmin: boolean
  isMember: boolean
  /** Made for everybody who is verified. */
  isOpen: boolean
}

/** What the engine gives the accounts half and client.ts. Made by createEngine(context, parts) in engine.ts. */
export type Engine = {
  readonly commands: Pick<ClientApi, EngineCommands>
  /** Reads local rows and emits conversations and the connection; no network. */
  open(): Promise<void>
  /** Connects and stays connected until stop. */
  start(): void
  /** Closes the socket and waits for work under way. */
  stop(): Promise<void>
  /** Forgets what is past use: old chains, keys and bodies. */
  upkeep(): Promise<void>
  /** A sealed silent payload into a conversation, through the outbox. */
  sendPayload(conversationId: ConversationId, payload: ProfilePayload | IntroductionPayload): Promise<void>
  /** An own-device-sync packet to every other device of this account. */
  sendSync(content: SyncContent): Promise<void>
  /** Puts what is archived but not yet at the home there now: a device to come reads it from there. */
  flushArchive(): Promise<void>
  /** Who is in a group by its validated entries; null when it is not known here (yet). */
  membership(conversationId: ConversationId): Membership | null
  /** Its signed entries, as this device checked them: never what the home says they were. */
  entries(conversationId: ConversationId): Promise<Uint8Array[]>
  /** The family conversation. */
  createOpenGroup(name: string): Promise<ConversationId>
  /** What an archive is made from. */
  readonly history: History
  /** Sends what `subscribe` must replay: connection, conversations. */
  replay(): void
}
/** Always with a text `kind`. */
export type SyncContent = { [key: string]: CborValue }

export type CreateEngine = (context: ClientContext, parts: AccountParts) => Engine
