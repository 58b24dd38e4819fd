import { type DevicePublicKey, parseLogEntry } from '../../../crypto/verify.ts'
import type { SignUp, SignUpAnswer } from '../../../protocol/accounts.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type DeviceId, type InviteId, idFromBytes, toBase64Url } from '../../../protocol/ids.ts'
import { serverFrames } from '../../../protocol/socket.ts'
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
  if (genesis?.body.type !== 'genesis' || deviceAdd?.body.type !== 'device-add') throw new Refusal('bad_entry')
  const isOwn = [genesis, deviceAdd].every((entry) => idFromBytes(entry.userId) === offer.accountId)
  const inviteId = offer.admission.kind === 'invite' ? offer.admission.inviteId : noInvite
  const isOfInvite = idFromBytes(genesis.body.inviteId) === inviteId
  if (!isOwn || !isOfInvite || deviceAdd.signer.kind !== 'root')
    throw new Refusal('bad_entry', { detail: 'not for this' })
  const device = { deviceId: idFromBytes<DeviceId>(deviceAdd.body.deviceId), dsk: deviceAdd.body.dsk }
  if (!offer.prekeys.signed || !offer.prekeys.lastResort) throw new Refusal('bad_request', { detail: 'prekeys' })
  checkPrekeys({ ...device, accountId: offer.accountId, now: clock.now() }, offer.prekeys)
  const slots: [ReadSlot, ReadSlot] = [readSlot(offer.passphraseSlot), readSlot(offer.recoverySlot)]
  if (slots[0].kind !== 1 || slots[1].kind !== 2) throw new Refusal('bad_request', { detail: 'slots' })
  if (offer.state.version !== 1) throw new Refusal('bad_request', { detail: 'state version' })
  return { offer, entries, inviteId, device, slots }
}

async function admit(context: Context, tx: Transaction, candidate: Candidate): Promise<void> {
  const { offer, entries, device, slots } = candidate
  const { accountId, signInName } = offer
  const now = context.clock.now()
  assertNotHealing(context)
  const { role, invitedBy } = await checkAdmission(context, tx, candidate)
  if (await store.isNameTaken(tx, signInName)) throw new Refusal('name_taken')
  if (await store.isAccountKnown(tx, accountId)) throw new Refusal('bad_entry', { detail: 'account id is taken' })
  const inviteId = offer.admission.kind === 'invite' ? candidate.inviteId : null
  const wrappedRootSeed = readBytes(offer.wrappedRootSeed, 60)
  await store.insertAccount(tx, { accountId, signInName, role, createdAt: now, invitedBy, inviteId, wrappedRootSeed })
  await context.keyLog.append(tx, entries)
  await storePrekeys(tx, device.deviceId, offer.prekeys)
  for (const slot of slots) await store.putSlot(tx, accountId, { ...slot, now })
  for (const key of offer.sealedArchiveKeys) await store.addArchiveKey(tx, accountId, readArchiveKey(key))
  await store.putState(tx, accountId, readState(offer.state))
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
