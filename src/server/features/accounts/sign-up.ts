import { type DevicePublicKey, parseLogEntry } from '../../../crypto/verify.ts'
import type { SignUp, SignUpAnswer } from '../../../protocol/accounts.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type DeviceId, type InviteId, idFromBytes, toBase64Url } from '../../../protocol/ids.ts'
import { serverFrames } from '../../../protocol/socket.ts'
import { writeAudit } from '../../audit.ts'
import type { Context } from '../../context.ts'
import { refuseBroken } from '../../errors.ts'
import { assertNotHealing } from '../../incarnation.ts'
import type { Transaction } from '../../storage/database.ts'
import { readBytes } from '../../wire-bytes.ts'
import { checkPrekeys, storePrekeys } from '../devices/devices.ts'
import { consumeInvite } from '../invites/invites.ts'
import { type ReadSlot, readArchiveKey, readSlot, readState } from './sealed-keys.ts'
import * as store from './store.ts'

const noInvite = 'A'.repeat(22) as InviteId

/** A sign-up whose own parts agree with each other; nothing of it is compared with the database yet. */
type Candidate = {
  offer: SignUp
  entries: [Uint8Array, Uint8Array]
  inviteId: InviteId
  /** The person of this account begins anew. */
  isReset: boolean
  device: { deviceId: DeviceId; dsk: DevicePublicKey }
  slots: [ReadSlot, ReadSlot]
}

/** Opens an account: everything is taken in one transaction, or nothing is. */
export async function signUpAccount(context: Context, offer: SignUp): Promise<SignUpAnswer> {
  if (offer.admission.kind === 'claim') context.claim.check(offer.admission.token)
  const candidate = readCandidate(context, offer)
  await context.database.transaction((tx) => admit(context, tx, candidate))
  if (offer.admission.kind === 'claim') await context.claim.spend()
  const { keyLog, settings, hub, log } = context
  log.info('account_opened', { accountId: offer.accountId })
  for (const what of ['accounts', 'invites'] as const) hub.broadcast(serverFrames.encode({ type: 'changed', what }))
  return {
    treeHead: toBase64Url(keyLog.treeHead),
    logPublicKey: toBase64Url(keyLog.publicKey),
    incarnation: settings.incarnation,
  }
}

function readCandidate({ clock }: Context, offer: SignUp): Candidate {
  const entries: [Uint8Array, Uint8Array] = [readBytes(offer.genesis), readBytes(offer.deviceAdd)]
  const [genesis, deviceAdd] = entries.map((bytes) => refuseBroken('bad_entry', () => parseLogEntry(bytes)))
  const beginning = genesis?.body
  if (beginning?.type !== 'genesis' && beginning?.type !== 'identity-reset') throw new Refusal('bad_entry')
  if (deviceAdd?.body.type !== 'device-add') throw new Refusal('bad_entry')
  const isOwn = [genesis, deviceAdd].every((entry) => entry && idFromBytes(entry.userId) === offer.accountId)
  const inviteId = offer.admission.kind === 'invite' ? offer.admission.inviteId : noInvite
  const isOfInvite = idFromBytes(beginning.inviteId) === inviteId
  if (!isOwn || !isOfInvite || deviceAdd.signer.kind !== 'root')
    throw new Refusal('bad_entry', { detail: 'not for this' })
  const device = { deviceId: idFromBytes<DeviceId>(deviceAdd.body.deviceId), dsk: deviceAdd.body.dsk }
  if (!offer.prekeys.signed || !offer.prekeys.lastResort) throw new Refusal('bad_request', { detail: 'prekeys' })
  checkPrekeys({ ...device, accountId: offer.accountId, now: clock.now() }, offer.prekeys)
  const slots: [ReadSlot, ReadSlot] = [readSlot(offer.passphraseSlot), readSlot(offer.recoverySlot)]
  if (slots[0].kind !== 1 || slots[1].kind !== 2) throw new Refusal('bad_request', { detail: 'slots' })
  if (offer.state.version !== 1) throw new Refusal('bad_request', { detail: 'state version' })
  return { offer, entries, inviteId, isReset: beginning.type === 'identity-reset', device, slots }
}

async function admit(context: Context, tx: Transaction, candidate: Candidate): Promise<void> {
  const { offer, entries, device, slots } = candidate
  const { accountId } = offer
  const now = context.clock.now()
  assertNotHealing(context)
  if (candidate.isReset) await checkReset(context, tx, candidate)
  else await insertNewcomer(context, tx, candidate)
  // After a reset this also takes away what belonged to the former identity.
  await context.keyLog.append(tx, entries)
  if (candidate.isReset) await store.setRootSeed(tx, accountId, readBytes(offer.wrappedRootSeed, 60))
  await storePrekeys(tx, device.deviceId, offer.prekeys)
  for (const slot of slots) await store.putSlot(tx, accountId, { ...slot, now })
  for (const key of offer.sealedArchiveKeys) await store.addArchiveKey(tx, accountId, readArchiveKey(key))
  await store.putState(tx, accountId, readState(offer.state))
}

async function insertNewcomer(context: Context, tx: Transaction, candidate: Candidate): Promise<void> {
  const { offer } = candidate
  const { accountId, signInName } = offer
  const { role, invitedBy } = await checkAdmission(context, tx, candidate)
  if (await store.isNameTaken(tx, signInName)) throw new Refusal('name_taken')
  if (await store.isAccountKnown(tx, accountId)) throw new Refusal('bad_entry', { detail: 'account id is taken' })
  const inviteId = offer.admission.kind === 'invite' ? candidate.inviteId : null
  const wrappedRootSeed = readBytes(offer.wrappedRootSeed, 60)
  const createdAt = context.clock.now()
  await writeAudit(tx, {
    at: createdAt,
    event: 'account_opened',
    accountId,
    byAccountId: invitedBy,
    ...(inviteId && { inviteId }),
  })
  await store.insertAccount(tx, { accountId, signInName, role, createdAt, invitedBy, inviteId, wrappedRootSeed })
}

async function checkReset({ clock }: Context, tx: Transaction, { offer, inviteId }: Candidate): Promise<void> {
  const { admission, accountId, signInName } = offer
  if (admission.kind !== 'invite') throw new Refusal('not_allowed')
  const { createdBy } = await consumeInvite(tx, { ...admission, accountId, now: clock.now(), isReset: true })
  const account = await store.findAccountByName(tx, signInName)
  if (account?.accountId !== accountId) throw new Refusal('bad_request', { detail: 'sign-in name' })
  await store.setInviter(tx, accountId, { invitedBy: createdBy, inviteId })
}

async function checkAdmission({ settings, clock }: Context, tx: Transaction, { offer }: Candidate) {
  const { admission, accountId } = offer
  if (admission.kind === 'invite') {
    const { role, createdBy } = await consumeInvite(tx, { ...admission, accountId, now: clock.now() })
    return { role, invitedBy: createdBy }
  }
  if (await store.hasAccounts(tx)) throw new Refusal('already_claimed')
  await settings.set(tx, 'homeName', admission.homeName)
  return { role: 'host' as const, invitedBy: null }
}
