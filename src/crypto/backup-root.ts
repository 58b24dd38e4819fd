import { openWithIv, sealWithRandomIv } from './aead.ts'
import { exactly, Z32 } from './bytes.ts'
import { hkdf, sha256 } from './hash.ts'
import { generateXwingKeyPair } from './kem.ts'
import { label, labelled } from './label.ts'
import type { RandomSource } from './random.ts'
import { wipe } from './sodium.ts'

/** Bytes of a wrapped UIK seed. */
export const WRAPPED_SEED_BYTES = 60

/** The key pair archive keys are sealed to: every device holds the public half (1216 bytes), the backup the secret one. */
export interface BackupKeyPair {
  publicKey: Uint8Array
  secretKey: Uint8Array
}

/** HKDF(Z32, BRK, L("brk root"), 32). */
function rootWrapKey(backupRoot: Uint8Array): Uint8Array {
  return hkdf(Z32, exactly(backupRoot, 32, 'BRK'), label('brk root'), 32)
}

function associatedData(userId: Uint8Array): Uint8Array {
  return labelled('brk root', exactly(userId, 16, 'userId'))
}

/**
 * The seed of the user's identity root, under the backup root:
 * ```
 * iv 12 | GCM(HKDF(Z32, BRK, L("brk root"), 32), UIK seed 32; aad = L("brk root") || 00 || userId)      = 60
 * ```
 */
export async function wrapRootSeed(
  backupRoot: Uint8Array,
  userId: Uint8Array,
  rootSeed: Uint8Array,
  random: RandomSource,
): Promise<Uint8Array> {
  const key = rootWrapKey(backupRoot)
  const wrapped = await sealWithRandomIv({ key, aad: associatedData(userId), random }, exactly(rootSeed, 32, 'seed'))
  wipe(key)
  return wrapped
}

/** The UIK seed, 32 bytes: wipe it when the root has done its work. DecryptionFailed for another root or user. */
export async function unwrapRootSeed(
  backupRoot: Uint8Array,
  userId: Uint8Array,
  wrapped: Uint8Array,
): Promise<Uint8Array> {
  exactly(wrapped, WRAPPED_SEED_BYTES, 'wrapped seed')
  return openWithIv({ key: rootWrapKey(backupRoot), aad: associatedData(userId) }, wrapped)
}

/** The X-Wing pair of seed HKDF(Z32, BRK, L("brk xwing"), 32). */
export function deriveBackupKeyPair(backupRoot: Uint8Array): BackupKeyPair {
  return generateXwingKeyPair(hkdf(Z32, exactly(backupRoot, 32, 'BRK'), label('brk xwing'), 32))
}

/** backupPkHash of genesis and root-rotate: H(backup public key). */
export function hashBackupKey(publicKey: Uint8Array): Uint8Array {
  return sha256(exactly(publicKey, 1216, 'backup key'))
}
