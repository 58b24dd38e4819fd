import { equal } from '../crypto/bytes.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import type { LogPublicKey } from '../crypto/key-types.ts'
import { estimateStrength } from '../crypto/passphrase.ts'
import { checkSth } from '../crypto/sth.ts'
import { leafHash, rootOf } from '../crypto/tree.ts'
import type { SignUpAnswer } from '../protocol/accounts.ts'
import { idFromBytes } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { ClientFailure, type InvitePreview, type NewPerson } from './api.ts'
import type { ClientContext } from './context.ts'
import { bytesOf } from './encoding.ts'
import { findFormer } from './former.ts'
import type { Http } from './http.ts'
import { toIdentity } from './identity.ts'
import { lookAtInvite, parseLink, previewOf, readInvite } from './invite-look.ts'
import { signInWithDeviceKey } from './login.ts'
import { type Admission, isSameSignUp, makeAccount, ownEntries, type PendingSignUp } from './new-account.ts'
import { becomeDevice } from './new-device.ts'
import type { PendingDevice } from './recovery.ts'

/** A passphrase below this score is refused: whoever has the home's disk could guess it (PROTOCOL 4.15). */
const MIN_SCORE = 2

type Outside = { context: ClientContext; http: Http }

/** A sign-up or sign-in that was on its way when this browser last ran. */
export async function loadPending({
  context,
}: Pick<Outside, 'context'>): Promise<PendingSignUp | PendingDevice | null> {
  return context.store.get<PendingSignUp | PendingDevice>('device', 'pending')
}

/** An invite that an own, unanswered sign-up may have used up is shown as it was, so that the person can go on. */
export async function lookAgain(outside: Outside, link: string): Promise<InvitePreview> {
  const seen = await lookAtInvite(outside.http, link)
  if (seen.state !== 'used') return seen
  const pending = await loadPending(outside)
  const admission = pending?.kind === 'sign_up' ? pending.request.admission : null
  const isOwn = admission?.kind === 'invite' && admission.inviteId === idFromBytes(parseLink(link).inviteId)
  return (isOwn && pending?.kind === 'sign_up' ? pending.preview : null) ?? seen
}

function checkPerson(person: NewPerson): void {
  if (estimateStrength(person.passphrase).score < MIN_SCORE) throw new ClientFailure('weak_passphrase')
  const name = person.name.trim()
  if (name === '' || name.length > limits.maxPersonNameLength) throw new ClientFailure('bad_request', 0, 'name')
  if ((person.photo?.length ?? 0) > limits.maxPhotoBytes) throw new ClientFailure('too_large', 0, 'photo')
}

/** Founds the home with the claim token. Resolves when this browser is its first device; the family conversation follows. */
export function found(
  outside: Outside,
  claim: { token: string; homeName: string },
  person: NewPerson,
): Promise<{ recoveryCode: string }> {
  return signUp(outside, person, async () => ({ kind: 'claim', ...claim }))
}

/** Joins by an invite link, pinning the log key and the inviter that it names. */
export function join(outside: Outside, link: string, person: NewPerson): Promise<{ recoveryCode: string }> {
  return signUp(outside, person, async () => {
    const invite = await readInvite(outside.http, link)
    const former = invite.forSignInName === null ? null : await findFormer(outside.http, invite)
    return { kind: 'invite', link: invite.link, logPublicKey: invite.logPublicKey, preview: previewOf(invite), former }
  })
}

async function signUp(
  outside: Outside,
  person: NewPerson,
  admit: () => Promise<Admission>,
): Promise<{ recoveryCode: string }> {
  checkPerson(person)
  const resumed = await resume(outside, person)
  if (resumed) return resumed
  const { context } = outside
  context.emit({ type: 'progress', task: 'sign_up', done: 0, total: 3 })
  const admission = await admit()
  const pending = await makeAccount(context.platform, person, admission)
  await context.store.commit([{ table: 'device', key: 'pending', value: pending }])
  context.emit({ type: 'progress', task: 'sign_up', done: 1, total: 3 })
  return send(outside, pending)
}

/**
 * A sign-up whose answer was lost may have landed: the home then knows the device key. Null: nothing is kept, or it
 * did not land and the person changed something since.
 */
async function resume(outside: Outside, person: NewPerson): Promise<{ recoveryCode: string } | null> {
  const pending = await loadPending(outside)
  if (pending?.kind !== 'sign_up') return null
  const isSame = await isSameSignUp(outside.context.platform, pending, person)
  if (await hasLanded(outside, pending)) {
    // Its passphrase is the one that was chosen first: another one now would be believed and would not open anything.
    if (!isSame) throw new ClientFailure('wrong_key')
    return send(outside, pending)
  }
  if (isSame) return send(outside, pending)
  await outside.context.store.commit([{ table: 'device', key: 'pending', value: null }])
  return null
}

async function hasLanded({ context, http }: Outside, pending: PendingSignUp): Promise<boolean> {
  try {
    await signInWithDeviceKey(context.platform, http, toIdentity(pending.seed.identity))
    return true
  } catch (error) {
    if (error instanceof ClientFailure && error.code !== 'offline' && error.code !== 'too_many_tries') return false
    throw error
  }
}

/** The home's refusals that an own earlier, unanswered request may have caused. */
const CAUSED_BY_SELF = new Set([
  'invite_used',
  'already_claimed',
  'name_taken',
  'bad_entry',
  'log_moved',
  'bad_claim_token',
])

async function send(outside: Outside, pending: PendingSignUp): Promise<{ recoveryCode: string }> {
  const { context, http } = outside
  const answer = await http.signUp(pending.request).catch(async (error: unknown) => {
    const isDoubtful = error instanceof ClientFailure && CAUSED_BY_SELF.has(error.code)
    if (isDoubtful && (await hasLanded(outside, pending))) return null
    // Refused for good: the next try makes new keys. When the answer was lost the row stays.
    if (error instanceof ClientFailure && error.code !== 'offline') {
      await context.store.commit([{ table: 'device', key: 'pending', value: null }])
    }
    throw error
  })
  const logPublicKey = answer ? checkAnswer(pending, answer) : await pinAfterLostAnswer(outside, pending)
  context.emit({ type: 'progress', task: 'sign_up', done: 2, total: 3 })
  const seed = { ...pending.seed, identity: { ...pending.seed.identity, logPublicKey } }
  await becomeDevice(context.store, seed, context.platform.clock.now())
  context.emit({ type: 'progress', task: 'sign_up', done: 3, total: 3 })
  return { recoveryCode: pending.recoveryCode }
}

/** The log key to pin: the link's, or for a founder that of a head over exactly the two entries this device signed. */
function checkAnswer(pending: PendingSignUp, answer: SignUpAnswer): Uint8Array {
  const pinned = pending.seed.identity.logPublicKey
  const logPublicKey = bytesOf(answer.logPublicKey, 32) as LogPublicKey
  if (pinned.length > 0 && !equal(pinned, logPublicKey))
    throw new ClientFailure('untrusted_server', 0, 'another log key')
  try {
    const head = checkSth(logPublicKey, bytesOf(answer.treeHead, 144))
    const isFirst = head.size === 2 && equal(head.root, rootOf(ownEntries(pending).map(leafHash)))
    if (pinned.length === 0 && !isFirst) throw new ClientFailure('untrusted_server', 0, 'not the first head')
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new ClientFailure('untrusted_server', 0, error.reason)
    throw error
  }
  return logPublicKey
}

async function pinAfterLostAnswer({ http }: Outside, pending: PendingSignUp): Promise<Uint8Array> {
  const pinned = pending.seed.identity.logPublicKey
  if (pinned.length > 0) return pinned
  return bytesOf((await http.home()).logPublicKey, 32)
}
