import { concat, exactly, u32, u64 } from './bytes.ts'
import { insist } from './errors.ts'
import type { DevicePublicKey } from './key-types.ts'
import { verifySignature } from './verify-signature.ts'

/** The two kinds of signed prekeys, named as their signature labels. One-time KEM prekeys are of the second kind. */
export type PrekeyKind = 'spk' | 'kem-prekey'

/** Public bytes of a prekey: X25519, ML-KEM-768. */
export const PREKEY_BYTES = { spk: 32, 'kem-prekey': 1184 } as const satisfies Record<PrekeyKind, number>

/** Clients refuse a signed prekey that is older (PROTOCOL 4.1). */
export const PREKEY_MAX_AGE_MS = 2_592_000_000

/** Whose prekey it is. */
export interface PrekeyOwner {
  userId: Uint8Array
  deviceId: Uint8Array
}

/** A prekey as it is published, unsigned. Ids start at 1; 0 means "none" in a handshake. */
export interface Prekey<Public extends Uint8Array = Uint8Array> {
  id: number
  createdAt: number
  publicKey: Public
}

/** A prekey with sig(DSK, "spk" or "kem-prekey", userId || deviceId || u32 id || u64 createdAt || pub). */
export interface SignedPrekey<Public extends Uint8Array = Uint8Array> extends Prekey<Public> {
  signature: Uint8Array
}

/** userId 16 | deviceId 16 | id 4 | createdAt 8 | pub: what the device signs. */
export function prekeyMessage(kind: PrekeyKind, owner: PrekeyOwner, prekey: Prekey): Uint8Array {
  insist(Number.isInteger(prekey.id) && prekey.id >= 1 && prekey.id <= 0xffffffff, 'prekey id')
  insist(Number.isSafeInteger(prekey.createdAt) && prekey.createdAt >= 0, 'createdAt')
  return concat(
    exactly(owner.userId, 16, 'userId'),
    exactly(owner.deviceId, 16, 'deviceId'),
    u32(prekey.id),
    u64(prekey.createdAt),
    exactly(prekey.publicKey, PREKEY_BYTES[kind], 'prekey'),
  )
}

/** Throws DecryptionFailed unless the device of `dsk` (from the key log) signed exactly this prekey. */
export function checkPrekeySignature(
  kind: PrekeyKind,
  owner: PrekeyOwner & { dsk: DevicePublicKey },
  prekey: SignedPrekey,
): void {
  const message = prekeyMessage(kind, owner, prekey)
  insist(verifySignature(owner.dsk, kind, message, prekey.signature), 'prekey signature')
}

/** Why {@link checkPrekey} refuses a prekey that is genuine and old. */
export const PREKEY_TOO_OLD = 'prekey too old'

/** As {@link checkPrekeySignature}, and refuses a prekey older than 30 days at `now`. */
export function checkPrekey(
  kind: PrekeyKind,
  owner: PrekeyOwner & { dsk: DevicePublicKey; now: number },
  prekey: SignedPrekey,
): void {
  checkPrekeySignature(kind, owner, prekey)
  insist(owner.now - prekey.createdAt <= PREKEY_MAX_AGE_MS, PREKEY_TOO_OLD)
}
