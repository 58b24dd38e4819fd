import type { SigningPublicKey } from './key-types.ts'
import { labelled } from './label.ts'
import { sodium } from './sodium.ts'

/**
 * Whether `signature` (64 bytes) is sig(sk, labelName, message) of the owner of `publicKey` (32 bytes).
 * Always libsodium: WebCrypto of Chromium, Firefox and Bun accepts one fixed signature for any message under the
 * identity point; libsodium refuses keys of small order. Wrong lengths are `false`, never an exception.
 */
export function verifySignature(
  publicKey: SigningPublicKey,
  labelName: string,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  return sodium.crypto_sign_verify_detached(signature, labelled(labelName, message), publicKey)
}
