import { openWithIv, sealWithRandomIv } from './aead.ts'
import { concat, equal, exactly, fromBase64Url, Reader, toBase64Url, Z32 } from './bytes.ts'
import { insist } from './errors.ts'
import { hkdf, hmacSha256, sha256 } from './hash.ts'
import type { LogPublicKey, RootPublicKey } from './key-types.ts'
import { label, labelled } from './label.ts'
import type { RandomSource } from './random.ts'
import { systemRandom } from './random.ts'

// Invite link (PROTOCOL 4.3), 80 bytes behind `/i#` in base64url; the fragment never reaches the server:
//
//   inviteId 16 | secret 32 | H(inviter UIK)[0:16] | H(log public key)[0:16]

const PREFIX = '/i#'

/** What an invite link carries. */
export interface InviteLink {
  inviteId: Uint8Array
  /** 32 random bytes that the server never sees. */
  inviteSecret: Uint8Array
  /** H(inviter UIK)[0:16]: whom the invitee pins. */
  inviterUikPrefix: Uint8Array
  /** H(log public key)[0:16]: which log the invitee pins. */
  logKeyPrefix: Uint8Array
}

/** First 16 bytes of H(key), the form in which a link pins one. */
export function keyPrefix(publicKey: RootPublicKey | LogPublicKey): Uint8Array {
  return sha256(exactly(publicKey, 32)).slice(0, 16)
}

/** The 80 bytes of a link. */
export function encodeInviteLink(link: InviteLink): Uint8Array {
  return concat(
    exactly(link.inviteId, 16),
    exactly(link.inviteSecret, 32),
    exactly(link.inviterUikPrefix, 16),
    exactly(link.logKeyPrefix, 16),
  )
}

/** `/i#` and 107 characters, to be put behind the home's origin. */
export function formatInviteLink(link: InviteLink): string {
  return PREFIX + toBase64Url(encodeInviteLink(link))
}

/** Reads path and fragment of a link (`/i#…`); throws DecryptionFailed unless it is exactly 80 bytes in base64url. */
export function parseInviteLink(text: string): InviteLink {
  insist(text.startsWith(PREFIX), 'not an invite link')
  const reader = new Reader(fromBase64Url(text.slice(PREFIX.length)))
  const link = {
    inviteId: reader.take(16),
    inviteSecret: reader.take(32),
    inviterUikPrefix: reader.take(16),
    logKeyPrefix: reader.take(16),
  }
  reader.end()
  return link
}

/** Whether `publicKey` is the one the link pins with that prefix. */
export function matchesPrefix(prefix: Uint8Array, publicKey: RootPublicKey | LogPublicKey): boolean {
  return publicKey.length === 32 && equal(prefix, keyPrefix(publicKey))
}

/** What the invitee shows the server, 32 bytes; the server keeps only {@link inviteAuthHash}. */
export function inviteAuth(inviteSecret: Uint8Array): Uint8Array {
  return hkdf(Z32, exactly(inviteSecret, 32), label('invite-auth'), 32)
}

/** H(inviteAuth), 32 bytes: what the inviter leaves with the server. */
export function inviteAuthHash(inviteSecret: Uint8Array): Uint8Array {
  return sha256(inviteAuth(inviteSecret))
}

/** HMAC(HKDF(Z32, secret, L("invite-mac"), 32), userId || UIK), 32 bytes: binds the invitee's new identity to the link. */
export function inviteMac(inviteSecret: Uint8Array, userId: Uint8Array, uik: RootPublicKey): Uint8Array {
  const key = hkdf(Z32, exactly(inviteSecret, 32), label('invite-mac'), 32)
  return hmacSha256(key, concat(exactly(userId, 16), exactly(uik, 32)))
}

/** Throws DecryptionFailed unless whoever held the link made that identity; then the inviter's device may vouch. */
export function checkInviteMac(
  inviteSecret: Uint8Array,
  invitee: { userId: Uint8Array; uik: RootPublicKey; inviteMac: Uint8Array },
): void {
  insist(equal(inviteMac(inviteSecret, invitee.userId, invitee.uik), invitee.inviteMac), 'inviteMac')
}

function inviteCardContext(inviteSecret: Uint8Array, inviteId: Uint8Array) {
  return {
    key: hkdf(Z32, exactly(inviteSecret, 32), label('invite-card'), 32),
    aad: labelled('invite-card', exactly(inviteId, 16)),
  }
}

/**
 * Seals what the invitee reads before there is a session (who invites, into which home): iv 12 || GCM(key, card),
 * key = HKDF(Z32, secret, L("invite-card"), 32), aad = L("invite-card") || 00 || inviteId. The server stores it blind.
 */
export async function sealInviteCard(
  inviteSecret: Uint8Array,
  inviteId: Uint8Array,
  card: Uint8Array,
  random: RandomSource = systemRandom,
): Promise<Uint8Array> {
  return sealWithRandomIv({ ...inviteCardContext(inviteSecret, inviteId), random }, card)
}

/** The card; throws DecryptionFailed for another invite's or a changed one. */
export async function openInviteCard(
  inviteSecret: Uint8Array,
  inviteId: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  return openWithIv(inviteCardContext(inviteSecret, inviteId), sealed)
}
