import { ascii, concat, exactly, isZero, lp16, Reader, u8, u16, u32, u64, zeros } from './bytes.ts'
import { insist } from './errors.ts'
import { sha256 } from './hash.ts'
import type { DeviceDhPublicKey, DevicePublicKey, RootPublicKey } from './key-types.ts'

// One entry of the key log (PROTOCOL 4.2):
//
//   "TVL1" 4 | type 1 | userId 16 | useq 4 | prev 32 | signerKind 1 | signerDevice 16 | time 8 | lp16(body) | sig 64
//
// This file builds and reads the bytes and judges nothing: the rules are in key-log-validator.ts, signing in
// key-log-signing.ts.

const MAGIC = ascii('TVL1')
const TYPES = ['genesis', 'device-add', 'device-revoke', 'root-rotate', 'vouch', 'identity-reset'] as const
const HOW = ['invite', 'qr', 'numbers'] as const

/** How somebody's identity was verified. */
export type VouchMeans = (typeof HOW)[number]

/** First entry of a user. UIK 32 | backupPkHash 32 | inviteId 16 | inviteMac 32 = 112 bytes. */
export interface GenesisBody {
  type: 'genesis'
  uik: RootPublicKey
  backupPkHash: Uint8Array
  inviteId: Uint8Array
  inviteMac: Uint8Array
}
/** A new identity for a user who lost the old root: as genesis | prev 32 = 144 bytes. */
export interface IdentityResetBody extends Omit<GenesisBody, 'type'> {
  type: 'identity-reset'
  prevAgain: Uint8Array
}
/** deviceId 16 | DSK 32 | DIK 32 | caps 2 | possession 64 = 146 bytes. */
export interface DeviceAddBody {
  type: 'device-add'
  deviceId: Uint8Array
  dsk: DevicePublicKey
  dik: DeviceDhPublicKey
  caps: number
  possession: Uint8Array
}
/** deviceId 16 | reason 1 = 17 bytes; the reason (1 logout, 2 removed, 3 lost) is carried, not judged. */
export interface DeviceRevokeBody {
  type: 'device-revoke'
  deviceId: Uint8Array
  reason: number
}
/** new UIK 32 | backupPkHash 32 | possession 64 = 128 bytes. */
export interface RootRotateBody {
  type: 'root-rotate'
  uik: RootPublicKey
  backupPkHash: Uint8Array
  possession: Uint8Array
}
/** other userId 16 | H(other UIK) 32 | how 1 = 49 bytes. */
export interface VouchBody {
  type: 'vouch'
  otherUserId: Uint8Array
  otherUikHash: Uint8Array
  how: VouchMeans
}

/** What an entry says, by its type. */
export type LogEntryBody =
  | GenesisBody
  | DeviceAddBody
  | DeviceRevokeBody
  | RootRotateBody
  | VouchBody
  | IdentityResetBody

/** Who signed: the user's root, or one of the user's devices. */
export type LogSigner = { kind: 'root' } | { kind: 'device'; deviceId: Uint8Array }

/** An entry before it is signed. */
export interface UnsignedLogEntry {
  userId: Uint8Array
  useq: number
  /** H(previous entry of this user), zeros for a genesis. */
  prev: Uint8Array
  signer: LogSigner
  /** Milliseconds since the epoch, by the signer's clock. */
  time: number
  body: LogEntryBody
}

/** A parsed entry; nothing about it is verified yet. */
export interface LogEntry extends UnsignedLogEntry {
  /** All bytes before the signature. */
  signedBytes: Uint8Array
  signature: Uint8Array
  /** H(entry), its signature included. */
  hash: Uint8Array
}

function encodeBody(body: LogEntryBody): Uint8Array {
  switch (body.type) {
    case 'genesis':
      return encodeIdentity(body)
    case 'identity-reset':
      return concat(encodeIdentity(body), exactly(body.prevAgain, 32))
    case 'device-add':
      return concat(
        exactly(body.deviceId, 16),
        exactly(body.dsk, 32),
        exactly(body.dik, 32),
        u16(body.caps),
        exactly(body.possession, 64),
      )
    case 'device-revoke':
      return concat(exactly(body.deviceId, 16), u8(body.reason))
    case 'root-rotate':
      return concat(exactly(body.uik, 32), exactly(body.backupPkHash, 32), exactly(body.possession, 64))
    case 'vouch':
      return concat(exactly(body.otherUserId, 16), exactly(body.otherUikHash, 32), u8(HOW.indexOf(body.how) + 1))
  }
}

function encodeIdentity(body: Omit<GenesisBody, 'type'>): Uint8Array {
  return concat(
    exactly(body.uik, 32),
    exactly(body.backupPkHash, 32),
    exactly(body.inviteId, 16),
    exactly(body.inviteMac, 32),
  )
}

/** The bytes of an entry before its signature: what is signed under the label "log entry". */
export function encodeUnsignedLogEntry(entry: UnsignedLogEntry): Uint8Array {
  const { signer } = entry
  return concat(
    MAGIC,
    u8(TYPES.indexOf(entry.body.type) + 1),
    exactly(entry.userId, 16),
    u32(entry.useq),
    exactly(entry.prev, 32),
    u8(signer.kind === 'root' ? 0 : 1),
    signer.kind === 'root' ? zeros(16) : exactly(signer.deviceId, 16),
    u64(entry.time),
    lp16(encodeBody(entry.body)),
  )
}

/**
 * What a new device signs under "device possession": userId || deviceId || DSK || DIK || prev, 128 bytes;
 * `prev` is that field of the device-add entry, so the proof is good for one place in the log only.
 */
export function devicePossessionMessage(device: {
  userId: Uint8Array
  deviceId: Uint8Array
  dsk: DevicePublicKey
  dik: DeviceDhPublicKey
  prev: Uint8Array
}): Uint8Array {
  return concat(
    exactly(device.userId, 16),
    exactly(device.deviceId, 16),
    exactly(device.dsk, 32),
    exactly(device.dik, 32),
    exactly(device.prev, 32),
  )
}

/** What a new root signs under "root possession": userId || new UIK || backupPkHash || prev, 112 bytes. */
export function rootPossessionMessage(root: {
  userId: Uint8Array
  uik: RootPublicKey
  backupPkHash: Uint8Array
  prev: Uint8Array
}): Uint8Array {
  return concat(exactly(root.userId, 16), exactly(root.uik, 32), exactly(root.backupPkHash, 32), exactly(root.prev, 32))
}

function readIdentity(reader: Reader) {
  return {
    uik: reader.take(32) as RootPublicKey,
    backupPkHash: reader.take(32),
    inviteId: reader.take(16),
    inviteMac: reader.take(32),
  }
}

function readBody(type: (typeof TYPES)[number], reader: Reader): LogEntryBody {
  switch (type) {
    case 'genesis':
      return { type, ...readIdentity(reader) }
    case 'identity-reset':
      return { type, ...readIdentity(reader), prevAgain: reader.take(32) }
    case 'device-add':
      return {
        type,
        deviceId: reader.take(16),
        dsk: reader.take(32) as DevicePublicKey,
        dik: reader.take(32) as DeviceDhPublicKey,
        caps: reader.u16(),
        possession: reader.take(64),
      }
    case 'device-revoke':
      return { type, deviceId: reader.take(16), reason: reader.u8() }
    case 'root-rotate':
      return { type, uik: reader.take(32) as RootPublicKey, backupPkHash: reader.take(32), possession: reader.take(64) }
    case 'vouch':
      return {
        type,
        otherUserId: reader.take(16),
        otherUikHash: reader.take(32),
        how: HOW[reader.oneOf([1, 2, 3], 'how') - 1]!,
      }
  }
}

function readSigner(reader: Reader): LogSigner {
  const kind = reader.oneOf([0, 1], 'signerKind')
  const deviceId = reader.take(16)
  if (kind === 1) return { kind: 'device', deviceId }
  insist(isZero(deviceId), 'signerDevice of a root entry is not zeros')
  return { kind: 'root' }
}

/** Reads one entry, exact to the byte; throws DecryptionFailed for anything unknown. Verifies no signature. */
export function parseLogEntry(bytes: Uint8Array): LogEntry {
  const reader = new Reader(bytes)
  reader.expect(MAGIC)
  const type = TYPES[reader.oneOf([1, 2, 3, 4, 5, 6], 'type') - 1]!
  const userId = reader.take(16)
  const useq = reader.u32()
  const prev = reader.take(32)
  const signer = readSigner(reader)
  const time = reader.u64()
  const bodyReader = new Reader(reader.lp16())
  const body = readBody(type, bodyReader)
  bodyReader.end()
  const signedBytes = reader.before()
  const signature = reader.take(64)
  reader.end()
  return { userId, useq, prev, signer, time, body, signedBytes, signature, hash: sha256(bytes) }
}
