import { deriveBackupKeyPair, hashBackupKey, unwrapRootSeed } from '../crypto/backup-root.ts'
import {
  deriveCodeKeys,
  derivePassphraseKeys,
  openCodeSlot,
  openPassphraseSlot,
  parseSlotFront,
  readPassphraseFront,
} from '../crypto/backup-slots.ts'
import { equal } from '../crypto/bytes.ts'
import { DecryptionFailed, insist } from '../crypto/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import { findUser, type UserKeys } from '../crypto/key-log-validator.ts'
import type { LogPublicKey, RootSecretKey } from '../crypto/key-types.ts'
import { generateSigningKeyPair } from '../crypto/keys.ts'
import { readRecoveryCode } from '../crypto/recovery-code.ts'
import { openArchiveKey, sealingDeviceOf } from '../crypto/sealed-archive-key.ts'
import { wipe } from '../crypto/sodium.ts'
import type { RecoveryMaterial } from '../protocol/accounts.ts'
import type { AddDevice } from '../protocol/devices.ts'
import { idToBytes } from '../protocol/ids.ts'
import { openState } from './account-state.ts'
import { ClientFailure } from './api.ts'
import type { ClientContext } from './context.ts'
import { bytesOf, textOf } from './encoding.ts'
import type { Http } from './http.ts'
import { toIdentity } from './identity.ts'
import { EMPTY_COPY, growCopy, LogConflict, readHead } from './key-log-copy.ts'
import { signInWithDeviceKey } from './login.ts'
import { stretch } from './new-account.ts'
import { becomeDevice, type DeviceSeed, makeDevice, signDeviceAdd } from './new-device.ts'
import type { ArchiveKey } from './parts.ts'

export type Outside = { context: ClientContext; http: Http }

/** A device that was offered to the home and may or may not have been taken; the row `pending`. */
export type PendingDevice = { kind: 'sign_in'; signInName: string; request: AddDevice; seed: DeviceSeed }

const MAX_TRIES = 4
const CODE_SHAPE = /^[a-z2-7]{48,64}$/i

export type Secret = { kind: 'code'; code: Uint8Array } | { kind: 'passphrase'; passphrase: string }

/** 52 and 4 characters in one run or in many short groups: no passphrase looks so, and a mistyped code still does. */
function looksLikeCode(text: string): boolean {
  const groups = text.trim().split(/[\s-]+/)
  const isGrouped = groups.length === 1 || (groups.length >= 12 && groups.every((group) => group.length <= 6))
  return isGrouped && CODE_SHAPE.test(groups.join(''))
}

/** A recovery code by its shape, else a passphrase. A code with a typing error is refused here, before a try is spent. */
export function readSecret(text: string): Secret {
  if (!looksLikeCode(text)) return { kind: 'passphrase', passphrase: text }
  try {
    return { kind: 'code', code: readRecoveryCode(text) }
  } catch {
    throw new ClientFailure('bad_recovery_code')
  }
}

export type Opened = { material: RecoveryMaterial; userId: Uint8Array; openSlot(slot: Uint8Array): Promise<Uint8Array> }

/** Proves the secret to the home (only AUTH leaves this device) and receives what it keeps for this person. */
export async function fetchMaterial({ context, http }: Outside, signInName: string, secret: Secret): Promise<Opened> {
  const start = await http.recoveryStart(signInName, secret.kind)
  const userId = idToBytes(start.accountId)
  const front = bytesOf(start.slotBeginning, 26)
  const open = async (auth: Uint8Array) => {
    const material = await http.recoveryOpen(signInName, secret.kind, textOf(auth))
    insist(material.accountId === start.accountId, 'another account')
    return material
  }
  if (secret.kind === 'code') {
    insist(parseSlotFront(front).kind === 'code', 'another kind of slot')
    const material = await open(deriveCodeKeys(secret.code, userId).authToken)
    return { material, userId, openSlot: (slot) => openCodeSlot(slot, secret.code, userId) }
  }
  const { salt, cost } = readPassphraseFront(front)
  const stretched = await stretch(context.platform, secret.passphrase, salt, cost)
  const material = await open(derivePassphraseKeys(stretched, userId).authToken)
  return { material, userId, openSlot: (slot) => openPassphraseSlot(slot, stretched, userId) }
}

type Root = { user: UserKeys; secretKey: RootSecretKey; backup: ReturnType<typeof deriveBackupKeyPair> }
/** The caller wipes what is secret in it as soon as it has done its work. */
export type UnlockedRoot = Root & { backupRoot: Uint8Array }

/** The person's root from the slot, which must be the root that the key log names. */
async function openRoot({ material, userId, openSlot }: Opened): Promise<Root> {
  const logPublicKey = bytesOf(material.logPublicKey, 32) as LogPublicKey
  const treeHead = bytesOf(material.treeHead, 144)
  const entries = material.entries.map((entry) => bytesOf(entry))
  const { state } = growCopy(EMPTY_COPY, entries, readHead(logPublicKey, treeHead), treeHead)
  const user = findUser(state, userId)
  insist(user !== null, 'the log does not know this account')
  const root = await unlockRoot({ material, userId, openSlot }, user)
  wipe(root.backupRoot)
  return root
}

/** What the slot holds, checked against the person as a validated log names them. */
export async function unlockRoot({ material, userId, openSlot }: Opened, user: UserKeys): Promise<UnlockedRoot> {
  const backupRoot = await openSlot(bytesOf(material.slot))
  const seed = await unwrapRootSeed(backupRoot, userId, bytesOf(material.wrappedRootSeed))
  const backup = deriveBackupKeyPair(backupRoot)
  const { publicKey, secretKey } = generateSigningKeyPair<'root'>(seed)
  wipe(seed)
  insist(equal(publicKey, user.uik), 'the log names another root')
  insist(equal(hashBackupKey(backup.publicKey), user.backupPkHash), 'the log names another backup key')
  return { user, secretKey, backup, backupRoot }
}

/** All archive keys, each signed by a device of this person when it was sealed. */
export function openArchiveKeys({ material, userId }: Opened, { user, backup }: Root): Promise<ArchiveKey[]> {
  return Promise.all(
    material.sealedArchiveKeys.map(({ epoch, record }) => {
      const bytes = bytesOf(record, 1248)
      const deviceId = sealingDeviceOf(bytes)
      const device = user.devices.find((candidate) => equal(candidate.deviceId, deviceId))
      insist(device !== undefined, 'an archive key of a device that is not in the log')
      return openArchiveKey({ userId, deviceId, dsk: device.dsk }, backup.secretKey, epoch, bytes)
    }),
  )
}

async function makePending({ context }: Outside, signInName: string, opened: Opened): Promise<PendingDevice> {
  const { material, userId } = opened
  const { platform } = context
  const root = await openRoot(opened)
  const archiveKeys = await openArchiveKeys(opened, root)
  insist(archiveKeys.length > 0 && material.state !== null, 'the home lost keys or state')
  const get = (epoch: number) => archiveKeys.find((key) => key.epoch === epoch)?.key ?? null
  const state = await openState(userId, { get }, material.state)
  const logPublicKey = bytesOf(material.logPublicKey, 32)
  const pinned = state.state.logPublicKey
  insist(pinned.length === 0 || equal(pinned, logPublicKey), 'another log key than when the account began')
  const device = makeDevice(platform, material.accountId)
  const place = { userId, useq: root.user.useq + 1, prev: root.user.head, time: platform.clock.now() }
  const deviceAdd = signDeviceAdd(root.secretKey, device, place)
  wipe(root.secretKey, root.backup.secretKey)
  const identity = {
    ...{ accountId: material.accountId, deviceId: device.deviceId, signInName, dsk: device.dsk, dik: device.dik },
    ...{ logPublicKey, uikHash: sha256(root.user.uik), backupPublicKey: root.backup.publicKey, inviterPrefix: null },
  }
  const request = { ticket: material.ticket, deviceAdd: textOf(deviceAdd), prekeys: device.prekeys.upload }
  // The home chose which keys to show, and an ended device could still have sealed one: where there is such a device, a new key begins.
  const endedDevices = 0
  const made = { identity, archiveKeys, endedDevices, state, prekeyWrites: device.prekeys.writes }
  const seed = { ...made, kitCheck: null, vault: null }
  return { kind: 'sign_in', signInName, request, seed }
}

/** What the home answered was not what this person left there. */
export function asUntrusted(error: unknown): never {
  if (error instanceof DecryptionFailed) throw new ClientFailure('untrusted_server', 0, error.reason)
  if (error instanceof LogConflict) throw new ClientFailure('untrusted_server', 0, error.detail)
  throw error
}

/** A device that was offered before and did land needs no secret again. */
async function finishLanded({ context, http }: Outside, signInName: string): Promise<boolean> {
  const pending = await context.store.get<PendingDevice>('device', 'pending')
  if (pending?.kind !== 'sign_in' || pending.signInName !== signInName) return false
  try {
    await signInWithDeviceKey(context.platform, http, toIdentity(pending.seed.identity))
  } catch (error) {
    if (error instanceof ClientFailure && error.code === 'offline') throw error
    return false
  }
  await becomeDevice(context.store, pending.seed, context.platform.clock.now())
  return true
}

/** Makes this browser a device of an existing person (PROTOCOL 4.8, every other device may be lost). */
export async function recover(outside: Outside, name: string, secretText: string): Promise<void> {
  const signInName = name.trim().toLowerCase()
  const { context, http } = outside
  if (await finishLanded(outside, signInName)) return
  const secret = readSecret(secretText)
  context.emit({ type: 'progress', task: 'sign_in', done: 0, total: 3 })
  for (let tries = 1; ; tries++) {
    const opened = await fetchMaterial(outside, signInName, secret).catch(asUntrusted)
    context.emit({ type: 'progress', task: 'sign_in', done: 1, total: 3 })
    const pending = await makePending(outside, signInName, opened).catch(asUntrusted)
    await context.store.commit([{ table: 'device', key: 'pending', value: pending }])
    try {
      await http.addDevice(pending.request)
    } catch (error) {
      // Somebody appended in between: the entry no longer follows the newest one of this person.
      if (error instanceof ClientFailure && error.code === 'log_moved' && tries < MAX_TRIES) continue
      throw error
    }
    await becomeDevice(context.store, pending.seed, context.platform.clock.now())
    context.emit({ type: 'progress', task: 'sign_in', done: 3, total: 3 })
    return
  }
}
