import type { ClientFailure, FailureCode } from '../../src/client/api.ts'
import { type Translation, words } from './i18n.ts'

/** Every refusal in plain words with a next step. */
const english = {
  bad_request: 'That could not be sent in this form. Reload the page and try again.',
  bad_signature: 'Your home did not accept this device’s signature. Reload the page and try again.',
  bad_entry: 'Your home did not accept this change. Reload the page and try again.',
  not_signed_in: 'You are signed out. Sign in again to go on.',
  wrong_key: 'That passphrase or code is not right. Check it and try again.',
  bad_claim_token: 'This setup link is not valid any more. Use the newest link that your home printed.',
  token_reused: 'This sign-in was used twice, so it was ended to be safe. Sign in again.',
  device_removed: 'This device was removed. Sign in again to use it.',
  account_gone: 'This account is gone from this home. Ask the host for a new invite if that was a mistake.',
  not_allowed: 'You may not do this. Ask an admin or the host.',
  wrong_origin: 'This page was opened under another address. Open your home under its own address.',
  not_found: 'This is not there any more.',
  name_taken: 'Somebody has this sign-in name already. Choose another one.',
  already_claimed: 'This home has its founder already. Sign in, or ask for an invite.',
  not_claimed: 'This home is not set up yet. Finish the setup first.',
  log_moved: 'Something changed at the same moment. Try again.',
  conversation_moved: 'This conversation changed at the same moment. Try again.',
  recipients_changed: 'Somebody’s devices changed at the same moment. Try again.',
  state_moved: 'Another of your devices changed this at the same moment. Try again.',
  message_id_taken: 'This message was sent before. Write it again.',
  healing:
    'Your home was restored from a backup and waits for the family’s devices to bring back what is newer. Open it on each of them. If there are none, the host ends the waiting by closing the line about the restore.',
  last_host: 'A home needs a host. Make somebody else host first, then try again.',
  person_left: 'This person is no longer at your home, so nothing can be sent to them.',
  invite_unknown: 'This invite is not known here. Ask for a new link.',
  invite_used: 'This invite was used already. Ask for a new link.',
  invite_expired: 'This invite has expired. Ask for a new link.',
  invite_revoked: 'This invite was withdrawn. Ask for a new link.',
  invite_for_other:
    'This invite does not fit. One for beginning anew opens only that person’s account. Ask the host for a new link.',
  link_gone:
    'The code has run out, or it was stopped on the other device. Make a new code on the device that shows it.',
  link_taken: 'Another device was faster with this code. Make a new code on the device that shows it.',
  link_cancelled: 'It was stopped on the other device. Start again on both devices.',
  link_failed: 'The other device could not finish. Look there for the reason, then start again on both devices.',
  link_tampered:
    'What came from the other device was changed on the way, so nothing was added. Start again on both devices.',
  link_same_side:
    'Both devices are on the same side of this. Open “Link a device” on the one that is signed in, and “Link with another device” on the new one.',
  bad_link_code: 'This is not a whole linking code. Copy all of it from the other device, or scan it again.',
  safety_mismatch:
    'The numbers do not match. Send nothing important yet: check that it is the right person, and ask the host.',
  bad_safety_code: 'This is not a safety code. Scan the one on their page about you.',
  was_reset: 'This person began anew. Check first that it is really them.',
  too_large: 'This is too large. Make it shorter or smaller.',
  too_many: 'There are too many of these already.',
  too_many_tries: 'Too many tries. Wait a little and try again.',
  newer_backup: 'This backup is from a newer version. Update first, then restore it.',
  broken_backup: 'This backup is damaged. Try another one.',
  wrong_backup_key: 'This key does not open the backup. Check it and try again.',
  disk_full: 'Your home’s disk is full. The host has to make room.',
  internal: 'Something went wrong. Try again; if it stays, reload the page.',
  unavailable: 'Your home cannot answer right now. Try again in a moment.',
  offline: 'Your home cannot be reached. Check your connection and try again.',
  bad_recovery_code: 'This is not a recovery code of yours. Check each group and try again.',
  weak_passphrase: 'This passphrase is too easy to guess. Make it longer.',
  storage_full: 'This device is out of space. Make room and try again.',
  alarm: 'Something about your home must be looked at first, so nothing was sent.',
  untrusted_server: 'This is not the home you know, so nothing was sent. Ask the host.',
  bad_invite: 'This link is not complete. Copy the whole link or scan the code again.',
  unsupported: 'This browser is too old for this. Update it or use another one.',
} satisfies Record<FailureCode, string>

export const $failureWords = words('failures', english)
export type FailureWords = Translation<typeof english>

export function wordsFor({ code }: ClientFailure): string {
  const known: Partial<Record<string, string>> = $failureWords.get()
  return known[code] ?? $failureWords.get().internal
}
