import { equal } from '../crypto/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import type { KeyLogState, UserKeys, Vouch } from '../crypto/key-log-validator.ts'
import { type AccountId, idFromBytes } from '../protocol/ids.ts'
import type { Contact } from './account-state.ts'
import type { Person } from './api.ts'

type Verified = NonNullable<Person['verified']>
export type Contacts = { readonly [accountId: AccountId]: Contact }

/** H(UIK) of every root of the present identity: a rotation is the same person, a reset is not. */
function presentHashes(user: UserKeys): readonly Uint8Array[] {
  const start = user.roots.findLastIndex((root) => root.startsIdentity)
  return user.roots.slice(Math.max(start, 0)).map((root) => root.uikHash)
}

function isOf(user: UserKeys, uikHash: Uint8Array): boolean {
  return presentHashes(user).some((known) => equal(known, uikHash))
}

function meansOf(contact: Contact): Verified {
  return contact.how === 'numbers' ? 'numbers' : 'invite'
}

export type TrustNeeds = {
  ownId: AccountId
  contacts: Contacts
  /** H(inviter UIK)[0:16] from this device's own invite link. */
  inviterPrefix: Uint8Array | null
}

/**
 * How each person's key came to be trusted (PROTOCOL 4.3): whom I know myself (contacts, the inviter my link named, my
 * own vouches), then whom they vouched for, and so on. Who is not reached is not verified.
 */
export function judgeTrust(log: KeyLogState, needs: TrustNeeds): Map<AccountId, Verified> {
  const users = [...log.users.values()].map((user) => ({ accountId: idFromBytes<AccountId>(user.userId), user }))
  const trusted = new Map<AccountId, Verified>([[needs.ownId, 'self']])
  for (const { accountId, user } of users) {
    if (accountId === needs.ownId) continue
    const contact = needs.contacts[accountId]
    if (contact !== undefined && isOf(user, contact.uikHash)) trusted.set(accountId, meansOf(contact))
    else if (needs.inviterPrefix !== null && isInviter(user, needs.inviterPrefix)) trusted.set(accountId, 'invite')
  }
  spread(users, trusted, needs.ownId)
  return trusted
}

function isInviter(user: UserKeys, prefix: Uint8Array): boolean {
  return presentHashes(user).some((hash) => equal(hash.subarray(0, 16), prefix))
}

function spread(
  users: { accountId: AccountId; user: UserKeys }[],
  trusted: Map<AccountId, Verified>,
  ownId: AccountId,
) {
  const byId = new Map(users.map(({ accountId, user }) => [accountId, user]))
  const open = [...trusted.keys()]
  for (let voucher = open.shift(); voucher !== undefined; voucher = open.shift()) {
    for (const { otherUserId, otherUikHash, how } of byId.get(voucher)?.vouches ?? []) {
      const accountId = idFromBytes<AccountId>(otherUserId)
      const user = byId.get(accountId)
      if (user === undefined || trusted.has(accountId) || !isOf(user, otherUikHash)) continue
      const own: Verified = how === 'invite' ? 'invite' : 'numbers'
      trusted.set(accountId, voucher === ownId ? own : 'vouched')
      open.push(accountId)
    }
  }
}

/**
 * Their identity was begun anew after this person came, and this person has not accepted the new one. Whoever came later
 * never knew another.
 */
export function isUnacceptedReset(user: UserKeys, own: UserKeys, seen: Uint8Array | undefined): boolean {
  const begun = user.roots.findLast((root) => root.startsIdentity)
  const isKnown = seen !== undefined && isOf(user, seen)
  return begun !== undefined && wasReset(user) && !isKnown && begun.index > ownBeginning(own)
}

function ownBeginning(own: UserKeys): number {
  return own.roots.findLast((root) => root.startsIdentity)?.index ?? 0
}

/** Their identity was begun anew at some time. */
export function wasReset(user: UserKeys): boolean {
  return user.roots.filter((root) => root.startsIdentity).length > 1
}

/** Whether `voucher` said already that they verified this identity, and by these means. */
export function hasVouchedBy(voucher: UserKeys, said: Pick<Vouch, 'otherUserId' | 'otherUikHash' | 'how'>): boolean {
  return voucher.vouches.some(
    (vouch) =>
      vouch.how === said.how &&
      equal(vouch.otherUserId, said.otherUserId) &&
      equal(vouch.otherUikHash, said.otherUikHash),
  )
}

/** Whether this person's present identity was vouched for by `voucher`. */
export function hasVouched(voucher: UserKeys, other: UserKeys): boolean {
  const hash = sha256(other.uik)
  return voucher.vouches.some((vouch) => equal(vouch.otherUserId, other.userId) && equal(vouch.otherUikHash, hash))
}
