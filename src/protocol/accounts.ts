import { type Static, Type } from '@sinclair/typebox'
import { prekeyUpload } from './devices.ts'
import type { AccountId, ConversationId, DeviceId, Incarnation, InviteId } from './ids.ts'
import { bytesSchema, idSchema, roleSchema, signInNameSchema, timeSchema } from './schema.ts'

/** What opens an account for the first time: an invite, or on a fresh home the claim token. */
const admission = Type.Union([
  Type.Object({ kind: Type.Literal('invite'), inviteId: idSchema<InviteId>(), inviteAuth: bytesSchema(32) }),
  Type.Object({
    kind: Type.Literal('claim'),
    token: Type.String({ maxLength: 128 }),
    homeName: Type.String({ minLength: 1, maxLength: 64 }),
  }),
])

/** A sealed archive key of one epoch: sealed AK (1168) | deviceId (16) | signature (64), PROTOCOL 4.8. */
export const sealedArchiveKey = Type.Object({ epoch: Type.Integer({ minimum: 1 }), record: bytesSchema(1248) })
export type SealedArchiveKey = Static<typeof sealedArchiveKey>

/** The account state blob (PROTOCOL 4.8), replaced by compare-and-swap on version (first version is 1). */
export const sealedState = Type.Object({
  version: Type.Integer({ minimum: 1 }),
  epoch: Type.Integer({ minimum: 1 }),
  sealed: bytesSchema(28, 262_144),
})
export type SealedState = Static<typeof sealedState>

/** One backup slot (86 bytes) and H(AUTH) of its key (32 bytes). */
export const slotUpload = Type.Object({ slot: bytesSchema(86), authHash: bytesSchema(32) })

/**
 * POST /api/accounts -> SignUpAnswer. Entries are whole log entries: genesis, then device-add signed by root. Where `genesis` is an
 * identity-reset (PROTOCOL 4.2, type 6) the person of that account begins anew: it takes an invite that was made for this very
 * account (invite_for_other otherwise), the sign-in name stays, and keys, state, slots and archive of the former identity are gone.
 */
export const signUp = Type.Object({
  admission,
  accountId: idSchema<AccountId>(),
  signInName: signInNameSchema,
  genesis: bytesSchema(1, 1024),
  deviceAdd: bytesSchema(1, 1024),
  prekeys: prekeyUpload,
  passphraseSlot: slotUpload,
  recoverySlot: slotUpload,
  wrappedRootSeed: bytesSchema(60),
  sealedArchiveKeys: Type.Array(sealedArchiveKey, { minItems: 1, maxItems: 64 }),
  state: sealedState,
})
export type SignUp = Static<typeof signUp>
/** 201. The signed tree head (144 bytes) already covers both entries. Refusals: invite_*, name_taken, already_claimed, bad_entry, bad_claim_token. */
export type SignUpAnswer = { treeHead: string; logPublicKey: string; incarnation: Incarnation }

/** POST /api/sessions/challenge -> Challenge. The nonce is 32 bytes, good once and for two minutes. */
export type Challenge = { nonce: string; now: number }

/** POST /api/sessions -> SessionAnswer, sets the cookies. signature = sig(DSK, "auth", lp16(origin) || nonce || u64 time). Refusals: not_signed_in, device_removed, bad_signature. */
export const signIn = Type.Object({
  accountId: idSchema<AccountId>(),
  deviceId: idSchema<DeviceId>(),
  nonce: bytesSchema(32),
  time: timeSchema,
  origin: Type.String({ maxLength: 300 }),
  signature: bytesSchema(64),
})
export type SignIn = Static<typeof signIn>
/** POST /api/sessions/refresh answers the same; refusals: not_signed_in, token_reused, device_removed. */
export type SessionAnswer = { expiresAt: number; role: Role; incarnation: Incarnation }

export type Role = Static<typeof roleSchema>

/** GET /api/sessions: this account's signed-in devices. DELETE /api/sessions/current and /api/sessions/:deviceId sign out. */
export type SessionView = {
  deviceId: DeviceId
  createdAt: number
  lastSeenAt: number
  isCurrent: boolean
  isOnline: boolean
}

/** GET /api/accounts: everybody in this home. Names and faces are not here: they travel as encrypted profiles. */
export type AccountView = {
  accountId: AccountId
  signInName: string
  role: Role
  createdAt: number
  invitedBy: AccountId | null
  inviteId: InviteId | null
  /** Set: they are no longer at this home, and the sign-in name is '' and free for others. */
  leftAt: number | null
}

/** GET /api/home. */
export type HomeView = {
  name: string
  accountId: AccountId
  deviceId: DeviceId
  role: Role
  incarnation: Incarnation
  /** Date of the backup this incarnation was restored from; null for the first. */
  restoredFrom: number | null
  isHealing: boolean
  logPublicKey: string
  treeHead: string
  familyConversationId: ConversationId | null
  version: string
  protocolVersion: number
}
/** PATCH /api/home (host): rename the home, or name the family conversation (once). */
export const homeChange = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  familyConversationId: Type.Optional(idSchema<ConversationId>()),
})
export type HomeChange = Static<typeof homeChange>

/** POST /api/recovery/start -> RecoveryStart. Answers a stable made-up beginning for names that do not exist. */
export const recoveryStart = Type.Object({
  signInName: signInNameSchema,
  kind: Type.Union([Type.Literal('passphrase'), Type.Literal('code')]),
})
/** slotBeginning: 26 bytes, kind to salt. accountId is made up too for an unknown name. */
export type RecoveryStart = { accountId: AccountId; slotBeginning: string }

/** POST /api/recovery/open -> RecoveryMaterial. Five tries an hour a person (too_many_tries with retryAfterMs); wrong_key otherwise. */
export const recoveryOpen = Type.Object({
  signInName: signInNameSchema,
  kind: Type.Union([Type.Literal('passphrase'), Type.Literal('code')]),
  auth: bytesSchema(32),
})
export type RecoveryMaterial = {
  accountId: AccountId
  slot: string
  wrappedRootSeed: string
  sealedArchiveKeys: SealedArchiveKey[]
  state: SealedState | null
  /** All entries of the key log, with the signed head that covers them. */
  entries: string[]
  treeHead: string
  logPublicKey: string
  /** Admits one POST /api/devices within ten minutes. */
  ticket: string
}

/** POST /api/accounts/former (stranger with an invite that lets somebody begin anew) -> FormerAccount. Refusals as invites/look; invite_for_other. */
export const formerLook = Type.Object({ inviteId: idSchema<InviteId>(), inviteAuth: bytesSchema(32) })
export type FormerLook = Static<typeof formerLook>
/** Whom the invite is for, and the whole key log: the new root continues this account's entries. */
export type FormerAccount = {
  accountId: AccountId
  signInName: string
  entries: string[]
  treeHead: string
  logPublicKey: string
}

const recoveryTicket = Type.String({ maxLength: 128 })

/**
 * PUT /api/slots (member): replaces a slot after a passphrase change or a new kit. kind is read from the slot. Takes a ticket of
 * /api/recovery/open: whoever holds a stolen session cannot lock the owner out. wrong_key for another ticket.
 */
export const slotReplace = Type.Object({
  ticket: recoveryTicket,
  slot: slotUpload.properties.slot,
  authHash: slotUpload.properties.authHash,
})
export type SlotReplace = Static<typeof slotReplace>

/**
 * POST /api/recovery/root (member) -> LogAppended: a new backup root and identity root after a suspected leak (PROTOCOL 4.8), all or
 * nothing. `entry` is the root-rotate; every archive key the home holds comes sealed anew (state_moved where one is missing).
 */
export const rootReplace = Type.Object({
  ticket: recoveryTicket,
  entry: bytesSchema(1, 2048),
  wrappedRootSeed: bytesSchema(60),
  passphraseSlot: slotUpload,
  recoverySlot: slotUpload,
  sealedArchiveKeys: Type.Array(sealedArchiveKey, { minItems: 1, maxItems: 512 }),
})
export type RootReplace = Static<typeof rootReplace>

/**
 * DELETE /api/accounts/me (member): leaves this home for good. `entries`: a device-revoke with reason 4, signed by the root, for each
 * active device (PROTOCOL 5.17). Refusals: wrong_key, bad_entry, log_moved (a device is missing), last_host, healing. 204.
 */
export const leaving = Type.Object({
  ticket: recoveryTicket,
  entries: Type.Array(bytesSchema(1, 1024), { minItems: 1, maxItems: 32 }),
})
export type Leaving = Static<typeof leaving>

/** PATCH /api/accounts/:accountId (host): last_host where nobody else is one. DELETE closes the account of somebody else. Both 204. */
export const accountChange = Type.Object({ role: roleSchema })
export type AccountChange = Static<typeof accountChange>

/** GET /api/account-state -> SealedState; PUT with version = held + 1, refusal state_moved otherwise. */
/** GET /api/archive-keys -> SealedArchiveKey[]; PUT adds one epoch, first writer wins (state_moved). */
