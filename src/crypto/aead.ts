import { concat } from './bytes.ts'
import { DecryptionFailed, insist } from './errors.ts'
import type { RandomSource } from './random.ts'

// WebCrypto's types ask for bytes that are not shared between threads; ours never are.
type OwnBytes = Uint8Array<ArrayBuffer>

/** Bytes of an AES-GCM IV. */
export const IV_BYTES = 12
/** Bytes of an AES-GCM tag. */
export const TAG_BYTES = 16

/** One AES-256-GCM operation: a key of 32 bytes, an IV of 12, any associated data. */
export interface AeadContext {
  key: Uint8Array
  iv: Uint8Array
  aad: Uint8Array
}

function algorithm({ iv, aad }: AeadContext) {
  return { name: 'AES-GCM' as const, iv: iv as OwnBytes, additionalData: aad as OwnBytes }
}

function checkSizes(context: AeadContext): void {
  if (context.key.length !== 32 || context.iv.length !== IV_BYTES) throw new RangeError('AES-256-GCM: key 32, iv 12')
}

/** GCM(key, iv, plaintext, aad) of the protocol: the ciphertext with its 16-byte tag appended. */
export async function seal(context: AeadContext, plaintext: Uint8Array): Promise<Uint8Array> {
  checkSizes(context)
  const key = await crypto.subtle.importKey('raw', context.key as OwnBytes, 'AES-GCM', false, ['encrypt'])
  return new Uint8Array(await crypto.subtle.encrypt(algorithm(context), key, plaintext as OwnBytes))
}

/** The plaintext; throws DecryptionFailed if key, IV, associated data or ciphertext do not belong together. */
export async function open(context: AeadContext, ciphertext: Uint8Array): Promise<Uint8Array> {
  checkSizes(context)
  insist(ciphertext.length >= TAG_BYTES, 'shorter than its tag')
  const key = await crypto.subtle.importKey('raw', context.key as OwnBytes, 'AES-GCM', false, ['decrypt'])
  const opened = await crypto.subtle.decrypt(algorithm(context), key, ciphertext as OwnBytes).catch(() => null)
  if (opened === null) throw new DecryptionFailed('tag')
  return new Uint8Array(opened)
}

/** iv 12 || GCM(key, iv, plaintext, aad), the IV drawn from `random`: for keys that seal more than one thing. */
export async function sealWithRandomIv(
  { key, aad, random }: { key: Uint8Array; aad: Uint8Array; random: RandomSource },
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const iv = random(IV_BYTES)
  return concat(iv, await seal({ key, iv, aad }, plaintext))
}

/** Opens what {@link sealWithRandomIv} made. */
export async function openWithIv(
  { key, aad }: { key: Uint8Array; aad: Uint8Array },
  sealed: Uint8Array,
): Promise<Uint8Array> {
  insist(sealed.length >= IV_BYTES + TAG_BYTES, 'shorter than iv and tag')
  return open({ key, iv: sealed.subarray(0, IV_BYTES), aad }, sealed.subarray(IV_BYTES))
}
