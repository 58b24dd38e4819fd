import { type Static, Type } from '@sinclair/typebox'
import type { AccountId, InviteId } from './ids.ts'
import { bytesSchema, idSchema, roleSchema, timeSchema } from './schema.ts'

/**
 * POST /api/invites (host). The server never sees the invite's secret, only H(inviteAuth).
 * `card` is sealed under a key from the secret: home's, inviter's and invitee's names for the join page.
 */
export const inviteUpload = Type.Object({
  inviteId: idSchema<InviteId>(),
  authHash: bytesSchema(32),
  role: roleSchema,
  uses: Type.Integer({ minimum: 1, maximum: 50 }),
  expiresAt: timeSchema,
  card: bytesSchema(28, 2048),
  /** Set: the invite lets this account's person begin anew, and opens no new account. One use. */
  forAccount: Type.Optional(idSchema<AccountId>()),
})
export type InviteUpload = Static<typeof inviteUpload>

export type InviteState = 'usable' | 'used' | 'expired' | 'revoked'
/** GET /api/invites (host): newest first. DELETE /api/invites/:inviteId revokes. The card opens for who holds the secret (account state). */
export type InviteView = {
  inviteId: InviteId
  createdBy: AccountId
  role: 'member' | 'host'
  uses: number
  usesLeft: number
  expiresAt: number
  createdAt: number
  state: InviteState
  usedBy: AccountId[]
  card: string
  forAccount: AccountId | null
}

/** POST /api/invites/look (stranger with the link) -> InviteCard. Refusals: invite_unknown (also for a wrong auth), invite_used, invite_expired, invite_revoked. */
export const inviteLook = Type.Object({ inviteId: idSchema<InviteId>(), inviteAuth: bytesSchema(32) })
export type InviteCard = {
  card: string
  role: 'member' | 'host'
  expiresAt: number
  logPublicKey: string
  /** The sign-in name of who begins anew by this invite. */
  forSignInName: string | null
}
