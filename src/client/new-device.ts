import type { UnsignedLogEntry } from '../crypto/key-log.ts'
import { signDevicePossession, signLogEntry } from '../crypto/key-log-signing.ts'
import type { DeviceDhPublicKey, DevicePublicKey, RootSecretKey } from '../crypto/key-types.ts'
import { generateDhKeyPair, generateSigningKeyPair } from '../crypto/keys.ts'
import type { PrekeyUpload } from '../protocol/devices.ts'
import { type AccountId, type DeviceId, idFromBytes, idToBytes } from '../protocol/ids.ts'
import { type VaultCopy, vaultCopyWrite } from './account-healing.ts'
import { type HeldState, stateWrite } from './account-state.ts'
import { archiveKeysWrite } from './archive-keys.ts'
import type { LocalStore, LocalWrite } from './context.ts'
import type { StoredIdentity } from './identity.ts'
import type { ArchiveKey } from './parts.ts'
import type { Platform } from './platform.ts'
import { makeFirstPrekeys } from './prekeys.ts'

/** Everything a browser must keep to be a device; on disk before the home hears of it, so that a lost answer strands nobody. */
export type DeviceSeed = {
  identity: StoredIdentity
  archiveKeys: ArchiveKey[]
  /** How many devices of this person were gone when the newest of these keys was made. */
  endedDevices: number
  state: HeldState
  prekeyWrites: LocalWrite[]
  /** Last group of the recovery code, for confirmKit; null when the kit is not new. */
  kitCheck: string | null
  /** After a sign-up: what a restored home may need back. */
  vault: VaultCopy | null
}

/** The keys of a device that does not exist yet. */
export function makeDevice(platform: Platform, accountId: AccountId) {
  const deviceId = idFromBytes<DeviceId>(platform.random(16))
  const dsk = generateSigningKeyPair<'device'>(platform.random(32))
  const dik = generateDhKeyPair<'device'>(platform.random(32))
  const owner = { userId: idToBytes(accountId), deviceId: idToBytes(deviceId), dskSecret: dsk.secretKey }
  const prekeys: { upload: PrekeyUpload; writes: LocalWrite[] } = makeFirstPrekeys(
    { ...owner, random: platform.random },
    platform.clock.now(),
  )
  return { deviceId, dsk, dik, prekeys }
}
export type MadeDevice = ReturnType<typeof makeDevice>

/** The log entry that adds a device, signed by the person's root. */
export function signDeviceAdd(
  root: RootSecretKey,
  device: Pick<MadeDevice, 'deviceId' | 'dsk' | 'dik'>,
  place: { userId: Uint8Array; useq: number; prev: Uint8Array; time: number },
): Uint8Array {
  const { userId, useq, prev, time } = place
  const keys = {
    deviceId: idToBytes(device.deviceId),
    dsk: device.dsk.publicKey as DevicePublicKey,
    dik: device.dik.publicKey as DeviceDhPublicKey,
  }
  const possession = signDevicePossession(device.dsk.secretKey, { userId, ...keys, prev })
  const body: UnsignedLogEntry['body'] = { type: 'device-add', ...keys, caps: 0, possession }
  return signLogEntry(root, { userId, useq, prev, signer: { kind: 'root' }, time, body })
}

/** One transaction that makes this browser the device. */
export async function becomeDevice(store: LocalStore, seed: DeviceSeed, now: number): Promise<void> {
  await store.commit([
    { table: 'device', key: 'identity', value: seed.identity },
    archiveKeysWrite(seed.archiveKeys, now, seed.endedDevices),
    stateWrite(seed.state),
    ...seed.prekeyWrites,
    ...(seed.kitCheck === null ? [] : [{ table: 'device' as const, key: 'kit', value: seed.kitCheck }]),
    ...(seed.vault === null ? [] : [vaultCopyWrite(seed.vault)]),
    { table: 'device', key: 'pending', value: null },
  ])
}
