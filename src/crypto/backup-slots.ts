import { open, seal } from './aead.ts'
import { type Argon2Cost, checkArgon2Cost } from './argon2.ts'
import { concat, exactly, isZero, Reader, u8, u32, Z32 } from './bytes.ts'
import { insist } from './errors.ts'
import { hkdf, sha256 } from './hash.ts'
import { label, labelled } from './label.ts'
import type { RandomSource } from './random.ts'

/** Bytes of a backup slot. */
export const SLOT_BYTES = 86
/** Its readable front, kind to salt: what the server gives to whoever names the account. */
export const SLOT_FRONT_BYTES = 26

const PASSPHRASE = 1
const CODE = 2
const VERSION = 1

/** The kinds of slots. */
export type SlotKind = 'passphrase' | 'code'

/** The front of a slot. */
export interface SlotFront {
  kind: SlotKind
  cost: Argon2Cost
  salt: Uint8Array
}

/** A sealed backup root and the token that lets its owner fetch it; the server keeps `authHash` only. */
export interface MadeSlot {
  slot: Uint8Array
  authToken: Uint8Array
  authHash: Uint8Array
}

interface SlotKeys {
  kek: Uint8Array
  authToken: Uint8Array
}

function derive(secret: Uint8Array, name: string, userId: Uint8Array): Uint8Array {
  return hkdf(Z32, secret, concat(label(name), u8(0), exactly(userId, 16, 'userId')), 32)
}

/**
 * From S, the output of {@link stretchPassphrase}: KEK_P = HKDF(Z32, S, L("slot-kek passphrase") || 00 || userId, 32),
 * AUTH_P = HKDF(Z32, S, L("slot-auth") || 00 || userId, 32). Only AUTH_P may leave the client.
 */
export function derivePassphraseKeys(stretched: Uint8Array, userId: Uint8Array): SlotKeys {
  exactly(stretched, 32, 'S')
  return {
    kek: derive(stretched, 'slot-kek passphrase', userId),
    authToken: derive(stretched, 'slot-auth', userId),
  }
}

/** From the 32-byte recovery code: KEK_R ("slot-kek code") and AUTH_R ("slot-auth code"). */
export function deriveCodeKeys(code: Uint8Array, userId: Uint8Array): SlotKeys {
  exactly(code, 32, 'recovery code')
  return { kek: derive(code, 'slot-kek code', userId), authToken: derive(code, 'slot-auth code', userId) }
}

/** H(AUTH): what the server stores and compares. */
export function hashAuthToken(authToken: Uint8Array): Uint8Array {
  return sha256(exactly(authToken, 32, 'auth token'))
}

/** kind u8 | ver u8 | memKiB u32 | t u32 | salt 16: 26 bytes. */
function encodeFront({ kind, cost, salt }: SlotFront): Uint8Array {
  const number = kind === 'passphrase' ? PASSPHRASE : CODE
  return concat(u8(number), u8(VERSION), u32(cost.memKiB), u32(cost.passes), exactly(salt, 16, 'salt'))
}

/** Reads the first 26 bytes of a slot; refuses unknown kinds and versions, and a code slot with a cost or a salt. */
export function parseSlotFront(bytes: Uint8Array): SlotFront {
  const reader = new Reader(bytes.subarray(0, SLOT_FRONT_BYTES))
  const kind = reader.oneOf([PASSPHRASE, CODE], 'slot kind') === PASSPHRASE ? 'passphrase' : 'code'
  reader.oneOf([VERSION], 'slot version')
  const cost = { memKiB: reader.u32(), passes: reader.u32() }
  const salt = reader.take(16)
  if (kind === 'code') insist(cost.memKiB === 0 && cost.passes === 0 && isZero(salt), 'a code slot has no cost or salt')
  return { kind, cost, salt }
}

/** L("backup-slot") || 00 || userId || kind || memKiB || t || salt. */
function associatedData(front: SlotFront, userId: Uint8Array): Uint8Array {
  const encoded = encodeFront(front)
  return labelled('backup-slot', exactly(userId, 16, 'userId'), encoded.subarray(0, 1), encoded.subarray(2))
}

/**
 * A slot (PROTOCOL 4.8):
 * ```
 * kind u8 | ver u8 = 1 | memKiB u32 | t u32 | salt 16 | iv 12 | GCM(KEK, BRK; aad) 48                = 86
 * aad = L("backup-slot") || 00 || userId || kind || memKiB || t || salt
 * ```
 */
async function sealSlot(
  front: SlotFront,
  keys: SlotKeys,
  { userId, backupRoot, random }: SlotContent,
): Promise<MadeSlot> {
  const iv = random(12)
  const aad = associatedData(front, userId)
  const sealed = await seal({ key: keys.kek, iv, aad }, exactly(backupRoot, 32, 'BRK'))
  return {
    slot: concat(encodeFront(front), iv, sealed),
    authToken: keys.authToken,
    authHash: hashAuthToken(keys.authToken),
  }
}

/** What goes into a slot, and whose it is. Draws 12 bytes for the IV. */
export interface SlotContent {
  userId: Uint8Array
  /** BRK, 32 bytes. */
  backupRoot: Uint8Array
  random: RandomSource
}

/** A passphrase slot from S, which was stretched elsewhere with exactly this salt and cost. */
export function sealPassphraseSlot(
  stretched: { output: Uint8Array; salt: Uint8Array; cost: Argon2Cost },
  content: SlotContent,
): Promise<MadeSlot> {
  const front: SlotFront = { kind: 'passphrase', cost: stretched.cost, salt: stretched.salt }
  return sealSlot(front, derivePassphraseKeys(stretched.output, content.userId), content)
}

/** A recovery-code slot: no cost, no salt, the code has 256 bits. */
export function sealCodeSlot(code: Uint8Array, content: SlotContent): Promise<MadeSlot> {
  const front: SlotFront = { kind: 'code', cost: { memKiB: 0, passes: 0 }, salt: new Uint8Array(16) }
  return sealSlot(front, deriveCodeKeys(code, content.userId), content)
}

/**
 * The front of a passphrase slot as received from the server, with its cost checked against floor and ceiling. What
 * comes back is what {@link stretchPassphrase} may be called with.
 */
export function readPassphraseFront(bytes: Uint8Array): { salt: Uint8Array; cost: Argon2Cost } {
  const { kind, cost, salt } = parseSlotFront(bytes)
  insist(kind === 'passphrase', 'not a passphrase slot')
  checkArgon2Cost(cost)
  return { salt, cost }
}

/** BRK from a slot with the key-encryption key of its kind; a wrong key, user or parameter is a DecryptionFailed. */
async function openSlot(slot: Uint8Array, kind: SlotKind, kek: Uint8Array, userId: Uint8Array): Promise<Uint8Array> {
  exactly(slot, SLOT_BYTES, 'slot')
  const front = parseSlotFront(slot)
  insist(front.kind === kind, 'another kind of slot')
  const iv = slot.subarray(SLOT_FRONT_BYTES, SLOT_FRONT_BYTES + 12)
  return open({ key: kek, iv, aad: associatedData(front, userId) }, slot.subarray(SLOT_FRONT_BYTES + 12))
}

/** BRK from a passphrase slot and S. The floor is checked here too: `stretched` proves nothing about its cost. */
export async function openPassphraseSlot(
  slot: Uint8Array,
  stretched: Uint8Array,
  userId: Uint8Array,
): Promise<Uint8Array> {
  exactly(slot, SLOT_BYTES, 'slot')
  readPassphraseFront(slot)
  return openSlot(slot, 'passphrase', derivePassphraseKeys(stretched, userId).kek, userId)
}

/** BRK from a recovery-code slot. */
export function openCodeSlot(slot: Uint8Array, code: Uint8Array, userId: Uint8Array): Promise<Uint8Array> {
  return openSlot(slot, 'code', deriveCodeKeys(code, userId).kek, userId)
}
