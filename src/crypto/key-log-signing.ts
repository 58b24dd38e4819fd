import { concat, isZero } from './bytes.ts'
import type { UnsignedLogEntry } from './key-log.ts'
import { devicePossessionMessage, encodeUnsignedLogEntry, rootPossessionMessage } from './key-log.ts'
import type { DeviceSecretKey, RootSecretKey } from './key-types.ts'
import { sign } from './keys.ts'

/** A whole entry: the unsigned bytes and sig(sk, "log entry", them). The key is the one `entry.signer` names. */
export function signLogEntry(secretKey: RootSecretKey | DeviceSecretKey, entry: UnsignedLogEntry): Uint8Array {
  const unsigned = encodeUnsignedLogEntry(entry)
  return concat(unsigned, sign(secretKey, 'log entry', unsigned))
}

/** The new device's proof that it holds its DSK, 64 bytes, for one place in the log. */
export function signDevicePossession(
  secretKey: DeviceSecretKey,
  device: Parameters<typeof devicePossessionMessage>[0],
): Uint8Array {
  // A device never follows nothing: the first entry of a user is the genesis.
  if (isZero(device.prev)) throw new RangeError('a device-add has a previous entry')
  return sign(secretKey, 'device possession', devicePossessionMessage(device))
}

/** The new root's proof that it holds its key, 64 bytes, for one place in the log. */
export function signRootPossession(
  secretKey: RootSecretKey,
  root: Parameters<typeof rootPossessionMessage>[0],
): Uint8Array {
  return sign(secretKey, 'root possession', rootPossessionMessage(root))
}
