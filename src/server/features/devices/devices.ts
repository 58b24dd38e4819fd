import { checkPrekey, type DevicePublicKey, findActiveDevice } from '../../../crypto/verify.ts'
import type { KemPrekey, PrekeyBundle, PrekeyCounts, PrekeyUpload, SignedPrekey } from '../../../protocol/devices.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type AccountId, type DeviceId, idToBytes, toBase64Url } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Principal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { refuseBroken } from '../../errors.ts'
import type { Transaction } from '../../storage/database.ts'
import { readBytes } from '../../wire-bytes.ts'
import * as store from './store.ts'

const maxOneTimeKem = 40

export type PrekeyOwner = { accountId: AccountId; deviceId: DeviceId; dsk: DevicePublicKey; now: number }

/** Throws `bad_signature` unless the device signed every prekey that is to be signed. Done before the transaction: it takes a while. */
export function checkPrekeys(owner: PrekeyOwner, upload: PrekeyUpload): void {
  const { signed, lastResort, oneTimeKem } = upload
  if (signed) checkOne('spk', owner, signed)
  for (const prekey of lastResort ? [lastResort, ...oneTimeKem] : oneTimeKem) checkOne('kem-prekey', owner, prekey)
}

function checkOne(kind: 'spk' | 'kem-prekey', owner: PrekeyOwner, prekey: SignedPrekey | KemPrekey): void {
  const { dsk, now } = owner
  const whose = { userId: idToBytes(owner.accountId), deviceId: idToBytes(owner.deviceId), dsk, now }
  const { id, createdAt } = prekey
  const read = { id, createdAt, publicKey: readBytes(prekey.publicKey), signature: readBytes(prekey.signature, 64) }
  refuseBroken('bad_signature', () => checkPrekey(kind, whose, read))
}

/** Stores prekeys that were checked. */
export async function storePrekeys(tx: Transaction, deviceId: DeviceId, upload: PrekeyUpload): Promise<void> {
  if (upload.replaceAll) {
    await store.deletePrekeys(tx, deviceId, 'one-time')
    await store.deletePrekeys(tx, deviceId, 'one-time-kem')
  }
  if (upload.signed) await replaceOne(tx, deviceId, 'signed', upload.signed)
  if (upload.lastResort) await replaceOne(tx, deviceId, 'last-resort', upload.lastResort)
  for (const { id, publicKey } of upload.oneTime)
    await store.putPrekey(tx, deviceId, 'one-time', {
      ...{ id, createdAt: null, signature: null },
      publicKey: readBytes(publicKey, 32),
    })
  for (const prekey of upload.oneTimeKem) await store.putPrekey(tx, deviceId, 'one-time-kem', toRow(prekey))
  const isTooMany =
    (await store.countPrekeys(tx, deviceId, 'one-time')) > limits.maxOneTimePrekeys ||
    (await store.countPrekeys(tx, deviceId, 'one-time-kem')) > maxOneTimeKem
  if (isTooMany) throw new Refusal('bad_request', { detail: 'too many one-time prekeys' })
}

async function replaceOne(
  tx: Transaction,
  deviceId: DeviceId,
  kind: 'signed' | 'last-resort',
  prekey: SignedPrekey | KemPrekey,
): Promise<void> {
  await store.deletePrekeys(tx, deviceId, kind)
  await store.putPrekey(tx, deviceId, kind, toRow(prekey))
}

function toRow({ id, createdAt, publicKey, signature }: SignedPrekey | KemPrekey): store.PrekeyRow {
  return { id, createdAt, publicKey: readBytes(publicKey), signature: readBytes(signature, 64) }
}

/** The asking device replaces or adds its own prekeys. */
export async function uploadPrekeys(context: Context, principal: Principal, upload: PrekeyUpload): Promise<void> {
  const { accountId, deviceId } = principal
  const device = findActiveDevice(context.keyLog.state, idToBytes(accountId), idToBytes(deviceId))
  if (!device) throw new Refusal('device_removed')
  checkPrekeys({ accountId, deviceId, dsk: device.dsk, now: context.clock.now() }, upload)
  await context.database.transaction((tx) => storePrekeys(tx, deviceId, upload))
}

export async function countOwnPrekeys({ database }: Context, { deviceId }: Principal): Promise<PrekeyCounts> {
  return {
    oneTime: await store.countPrekeys(database, deviceId, 'one-time'),
    oneTimeKem: await store.countPrekeys(database, deviceId, 'one-time-kem'),
    signedCreatedAt: (await store.findPrekey(database, deviceId, 'signed'))?.createdAt ?? null,
  }
}

/**
 * Hands out what a sender needs to begin sessions. Devices that ended or have no keys yet are left out. Whoever asks for the
 * same device again and again gets its last-resort keys only: nobody can use up another's one-time keys.
 */
export async function claimPrekeys(
  { database, rateLimits }: Context,
  principal: Principal,
  deviceIds: DeviceId[],
): Promise<PrekeyBundle[]> {
  const wanted = [...new Set(deviceIds)]
  rateLimits.claimPrekeys.take(principal.accountId, wanted.length)
  return database.transaction(async (tx) => {
    const bundles: PrekeyBundle[] = []
    for (const deviceId of wanted) {
      const mayTake = rateLimits.takeOneTimePrekey.tryTake(`${principal.accountId} ${deviceId}`)
      const bundle = await makeBundle(tx, deviceId, mayTake)
      if (bundle) bundles.push(bundle)
    }
    return bundles
  })
}

async function makeBundle(tx: Transaction, deviceId: DeviceId, mayTake: boolean): Promise<PrekeyBundle | null> {
  const accountId = await store.findActiveOwner(tx, deviceId)
  const signed = await store.findPrekey(tx, deviceId, 'signed')
  const lastResort = await store.findPrekey(tx, deviceId, 'last-resort')
  if (!accountId || !signed || !lastResort) return null
  const oneTime = mayTake ? await store.takePrekey(tx, deviceId, 'one-time') : null
  const kem = mayTake ? await store.takePrekey(tx, deviceId, 'one-time-kem') : null
  return {
    deviceId,
    accountId,
    signed: toSigned(signed),
    oneTime: oneTime && { id: oneTime.id, publicKey: toBase64Url(oneTime.publicKey) },
    kem: toSigned(kem ?? lastResort),
  }
}

function toSigned({ id, createdAt, publicKey, signature }: store.PrekeyRow): SignedPrekey {
  return {
    id,
    createdAt: createdAt ?? 0,
    publicKey: toBase64Url(publicKey),
    signature: toBase64Url(signature ?? new Uint8Array(0)),
  }
}
