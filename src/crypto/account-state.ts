import { openWithIv, sealWithRandomIv } from './aead.ts'
import type { ArchiveKey } from './archive.ts'
import { exactly, u32, u64, Z32 } from './bytes.ts'
import { hkdf } from './hash.ts'
import { label, labelled } from './label.ts'
import type { RandomSource } from './random.ts'

/** Which state of which user: `version` counts up by compare-and-swap on the server. */
export interface AccountStatePlace {
  userId: Uint8Array
  version: number
}

function sealing({ epoch, key }: ArchiveKey, { userId, version }: AccountStatePlace) {
  return {
    key: hkdf(Z32, exactly(key, 32, 'AK'), label('account-state'), 32),
    aad: labelled('account-state', exactly(userId, 16, 'userId'), u32(epoch), u64(version)),
  }
}

/**
 * What all devices of a user share (contacts, verified flags, device names), opaque here (PROTOCOL 4.8):
 * ```
 * iv 12 | GCM(HKDF(Z32, AK_e, L("account-state"), 32), state;
 *             aad = L("account-state") || 00 || userId || u32 e || u64 version)
 * ```
 */
export function sealAccountState(
  archiveKey: ArchiveKey,
  place: AccountStatePlace,
  state: Uint8Array,
  random: RandomSource,
): Promise<Uint8Array> {
  return sealWithRandomIv({ ...sealing(archiveKey, place), random }, state)
}

/** The state; one of another user, epoch or version is a DecryptionFailed. */
export function openAccountState(
  archiveKey: ArchiveKey,
  place: AccountStatePlace,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  return openWithIv(sealing(archiveKey, place), sealed)
}
