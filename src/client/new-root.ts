import { ARGON2_FLOOR } from '../crypto/argon2.ts'
import { deriveBackupKeyPair, hashBackupKey, wrapRootSeed } from '../crypto/backup-root.ts'
import { type MadeSlot, sealCodeSlot, sealPassphraseSlot } from '../crypto/backup-slots.ts'
import { signLogEntry, signRootPossession } from '../crypto/key-log-signing.ts'
import type { RootPublicKey } from '../crypto/key-types.ts'
import { generateSigningKeyPair } from '../crypto/keys.ts'
import { groupRecoveryCode } from '../crypto/recovery-code.ts'
import { sealArchiveKey } from '../crypto/sealed-archive-key.ts'
import { wipe } from '../crypto/sodium.ts'
import type { RootReplace } from '../protocol/accounts.ts'
import { textOf } from './encoding.ts'
import { stretch } from './new-account.ts'
import type { ArchiveKey, Identity } from './parts.ts'
import type { Platform } from './platform.ts'
import type { UnlockedRoot } from './recovery.ts'

type Owner = { platform: Platform; userId: Uint8Array }

export const upload = ({ slot, authHash }: MadeSlot) => ({ slot: textOf(slot), authHash: textOf(authHash) })

/** A slot that this passphrase opens, with a fresh salt at today's cost. */
export async function makePassphraseSlot(
  { platform, userId }: Owner,
  passphrase: string,
  backupRoot: Uint8Array,
): Promise<MadeSlot> {
  const { random } = platform
  const salt = random(16)
  const output = await stretch(platform, passphrase, salt)
  const slot = await sealPassphraseSlot({ output, salt, cost: ARGON2_FLOOR }, { userId, backupRoot, random })
  wipe(output)
  return slot
}

/** A recovery code nobody has seen yet, and its slot. */
export async function makeKit({ platform, userId }: Owner, backupRoot: Uint8Array) {
  const code = platform.random(32)
  const slot = await sealCodeSlot(code, { userId, backupRoot, random: platform.random })
  const recoveryCode = groupRecoveryCode(code)
  wipe(code)
  return { slot, recoveryCode }
}

type Wish = { passphrase: string; archiveKeys: readonly ArchiveKey[] }
type NewRoot = { request: Omit<RootReplace, 'ticket'>; recoveryCode: string; backupPublicKey: Uint8Array }

/**
 * Everything that takes the place of a root that may have leaked (PROTOCOL 4.8): BRK and UIK, the root-rotate signed by the old
 * one, both slots, and each of these archive keys sealed to the new backup. The new root is wiped before it returns.
 */
export async function makeNewRoot(
  { platform, identity }: { platform: Platform; identity: Identity },
  old: UnlockedRoot,
  { passphrase, archiveKeys }: Wish,
): Promise<NewRoot> {
  const { random, clock } = platform
  const { userId } = identity
  const owner = { platform, userId }
  const backupRoot = random(32)
  const rootSeed = random(32)
  const uik = generateSigningKeyPair<'root'>(rootSeed)
  const backup = deriveBackupKeyPair(backupRoot)
  const { useq, head: prev } = old.user
  const keys = { uik: uik.publicKey as RootPublicKey, backupPkHash: hashBackupKey(backup.publicKey) }
  const possession = signRootPossession(uik.secretKey, { userId, ...keys, prev })
  const entry = signLogEntry(old.secretKey, {
    ...{ userId, useq: useq + 1, prev, signer: { kind: 'root' }, time: clock.now() },
    body: { type: 'root-rotate', ...keys, possession },
  })
  const kit = await makeKit(owner, backupRoot)
  const passphraseSlot = await makePassphraseSlot(owner, passphrase, backupRoot)
  const wrappedRootSeed = await wrapRootSeed(backupRoot, userId, rootSeed, random)
  wipe(rootSeed, uik.secretKey, backupRoot, backup.secretKey)
  const maker = { userId, deviceId: identity.rawDeviceId, dskSecret: identity.dsk.secretKey }
  const sealedArchiveKeys = await Promise.all(
    archiveKeys.map(async (key) => ({
      epoch: key.epoch,
      record: textOf(await sealArchiveKey(maker, backup.publicKey, key, random)),
    })),
  )
  const slots = { passphraseSlot: upload(passphraseSlot), recoverySlot: upload(kit.slot) }
  const request = { entry: textOf(entry), wrappedRootSeed: textOf(wrappedRootSeed), ...slots, sealedArchiveKeys }
  return { request, recoveryCode: kit.recoveryCode, backupPublicKey: backup.publicKey }
}
