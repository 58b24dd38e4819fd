import type { DhKeyPair, SigningKeyPair } from '../crypto/keys.ts'
import { type AccountId, type DeviceId, idToBytes } from '../protocol/ids.ts'
import type { Identity } from './parts.ts'

export type DeviceKeyPair = SigningKeyPair<'device'>
export type DeviceDhKeyPair = DhKeyPair<'device'>

/** The device row `identity`: who this device is, and what it pinned when it became one. */
export type StoredIdentity = {
  accountId: AccountId
  deviceId: DeviceId
  signInName: string
  dsk: DeviceKeyPair
  dik: DeviceDhKeyPair
  /** The home's log key, pinned by the invite link, the founding answer or the recovery (PROTOCOL 4.3). */
  logPublicKey: Uint8Array
  /** H(UIK of own identity), known from the start so that a log without it is refused. */
  uikHash: Uint8Array
  /** X-Wing public half: new archive keys are sealed to it. */
  backupPublicKey: Uint8Array
  /** Whoever invited: H(UIK)[0:16] from the link; null for a founder and after recovery. */
  inviterPrefix: Uint8Array | null
}

/** The identity in the forms its users take. */
export function toIdentity(stored: StoredIdentity): Identity {
  const { accountId, deviceId, dsk, dik } = stored
  const userId = idToBytes(accountId)
  const rawDeviceId = idToBytes(deviceId)
  const own = { userId, deviceId: rawDeviceId, dsk: dsk.publicKey, dik: dik.publicKey, dikSecret: dik.secretKey }
  return { accountId, deviceId, userId, rawDeviceId, dsk, dik, own }
}
