import { decodeCborMap } from '../crypto/cbor.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import { type InviteLink, inviteAuth, matchesPrefix, openInviteCard, parseInviteLink } from '../crypto/invite.ts'
import type { LogPublicKey } from '../crypto/key-types.ts'
import { type InviteId, idFromBytes } from '../protocol/ids.ts'
import { ClientFailure, type InvitePreview } from './api.ts'
import { bytesOf, textOf } from './encoding.ts'
import type { Http } from './http.ts'

/** What the inviter sealed for the invitee to read before joining. */
export type InviteCardText = { homeName: string; inviterName: string; inviteeName: string }

export type ReadInvite = {
  link: InviteLink
  logPublicKey: Uint8Array
  card: InviteCardText
  role: 'member' | 'host'
  expiresAt: number
  /** Whose account it lets begin anew; null for a newcomer's. */
  forSignInName: string | null
}

/** Path and fragment of whatever was pasted: a whole address, or the part from /i# on. */
export function parseLink(text: string): InviteLink {
  const at = text.indexOf('/i#')
  try {
    return parseInviteLink(at < 0 ? text.trim() : text.slice(at).trim())
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new ClientFailure('bad_invite')
    throw error
  }
}

function readCard(bytes: Uint8Array): InviteCardText {
  const map = decodeCborMap(bytes, { maxBytes: 2_048 })
  const text = (field: string) => (typeof map[field] === 'string' ? map[field] : '')
  return { homeName: text('homeName'), inviterName: text('inviterName'), inviteeName: text('inviteeName') }
}

/** Looks an invite up; the log key must be the one the link pins and the card must open with the link's secret. */
export async function readInvite(http: Http, text: string): Promise<ReadInvite> {
  const link = parseLink(text)
  const auth = textOf(inviteAuth(link.inviteSecret))
  const answer = await http.lookAtInvite(idFromBytes<InviteId>(link.inviteId), auth)
  const logPublicKey = bytesOf(answer.logPublicKey, 32)
  if (!matchesPrefix(link.logKeyPrefix, logPublicKey as LogPublicKey)) {
    throw new ClientFailure('untrusted_server', 0, 'another log key than the link names')
  }
  const card = await openInviteCard(link.inviteSecret, link.inviteId, bytesOf(answer.card)).catch(() => {
    throw new ClientFailure('untrusted_server', 0, 'the card does not open')
  })
  const { role, expiresAt, forSignInName } = answer
  return { link, logPublicKey, card: readCard(card), role, expiresAt, forSignInName: forSignInName ?? null }
}

export function previewOf({ card, role, expiresAt, forSignInName }: ReadInvite): InvitePreview {
  return { state: 'usable', ...card, role, expiresAt, forSignInName }
}

const STATES: Partial<Record<string, Exclude<InvitePreview['state'], 'usable'>>> = {
  bad_invite: 'mangled',
  invite_unknown: 'unknown',
  invite_used: 'used',
  invite_expired: 'expired',
  invite_revoked: 'revoked',
}

/** The join page's first look: states are answers, only the network is a failure. */
export async function lookAtInvite(http: Http, text: string): Promise<InvitePreview> {
  try {
    return previewOf(await readInvite(http, text))
  } catch (error) {
    const state = error instanceof ClientFailure ? STATES[error.code] : undefined
    if (state === undefined) throw error
    return { state }
  }
}
