import { timingSafeEqual } from 'node:crypto'
import { sha256 } from '../../../crypto/verify.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type AccountId, type InviteId, toBase64Url } from '../../../protocol/ids.ts'
import type { InviteCard, InviteState, InviteUpload, InviteView } from '../../../protocol/invites.ts'
import { limits } from '../../../protocol/limits.ts'
import { serverFrames } from '../../../protocol/socket.ts'
import { writeAudit } from '../../audit.ts'
import type { Principal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import type { Reader, Transaction } from '../../storage/database.ts'
import { readBytes } from '../../wire-bytes.ts'
import * as store from './store.ts'

export { revokeInvitesOf } from './store.ts'

const clockSlackMs = 10 * 60_000
const keptAfterEndMs = 30 * 24 * 3_600_000

export async function createInvite(context: Context, principal: Principal, upload: InviteUpload): Promise<InviteView> {
  const { database, clock, hub } = context
  const now = clock.now()
  if (upload.expiresAt <= now || upload.expiresAt > now + limits.inviteMaxAgeMs + clockSlackMs)
    throw new Refusal('bad_request', { detail: 'expiresAt' })
  const row = {
    ...{ inviteId: upload.inviteId, role: upload.role, uses: upload.uses, expiresAt: upload.expiresAt, createdAt: now },
    createdBy: principal.accountId,
    authHash: readBytes(upload.authHash, 32),
    card: readBytes(upload.card),
    forAccount: upload.forAccount ?? null,
  }
  if (row.forAccount && row.uses !== 1) throw new Refusal('bad_request', { detail: 'uses' })
  await database.transaction(async (tx) => {
    if (await store.findInvite(tx, row.inviteId)) throw new Refusal('not_allowed', { detail: 'invite id is taken' })
    if (row.forAccount && !(await store.findSignInName(tx, row.forAccount))) throw new Refusal('not_found')
    await store.insertInvite(tx, row)
    const { inviteId, role, createdBy } = row
    const about = { accountId: row.forAccount, byAccountId: createdBy }
    await writeAudit(tx, { at: now, event: 'invite_made', ...about, inviteId, role })
    tx.onCommit(() => hub.broadcast(serverFrames.encode({ type: 'changed', what: 'invites' })))
  })
  return toView({ ...row, usesLeft: row.uses, revokedAt: null }, { now, usedBy: [] })
}

export async function listInvites({ database, clock }: Context): Promise<InviteView[]> {
  const rows = await store.listInvites(database)
  const uses = await store.listUses(database)
  const now = clock.now()
  return rows.map((row) =>
    toView(row, { now, usedBy: uses.filter((use) => use.inviteId === row.inviteId).map(({ accountId }) => accountId) }),
  )
}

export async function revokeInvite(
  { database, clock, hub }: Context,
  { accountId: byAccountId }: Principal,
  inviteId: InviteId,
): Promise<void> {
  await database.transaction(async (tx) => {
    if (!(await store.findInvite(tx, inviteId))) throw new Refusal('invite_unknown')
    await store.revokeInvite(tx, inviteId, clock.now())
    await writeAudit(tx, { at: clock.now(), event: 'invite_revoked', byAccountId, inviteId })
    tx.onCommit(() => hub.broadcast(serverFrames.encode({ type: 'changed', what: 'invites' })))
  })
}

/** What an invite is asked with: its id, and the proof that the link is known. */
export type InviteOffer = { inviteId: InviteId; inviteAuth: string }

export async function lookAtInvite({ database, clock, keyLog }: Context, offer: InviteOffer): Promise<InviteCard> {
  const { card, role, expiresAt, forAccount } = await requireUsable(database, offer, clock.now())
  const forSignInName = forAccount && (await store.findSignInName(database, forAccount))
  return { card: toBase64Url(card), role, expiresAt, logPublicKey: toBase64Url(keyLog.publicKey), forSignInName }
}

/** Whom this invite lets begin anew; invite_for_other where it is an ordinary one. */
export async function lookAtFormer({ database, clock }: Context, offer: InviteOffer) {
  const { forAccount } = await requireUsable(database, offer, clock.now())
  const signInName = forAccount && (await store.findSignInName(database, forAccount))
  if (!forAccount || !signInName) throw new Refusal('invite_for_other')
  return { accountId: forAccount, signInName }
}

/** Counts one use for this account. Of several who race for the last use the first in the queue of writers gets it. */
export async function consumeInvite(
  tx: Transaction,
  offer: InviteOffer & { accountId: AccountId; now: number; isReset?: boolean },
): Promise<{ role: 'member' | 'host'; createdBy: AccountId }> {
  const invite = await requireUsable(tx, offer, offer.now)
  const wanted = offer.isReset ? offer.accountId : null
  if (invite.forAccount !== wanted) throw new Refusal('invite_for_other')
  await store.useInvite(tx, offer)
  const { accountId, inviteId, now } = offer
  await writeAudit(tx, { at: now, event: 'invite_used', accountId, inviteId })
  return { role: invite.role, createdBy: invite.createdBy }
}

async function requireUsable(reader: Reader, offer: InviteOffer, now: number): Promise<store.InviteRow> {
  const proof = sha256(readBytes(offer.inviteAuth, 32))
  const invite = await store.findInvite(reader, offer.inviteId)
  // Who does not hold the link must not learn that the invite exists.
  if (!invite || !timingSafeEqual(invite.authHash, proof)) throw new Refusal('invite_unknown')
  const state = stateOf(invite, now)
  if (state !== 'usable') throw new Refusal(`invite_${state}`)
  return invite
}

function stateOf(invite: store.InviteRow, now: number): InviteState {
  if (invite.revokedAt !== null) return 'revoked'
  if (invite.usesLeft === 0) return 'used'
  return invite.expiresAt <= now ? 'expired' : 'usable'
}

function toView(row: store.InviteRow, { now, usedBy }: { now: number; usedBy: AccountId[] }): InviteView {
  const { inviteId, createdBy, role, uses, usesLeft, expiresAt, createdAt, forAccount } = row
  const state = stateOf(row, now)
  const facts = { inviteId, createdBy, role, uses, usesLeft, expiresAt, createdAt, forAccount }
  return { ...facts, state, usedBy, card: toBase64Url(row.card) }
}

export async function deleteOldInvites({ database, clock }: Context): Promise<void> {
  await database.transaction((tx) => store.deleteOldInvites(tx, clock.now() - keptAfterEndMs))
}
