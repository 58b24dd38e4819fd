import { equal, isZero, toHex } from './bytes.ts'
import { DecryptionFailed, insist } from './errors.ts'
import { sha256 } from './hash.ts'
import type {
  DeviceAddBody,
  DeviceRevokeBody,
  GenesisBody,
  IdentityResetBody,
  LogEntry,
  RootRotateBody,
  VouchMeans,
} from './key-log.ts'
import { devicePossessionMessage, parseLogEntry, rootPossessionMessage } from './key-log.ts'
import type { DeviceDhPublicKey, DevicePublicKey, RootPublicKey } from './key-types.ts'
import { sodium } from './sodium.ts'
import { verifySignature } from './verify-signature.ts'

// The one validator of the key log (PROTOCOL 4.2). The server runs it before it takes an entry, every client runs it
// over every entry, and both must come to the same answer: it depends on the entries before and on nothing else.

/** A device as the log knows it. `ended`: its user's identity was reset. Indexes are places in the whole log. */
export interface DeviceKeys {
  readonly deviceId: Uint8Array
  readonly dsk: DevicePublicKey
  readonly dik: DeviceDhPublicKey
  readonly caps: number
  readonly status: 'active' | 'revoked' | 'ended'
  readonly addedAt: number
  readonly addedIndex: number
  readonly endedAt: number | null
  readonly endedIndex: number | null
}

/** Somebody this user verified. */
export interface Vouch {
  readonly otherUserId: Uint8Array
  readonly otherUikHash: Uint8Array
  readonly how: VouchMeans
  readonly deviceId: Uint8Array
  readonly time: number
}

/** One root key in a user's history; `startsIdentity` for a genesis or reset, false for a rotation. */
export interface RootRecord {
  readonly uikHash: Uint8Array
  readonly index: number
  readonly startsIdentity: boolean
}

/** A user as the log knows it. */
export interface UserKeys {
  readonly userId: Uint8Array
  readonly uik: RootPublicKey
  readonly backupPkHash: Uint8Array
  /** H(newest entry): `prev` of the next one. */
  readonly head: Uint8Array
  /** useq of the newest entry; the next one has one more. */
  readonly useq: number
  readonly inviteId: Uint8Array
  readonly inviteMac: Uint8Array
  readonly createdAt: number
  /** In order of appearance, revoked and ended ones included. */
  readonly devices: readonly DeviceKeys[]
  /** Those of the present identity: a reset forgets whom the old one verified. */
  readonly vouches: readonly Vouch[]
  /** Every root this user had, oldest first. */
  readonly roots: readonly RootRecord[]
}

/** Everything the first `size` entries say. Never changed in place. */
export interface KeyLogState {
  readonly size: number
  /** By userId in lower-case hex, in order of appearance. */
  readonly users: ReadonlyMap<string, UserKeys>
}

/** The state of an empty log. */
export const EMPTY_KEY_LOG: KeyLogState = { size: 0, users: new Map() }

/** The state after one more entry; throws DecryptionFailed, and `state` is as it was, if a rule is broken. */
export function admitEntry(state: KeyLogState, bytes: Uint8Array): KeyLogState {
  return admitEntries(state, [bytes])
}

/** The state after these entries in this order, all or none. */
export function admitEntries(state: KeyLogState, entries: readonly Uint8Array[]): KeyLogState {
  const users = new Map(state.users)
  let size = state.size
  for (const bytes of entries) {
    const entry = parseLogEntry(bytes)
    users.set(toHex(entry.userId), judge({ size, users }, entry))
    size++
  }
  return { size, users }
}

function judge(state: KeyLogState, entry: LogEntry): UserKeys {
  const known = state.users.get(toHex(entry.userId))
  const { body } = entry
  if (body.type === 'genesis') {
    insist(known === undefined, 'genesis is the first entry of a user')
    insist(entry.useq === 0 && isZero(entry.prev), 'genesis: useq or prev')
    return beginUser(state.size, entry, body)
  }
  insist(known !== undefined, 'no genesis')
  insist(entry.useq === known.useq + 1, 'useq')
  insist(equal(entry.prev, known.head), 'prev')
  const user = { ...known, useq: entry.useq, head: entry.hash }
  switch (body.type) {
    case 'identity-reset':
      return resetIdentity(state.size, { entry, body, user })
    case 'device-add':
      return addDevice(state, { entry, body, user })
    case 'device-revoke':
      return revokeDevice(state.size, { entry, body, user })
    case 'root-rotate':
      return rotateRoot(state.size, { entry, body, user })
    case 'vouch': {
      const deviceId = signedByDevice(entry, user).deviceId
      const { otherUserId, otherUikHash, how } = body
      return { ...user, vouches: [...user.vouches, { otherUserId, otherUikHash, how, deviceId, time: entry.time }] }
    }
  }
}

function signedBy(entry: LogEntry, publicKey: RootPublicKey | DevicePublicKey): void {
  insist(verifySignature(publicKey, 'log entry', entry.signedBytes, entry.signature), 'signature')
}

function signedByRoot(entry: LogEntry, uik: RootPublicKey): void {
  insist(entry.signer.kind === 'root', 'takes the root')
  signedBy(entry, uik)
}

function signedByDevice(entry: LogEntry, user: UserKeys): DeviceKeys {
  insist(entry.signer.kind === 'device', 'takes a device')
  const { deviceId } = entry.signer
  const device = user.devices.find((candidate) => equal(candidate.deviceId, deviceId))
  insist(device?.status === 'active', 'signer is not an active device of this user')
  signedBy(entry, device.dsk)
  return device
}

function identityOf(index: number, body: GenesisBody | IdentityResetBody) {
  const { uik, backupPkHash, inviteId, inviteMac } = body
  return { uik, backupPkHash, inviteId, inviteMac, root: { uikHash: sha256(uik), index, startsIdentity: true } }
}

function beginUser(index: number, entry: LogEntry, body: GenesisBody): UserKeys {
  if (index === 0) insist(isZero(body.inviteId) && isZero(body.inviteMac), 'the founder has no invite')
  else insist(!isZero(body.inviteId), 'only the founder has no invite')
  signedByRoot(entry, body.uik)
  const { root, ...identity } = identityOf(index, body)
  const { userId, useq, hash: head, time: createdAt } = entry
  return { userId, useq, head, createdAt, ...identity, devices: [], vouches: [], roots: [root] }
}

interface Step<Body> {
  entry: LogEntry
  body: Body
  user: UserKeys
}

function resetIdentity(index: number, { entry, body, user }: Step<IdentityResetBody>): UserKeys {
  insist(equal(body.prevAgain, entry.prev), 'prev once more')
  insist(!isZero(body.inviteId), 'a reset takes a new invite')
  signedByRoot(entry, body.uik)
  const { root, ...identity } = identityOf(index, body)
  const devices = user.devices.map((device) =>
    device.status === 'active'
      ? { ...device, status: 'ended' as const, endedAt: entry.time, endedIndex: index }
      : device,
  )
  return { ...user, ...identity, devices, vouches: [], roots: [...user.roots, root] }
}

// In the whole log, by anybody, also after a revocation: a key or an id that comes back could speak for its former owner.
function isUsedDevice(state: KeyLogState, { deviceId, dsk }: DeviceAddBody): boolean {
  for (const user of state.users.values()) {
    if (user.devices.some((device) => equal(device.deviceId, deviceId) || equal(device.dsk, dsk))) return true
  }
  return false
}

function addDevice(state: KeyLogState, { entry, body, user }: Step<DeviceAddBody>): UserKeys {
  if (entry.signer.kind === 'root') signedByRoot(entry, user.uik)
  else signedByDevice(entry, user)
  insist(!isUsedDevice(state, body), 'deviceId or DSK was used before')
  const message = devicePossessionMessage({ ...body, userId: entry.userId, prev: entry.prev })
  insist(verifySignature(body.dsk, 'device possession', message, body.possession), 'device possession')
  insist(!isSmallOrder(body.dik), 'small-order DIK')
  const { deviceId, dsk, dik, caps } = body
  const device: DeviceKeys = {
    ...{ deviceId, dsk, dik, caps, status: 'active', addedAt: entry.time, addedIndex: state.size },
    ...{ endedAt: null, endedIndex: null },
  }
  return { ...user, devices: [...user.devices, device] }
}

// X25519 with a key of small order gives zeros, which libsodium refuses. The scalar is public and means nothing.
const PROBE_SCALAR = new Uint8Array(32).fill(0x42)

function isSmallOrder(dik: DeviceDhPublicKey): boolean {
  try {
    return isZero(sodium.crypto_scalarmult(PROBE_SCALAR, dik))
  } catch {
    return true
  }
}

function revokeDevice(index: number, { entry, body, user }: Step<DeviceRevokeBody>): UserKeys {
  if (entry.signer.kind === 'root') signedByRoot(entry, user.uik)
  else {
    // Removing another device takes the root: a stolen phone cannot lock its owner out.
    insist(equal(signedByDevice(entry, user).deviceId, body.deviceId), 'a device revokes itself only')
  }
  const revoked = user.devices.find((device) => equal(device.deviceId, body.deviceId))
  insist(revoked?.status === 'active', 'names no active device of this user')
  const ended: DeviceKeys = { ...revoked, status: 'revoked', endedAt: entry.time, endedIndex: index }
  return { ...user, devices: user.devices.map((device) => (device === revoked ? ended : device)) }
}

function rotateRoot(index: number, { entry, body, user }: Step<RootRotateBody>): UserKeys {
  signedByRoot(entry, user.uik)
  const message = rootPossessionMessage({ ...body, userId: entry.userId, prev: entry.prev })
  insist(verifySignature(body.uik, 'root possession', message, body.possession), 'root possession')
  const root = { uikHash: sha256(body.uik), index, startsIdentity: false }
  return { ...user, uik: body.uik, backupPkHash: body.backupPkHash, roots: [...user.roots, root] }
}

/** The user, or null if the log has none of that id. */
export function findUser(state: KeyLogState, userId: Uint8Array): UserKeys | null {
  return state.users.get(toHex(userId)) ?? null
}

/** The user's devices that may speak and be spoken to, in order of appearance; none for an unknown user. */
export function activeDevices(state: KeyLogState, userId: Uint8Array): readonly DeviceKeys[] {
  return (findUser(state, userId)?.devices ?? []).filter((device) => device.status === 'active')
}

/** The device if it is active and this user's, else null. */
export function findActiveDevice(state: KeyLogState, userId: Uint8Array, deviceId: Uint8Array): DeviceKeys | null {
  return activeDevices(state, userId).find((device) => equal(device.deviceId, deviceId)) ?? null
}

/** The user's devices that were active when the log had `size` entries; a size beyond the state is refused. */
export function activeDevicesAt(state: KeyLogState, userId: Uint8Array, size: number): readonly DeviceKeys[] {
  if (size > state.size) throw new DecryptionFailed('key log not fetched that far')
  const devices = findUser(state, userId)?.devices ?? []
  return devices.filter((device) => device.addedIndex < size && (device.endedIndex ?? size) >= size)
}

/**
 * The H(UIK) of the identity the user had when the log had `size` entries, oldest first: a rotation is the same
 * identity (the old root signed it), a reset is another. Empty for a user who was not there yet.
 */
export function identityAt(state: KeyLogState, userId: Uint8Array, size = state.size): readonly Uint8Array[] {
  if (size > state.size) throw new DecryptionFailed('key log not fetched that far')
  const roots = (findUser(state, userId)?.roots ?? []).filter((root) => root.index < size)
  const start = roots.findLastIndex((root) => root.startsIdentity)
  return roots.slice(Math.max(start, 0)).map((root) => root.uikHash)
}
