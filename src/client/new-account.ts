import { ARGON2_FLOOR } from '../crypto/argon2.ts'
import { deriveBackupKeyPair, hashBackupKey, wrapRootSeed } from '../crypto/backup-root.ts'
import {
  derivePassphraseKeys,
  hashAuthToken,
  type MadeSlot,
  readPassphraseFront,
  sealCodeSlot,
  sealPassphraseSlot,
} from '../crypto/backup-slots.ts'
import { sha256 } from '../crypto/hash.ts'
import { type InviteLink, inviteAuth, inviteMac } from '../crypto/invite.ts'
import type { LogEntryBody } from '../crypto/key-log.ts'
import { signLogEntry } from '../crypto/key-log-signing.ts'
import type { RootPublicKey } from '../crypto/key-types.ts'
import { generateSigningKeyPair, type SigningKeyPair } from '../crypto/keys.ts'
import { groupRecoveryCode } from '../crypto/recovery-code.ts'
import { sealArchiveKey } from '../crypto/sealed-archive-key.ts'
import { wipe } from '../crypto/sodium.ts'
import type { SignUp } from '../protocol/accounts.ts'
import { type AccountId, type InviteId, idFromBytes, idToBytes } from '../protocol/ids.ts'
import { type AccountState, sealState } from './account-state.ts'
import type { InvitePreview, NewPerson } from './api.ts'
import { bytesOf, textOf } from './encoding.ts'
import { type DeviceSeed, makeDevice, signDeviceAdd } from './new-device.ts'
import type { ArchiveKey } from './parts.ts'
import type { Platform } from './platform.ts'

const NO_INVITE = { inviteId: new Uint8Array(16), inviteMac: new Uint8Array(32) }

/** By what right somebody comes in: the founder's claim token, or an invite whose log key was checked against the link. */
export type Admission =
  | { kind: 'claim'; token: string; homeName: string }
  | { kind: 'invite'; link: InviteLink; logPublicKey: Uint8Array; preview: InvitePreview; former: Former | null }

/** Whose identity begins anew, and where its entries go on. */
export type Former = { accountId: AccountId; signInName: string; useq: number; prev: Uint8Array; endedDevices: number }

/** A sign-up that may or may not have reached the home; the row `pending`. Holds no root: only the kit shown at its end. */
export type PendingSignUp = {
  kind: 'sign_up'
  request: SignUp
  seed: DeviceSeed
  recoveryCode: string
  preview: InvitePreview | null
}

type Backup = {
  root: Uint8Array
  passphrase: MadeSlot
  code: MadeSlot
  recoveryCode: string
  wrappedRootSeed: Uint8Array
}

/** Argon2id with the product's cost, of the passphrase in its one normal form. */
export async function stretch(platform: Platform, passphrase: string, salt: Uint8Array, cost = ARGON2_FLOOR) {
  const encoded = new TextEncoder().encode(passphrase.normalize('NFKC'))
  return platform.stretch(encoded, salt, cost.memKiB, cost.passes)
}

async function makeBackup(
  platform: Platform,
  owner: { userId: Uint8Array; rootSeed: Uint8Array },
  passphrase: string,
): Promise<Backup> {
  const { random } = platform
  const root = random(32)
  const code = random(32)
  const salt = random(16)
  const content = { userId: owner.userId, backupRoot: root, random }
  const output = await stretch(platform, passphrase, salt)
  const backup = {
    root,
    passphrase: await sealPassphraseSlot({ output, salt, cost: ARGON2_FLOOR }, content),
    code: await sealCodeSlot(code, content),
    recoveryCode: groupRecoveryCode(code),
    wrappedRootSeed: await wrapRootSeed(root, owner.userId, owner.rootSeed, random),
  }
  wipe(output, code)
  return backup
}

function firstState(person: NewPerson, admission: Admission, now: number): Omit<AccountState, 'kit'> {
  return {
    format: 1,
    profile: { name: person.name, photo: person.photo, changedAt: now },
    contacts: {},
    deviceNames: {},
    signedOutDevices: {},
    invites: {},
    isKitConfirmed: false,
    logPublicKey: admission.kind === 'invite' ? admission.logPublicKey : new Uint8Array(0),
  }
}

function signGenesis(
  uik: SigningKeyPair<'root'>,
  {
    userId,
    admission,
    backupPkHash,
    time,
    former,
  }: { userId: Uint8Array; admission: Admission; backupPkHash: Uint8Array; time: number; former: Former | null },
): Uint8Array {
  const publicKey = uik.publicKey as RootPublicKey
  const invite =
    admission.kind === 'claim'
      ? NO_INVITE
      : {
          inviteId: admission.link.inviteId,
          inviteMac: inviteMac(admission.link.inviteSecret, userId, publicKey),
        }
  const identity = { uik: publicKey, backupPkHash, ...invite }
  const body: LogEntryBody = former
    ? { type: 'identity-reset', ...identity, prevAgain: former.prev }
    : { type: 'genesis', ...identity }
  return signLogEntry(uik.secretKey, {
    userId,
    useq: former?.useq ?? 0,
    prev: former?.prev ?? new Uint8Array(32),
    signer: { kind: 'root' },
    time,
    body,
  })
}

function toWireAdmission(admission: Admission): SignUp['admission'] {
  if (admission.kind === 'claim') return { kind: 'claim', token: admission.token, homeName: admission.homeName }
  const { inviteId, inviteSecret } = admission.link
  return { kind: 'invite', inviteId: idFromBytes<InviteId>(inviteId), inviteAuth: textOf(inviteAuth(inviteSecret)) }
}

const slotUpload = ({ slot, authHash }: MadeSlot) => ({ slot: textOf(slot), authHash: textOf(authHash) })

/** Makes a person: identity, backup, first device, all of it (PROTOCOL 4.1, 4.2, 4.8). The root is wiped before it returns. */
export async function makeAccount(platform: Platform, person: NewPerson, admission: Admission): Promise<PendingSignUp> {
  const { random } = platform
  const time = platform.clock.now()
  const former = admission.kind === 'invite' ? admission.former : null
  const accountId = former?.accountId ?? idFromBytes<AccountId>(random(16))
  const signInName = former?.signInName ?? person.signInName
  const userId = idToBytes(accountId)
  const rootSeed = random(32)
  const uik = generateSigningKeyPair<'root'>(rootSeed)
  const backup = await makeBackup(platform, { userId, rootSeed }, person.passphrase)
  const backupKeys = deriveBackupKeyPair(backup.root)
  const backupPkHash = hashBackupKey(backupKeys.publicKey)
  const genesis = signGenesis(uik, { userId, admission, backupPkHash, time, former })
  const device = makeDevice(platform, accountId)
  const deviceAdd = signDeviceAdd(uik.secretKey, device, {
    userId,
    useq: (former?.useq ?? 0) + 1,
    prev: sha256(genesis),
    time,
  })
  wipe(rootSeed, uik.secretKey, backup.root, backupKeys.secretKey)

  const archiveKey: ArchiveKey = { epoch: 1, key: random(32) }
  const maker = { userId, deviceId: idToBytes(device.deviceId), dskSecret: device.dsk.secretKey }
  const kit = { check: backup.recoveryCode.slice(-4), askedAt: time, asks: 0 }
  const state = { version: 1, state: { ...firstState(person, admission, time), kit } }
  const archiveKeys = { current: () => archiveKey }
  const request: SignUp = {
    admission: toWireAdmission(admission),
    accountId,
    signInName,
    genesis: textOf(genesis),
    deviceAdd: textOf(deviceAdd),
    prekeys: device.prekeys.upload,
    passphraseSlot: slotUpload(backup.passphrase),
    recoverySlot: slotUpload(backup.code),
    wrappedRootSeed: textOf(backup.wrappedRootSeed),
    sealedArchiveKeys: [
      { epoch: 1, record: textOf(await sealArchiveKey(maker, backupKeys.publicKey, archiveKey, random)) },
    ],
    state: await sealState({ userId, random, archiveKeys }, state),
  }
  const identity = {
    ...{ accountId, deviceId: device.deviceId, signInName, dsk: device.dsk, dik: device.dik },
    logPublicKey: state.state.logPublicKey,
    uikHash: sha256(uik.publicKey),
    backupPublicKey: backupKeys.publicKey,
    inviterPrefix: admission.kind === 'invite' ? admission.link.inviterUikPrefix : null,
  }
  const kitCheck = kit.check
  const { wrappedRootSeed, passphraseSlot, recoverySlot } = request
  const vault = { signInName, wrappedRootSeed, slots: [passphraseSlot, recoverySlot] }
  const endedDevices = former?.endedDevices ?? 0
  const seed = {
    identity,
    archiveKeys: [archiveKey],
    endedDevices,
    state,
    prekeyWrites: device.prekeys.writes,
    kitCheck,
    vault,
  }
  const preview = admission.kind === 'invite' ? admission.preview : null
  return { kind: 'sign_up', request, seed, recoveryCode: backup.recoveryCode, preview }
}

/** Whether a kept sign-up is of the same person with the same passphrase: then it is sent again as it is. */
export async function isSameSignUp(platform: Platform, pending: PendingSignUp, person: NewPerson): Promise<boolean> {
  const isFormer = pending.preview?.state === 'usable' && pending.preview.forSignInName !== null
  if (!isFormer && pending.request.signInName !== person.signInName) return false
  const { salt, cost } = readPassphraseFront(bytesOf(pending.request.passphraseSlot.slot))
  const output = await stretch(platform, person.passphrase, salt, cost)
  const { authToken } = derivePassphraseKeys(output, idToBytes(pending.request.accountId))
  return textOf(hashAuthToken(authToken)) === pending.request.passphraseSlot.authHash
}

/** The two entries the home was given, for checking its first head. */
export function ownEntries({ request }: PendingSignUp): Uint8Array[] {
  return [bytesOf(request.genesis), bytesOf(request.deviceAdd)]
}
