import { encodeCbor } from '../crypto/cbor.ts'
import { formatInviteLink, inviteAuthHash, keyPrefix, sealInviteCard } from '../crypto/invite.ts'
import { findUser } from '../crypto/key-log-validator.ts'
import type { LogPublicKey } from '../crypto/key-types.ts'
import { type InviteId, idFromBytes, idToBytes } from '../protocol/ids.ts'
import type { InviteView } from '../protocol/invites.ts'
import { limits } from '../protocol/limits.ts'
import type { AccountStateStore } from './account-state.ts'
import { type ClientApi, ClientFailure, type InviteEntry } from './api.ts'
import type { ClientContext } from './context.ts'
import { textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { HomePart, Identity, KeyLog } from './parts.ts'

type Needs = {
  context: ClientContext
  http: Http
  identity: Identity
  logPublicKey: Uint8Array
  keyLog: KeyLog
  accountState: AccountStateStore
  home: HomePart
}
export type Invites = Pick<ClientApi, 'createInvite' | 'listInvites' | 'revokeInvite'>

/** Links live in the account state, so that each own device can show them again; the home holds only what proves them. */
export function createInvites(needs: Needs): Invites {
  const { context, http, identity, accountState } = needs
  const { platform } = context

  function linkOf(inviteId: InviteId): string | null {
    const kept = accountState.get().invites[inviteId]
    const user = findUser(needs.keyLog.state(), identity.userId)
    if (kept === undefined || user === null) return null
    const link = {
      inviteId: idToBytes(inviteId),
      inviteSecret: kept.secret,
      inviterUikPrefix: keyPrefix(user.uik),
      logKeyPrefix: keyPrefix(needs.logPublicKey as LogPublicKey),
    }
    return platform.origin + formatInviteLink(link)
  }

  function toEntry(view: InviteView): InviteEntry {
    const { inviteId, role, uses, usesLeft, expiresAt, state, usedBy, forAccount } = view
    const inviteeName = accountState.get().invites[inviteId]?.inviteeName ?? ''
    const link = state === 'usable' ? linkOf(inviteId) : null
    return { inviteId, inviteeName, role, uses, usesLeft, expiresAt, state, link, usedBy, forAccount }
  }

  // The secret is kept before the home learns of the invite: a link nobody can show again would be worthless.
  const createInvite: ClientApi['createInvite'] = async ({ inviteeName, role, expiresInMs, uses, forAccount }) => {
    if (expiresInMs <= 0 || uses < 1 || uses > limits.maxInviteUses) throw new ClientFailure('bad_request')
    await needs.keyLog.ensureFresh(60_000)
    const raw = platform.random(16)
    const secret = platform.random(32)
    const inviteId = idFromBytes<InviteId>(raw)
    await accountState.update((state) => ({
      ...state,
      invites: { ...state.invites, [inviteId]: { secret, inviteeName, role } },
    }))
    const names = {
      homeName: needs.home.state().name,
      inviterName: accountState.get().profile.name,
      inviteeName,
    }
    const card = await sealInviteCard(secret, raw, encodeCbor(names), platform.random)
    const expiresAt = platform.clock.now() + Math.min(expiresInMs, limits.inviteMaxAgeMs)
    const view = await http.createInvite({
      ...{ inviteId, role, uses, expiresAt },
      authHash: textOf(inviteAuthHash(secret)),
      card: textOf(card),
      ...(forAccount ? { forAccount } : {}),
    })
    return toEntry(view)
  }

  return {
    createInvite,
    listInvites: async () => (await http.invites()).map(toEntry),
    revokeInvite: (inviteId) => http.revokeInvite(inviteId),
  }
}
