import { open, seal } from './aead.ts'
import type { ArchiveKey } from './archive.ts'
import type { DeviceAddress } from './body-plaintext.ts'
import { concat, equal, exactly, Reader, u32, Z32 } from './bytes.ts'
import { insist } from './errors.ts'
import { hkdf } from './hash.ts'
import { decapsulateXwing, encapsulateXwing, XWING_CIPHERTEXT_BYTES } from './kem.ts'
import type { DevicePublicKey, DeviceSecretKey } from './key-types.ts'
import { sign, verifySignature } from './keys.ts'
import { labelled } from './label.ts'
import type { RandomSource } from './random.ts'

/** Bytes of a sealed archive key, and of the record a device stores: with its id and signature. */
export const SEALED_ARCHIVE_KEY_BYTES = 1168
export const SEALED_ARCHIVE_RECORD_BYTES = 1248

function context(userId: Uint8Array, epoch: number): Uint8Array {
  insist(Number.isInteger(epoch) && epoch >= 1 && epoch <= 0xffffffff, 'archive epoch')
  return labelled('seal', exactly(userId, 16, 'userId'), u32(epoch))
}

/** HKDF(Z32, ss, L("seal") || 00 || userId || u32 e, 44) -> key 32 | iv 12; used once, ss is fresh each time. */
function deriveSealKeys(sharedSecret: Uint8Array, aad: Uint8Array) {
  const output = hkdf(Z32, sharedSecret, aad, 44)
  return { key: output.slice(0, 32), iv: output.slice(32), aad }
}

/** userId 16 | deviceId 16 | e u32 | sealed AK_e 1168, signed under "sealed-ak". */
function signedBytes(device: DeviceAddress, epoch: number, sealed: Uint8Array): Uint8Array {
  return concat(device.userId, device.deviceId, u32(epoch), sealed)
}

/**
 * Seals an archive key to the backup: any device can, without the passphrase (PROTOCOL 4.8). Draws 64 bytes.
 * ```
 * X-Wing ct 1120 | GCM(key, AK_e 32; aad = L("seal") || 00 || userId || u32 e) 48        = 1168, then
 *   | deviceId 16 | sig(DSK, "sealed-ak", userId || deviceId || u32 e || the 1168 bytes) 64           = 1248
 * ```
 */
export async function sealArchiveKey(
  device: DeviceAddress & { dskSecret: DeviceSecretKey },
  backupKey: Uint8Array,
  { epoch, key }: ArchiveKey,
  random: RandomSource,
): Promise<Uint8Array> {
  const aad = context(device.userId, epoch)
  const { ciphertext, sharedSecret } = encapsulateXwing(backupKey, random)
  const sealed = concat(ciphertext, await seal(deriveSealKeys(sharedSecret, aad), exactly(key, 32, 'AK')))
  return concat(sealed, device.deviceId, sign(device.dskSecret, 'sealed-ak', signedBytes(device, epoch, sealed)))
}

/** Which device made a record: look its DSK up in the key log, then call {@link openArchiveKey}. */
export function sealingDeviceOf(record: Uint8Array): Uint8Array {
  exactly(record, SEALED_ARCHIVE_RECORD_BYTES, 'record')
  return record.slice(SEALED_ARCHIVE_KEY_BYTES, SEALED_ARCHIVE_KEY_BYTES + 16)
}

/** Whether the device signed this record for this epoch; needs public keys only. */
export function verifySealedArchiveKey(
  device: DeviceAddress & { dsk: DevicePublicKey },
  epoch: number,
  record: Uint8Array,
): boolean {
  if (record.length !== SEALED_ARCHIVE_RECORD_BYTES || !equal(sealingDeviceOf(record), device.deviceId)) return false
  const sealed = record.subarray(0, SEALED_ARCHIVE_KEY_BYTES)
  const signature = record.subarray(SEALED_ARCHIVE_KEY_BYTES + 16)
  return verifySignature(device.dsk, 'sealed-ak', signedBytes(device, epoch, sealed), signature)
}

/**
 * AK_e from its record with the backup secret key. `device` is the one the record names, with its key from the log.
 * DecryptionFailed for a wrong signature, user, epoch or backup key.
 */
export async function openArchiveKey(
  device: DeviceAddress & { dsk: DevicePublicKey },
  backupSecret: Uint8Array,
  epoch: number,
  record: Uint8Array,
): Promise<ArchiveKey> {
  exactly(record, SEALED_ARCHIVE_RECORD_BYTES, 'record')
  const aad = context(device.userId, epoch)
  insist(verifySealedArchiveKey(device, epoch, record), 'signature of a sealed archive key')
  const reader = new Reader(record)
  const sharedSecret = decapsulateXwing(backupSecret, reader.take(XWING_CIPHERTEXT_BYTES))
  const sealed = reader.take(SEALED_ARCHIVE_KEY_BYTES - XWING_CIPHERTEXT_BYTES)
  return { epoch, key: await open(deriveSealKeys(sharedSecret, aad), sealed) }
}
