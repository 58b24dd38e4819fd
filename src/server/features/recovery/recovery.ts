import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { type DevicePublicKey, parseLogEntry, sha256 } from '../../../crypto/verify.ts'
import type { RecoveryMaterial, RecoveryStart } from '../../../protocol/accounts.ts'
import type { AddDevice, DeviceAdded } from '../../../protocol/devices.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type AccountId, type DeviceId, idFromBytes, toBase64Url } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import { writeAudit } from '../../audit.ts'
import type { Context } from '../../context.ts'
import { refuseBroken } from '../../errors.ts'
import { makeToken } from '../../ids.ts'
import type { Reader, Transaction } from '../../storage/database.ts'
import { readBytes } from '../../wire-bytes.ts'
import { findAccountByName, findSlot, listArchiveKeys, readSealedState } from '../accounts/accounts.ts'
import { checkPrekeys, storePrekeys } from '../devices/devices.ts'
import * as store from './store.ts'

const hourMs = 3_600_000
const ticketMs = 10 * 60_000
/** Clients try again at least once a minute. */
const healFirstMs = 2 * 60_000
const beginningBytes = 26
const seedBytes = 60
const defaultMemoryKib = 65_536
const defaultPasses = 3

export type RecoveryName = { signInName: string; kind: 'passphrase' | 'code' }
type Opening = { accountId: AccountId; slot: Uint8Array; authHash: Uint8Array; wrappedRootSeed: Uint8Array }

/** The first bytes of a slot, for who names its account; for a name that does not exist, made up and always the same. */
export async function startRecovery({ database, hashKeys }: Context, name: RecoveryName): Promise<RecoveryStart> {
  const opening = (await findOpening(database, name)) ?? makeUp(hashKeys.madeUp, name)
  const slotBeginning = toBase64Url(opening.slot.subarray(0, beginningBytes))
  return { accountId: opening.accountId, slotBeginning }
}

async function findOpening(reader: Reader, { signInName, kind }: RecoveryName): Promise<Opening | null> {
  const account = await findAccountByName(reader, signInName)
  const slot = account && (await findSlot(reader, account.accountId, kind === 'passphrase' ? 1 : 2))
  return slot && account.wrappedRootSeed.length === seedBytes ? { ...account, ...slot } : null
}

// kind 1 | version 1 | memKiB 4 | t 4 | salt 16, as a real slot of default strength begins.
function makeUp(key: Uint8Array, { signInName, kind }: RecoveryName): Opening {
  const draw = (what: string) => createHmac('sha256', key).update(`${what}\0${signInName}`).digest()
  const slot = Buffer.alloc(beginningBytes)
  slot[0] = kind === 'passphrase' ? 1 : 2
  slot[1] = 1
  if (kind === 'passphrase') {
    slot.writeUInt32BE(defaultMemoryKib, 2)
    slot.writeUInt32BE(defaultPasses, 6)
    draw('salt').copy(slot, 10, 0, 16)
  }
  const accountId = idFromBytes<AccountId>(draw('account').subarray(0, 16))
  return { accountId, slot, authHash: draw(`auth ${kind}`), wrappedRootSeed: new Uint8Array(0) }
}

type Outcome = { failed: Refusal } | { failed: null; opening: Opening; ticket: string }

/**
 * Hands out what opens the account to who shows the right key. Every try counts, and counts for a name that does not exist in
 * the same way, so that neither the answer nor the waiting time tells which names there are.
 */
export async function openRecovery(
  context: Context,
  offer: RecoveryName & { auth: string },
): Promise<RecoveryMaterial> {
  const proof = sha256(readBytes(offer.auth, 32))
  const outcome = await context.database.transaction((tx) => judgeTry(context, tx, { offer, proof }))
  if (outcome.failed) throw outcome.failed
  const { accountId, slot, wrappedRootSeed } = outcome.opening
  const { database, keyLog } = context
  return {
    accountId,
    slot: toBase64Url(slot),
    wrappedRootSeed: toBase64Url(wrappedRootSeed),
    sealedArchiveKeys: await listArchiveKeys(database, accountId),
    state: await readSealedState(database, accountId),
    ...(await keyLog.readWhole()),
    logPublicKey: toBase64Url(keyLog.publicKey),
    ticket: outcome.ticket,
  }
}

async function judgeTry(
  { clock, hashKeys }: Context,
  tx: Transaction,
  { offer, proof }: { offer: RecoveryName; proof: Uint8Array },
): Promise<Outcome> {
  const now = clock.now()
  const subject = createHmac('sha256', hashKeys.madeUp).update(`try\0${offer.signInName}`).digest('base64url')
  const tries = await store.listTries(tx, subject, { after: now - hourMs, until: now })
  if (tries.length >= limits.recoveryTriesPerHour) {
    const retryAfterMs = tries.at(-limits.recoveryTriesPerHour)! + hourMs - now
    return { failed: new Refusal('too_many_tries', { retryAfterMs }) }
  }
  const tryId = await store.insertTry(tx, subject, now)
  const found = await findOpening(tx, offer)
  const { authHash } = found ?? makeUp(hashKeys.madeUp, offer)
  if (!timingSafeEqual(authHash, proof) || !found) return { failed: new Refusal('wrong_key') }
  await store.deleteTry(tx, tryId)
  const ticket = makeToken()
  const row = { ticketHash: hashTicket(ticket), accountId: found.accountId, expiresAt: now + ticketMs }
  await store.insertTicket(tx, row)
  return { failed: null, opening: found, ticket }
}

/** Throws wrong_key unless this ticket, which is used up by it, was given to this account. */
export async function spendTicketOf(
  { clock }: Context,
  tx: Transaction,
  { ticket, accountId }: { ticket: string; accountId: AccountId },
): Promise<void> {
  const admitted = await store.spendTicket(tx, hashTicket(ticket), clock.now())
  if (admitted !== accountId) throw new Refusal('wrong_key', { detail: 'ticket' })
}

function hashTicket(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64url')
}

/** A new device after recovery, signed by the root that was just opened. */
export async function addRecoveredDevice(context: Context, offer: AddDevice): Promise<DeviceAdded> {
  const { database, keyLog, clock } = context
  const bytes = readBytes(offer.deviceAdd)
  const entry = refuseBroken('bad_entry', () => parseLogEntry(bytes))
  if (entry.body.type !== 'device-add' || entry.signer.kind !== 'root') throw new Refusal('bad_entry')
  const accountId = idFromBytes<AccountId>(entry.userId)
  const device: { deviceId: DeviceId; dsk: DevicePublicKey } = {
    deviceId: idFromBytes<DeviceId>(entry.body.deviceId),
    dsk: entry.body.dsk,
  }
  if (!offer.prekeys.signed || !offer.prekeys.lastResort) throw new Refusal('bad_request', { detail: 'prekeys' })
  checkPrekeys({ ...device, accountId, now: clock.now() }, offer.prekeys)
  await database.transaction(async (tx) => {
    await spendTicketOf(context, tx, { ticket: offer.ticket, accountId })
    await endHealingForHost(context, tx, accountId)
    await keyLog.append(tx, [bytes])
    await storePrekeys(tx, device.deviceId, offer.prekeys)
  })
  return { treeHead: toBase64Url(keyLog.treeHead) }
}

/**
 * A home that was restored where no signed-in device finds it would wait for one for ever. So after a while, in which every device that
 * is online has come back by itself, its host is believed by the root key alone. Everybody else waits for the host.
 */
async function endHealingForHost(context: Context, tx: Transaction, accountId: AccountId): Promise<void> {
  const { settings, clock, startedAt } = context
  if (!settings.isHealing) return
  const waitMs = Math.max(startedAt + healFirstMs - clock.now(), 0)
  if (waitMs > 0 || !(await store.isHost(tx, accountId)))
    throw new Refusal('healing', { retryAfterMs: waitMs || hourMs })
  await settings.set(tx, 'isHealing', false)
  await writeAudit(tx, { at: clock.now(), event: 'healing_ended', byAccountId: accountId })
}

export async function cleanUpRecovery({ database, clock }: Context): Promise<void> {
  const now = clock.now()
  await database.transaction(async (tx) => {
    await store.deleteOldTries(tx, { before: now - hourMs, after: now + hourMs })
    await store.deleteExpiredTickets(tx, now)
  })
}
