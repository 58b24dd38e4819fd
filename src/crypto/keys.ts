import { exactly } from './bytes.ts'
import { DecryptionFailed } from './errors.ts'
import type {
  DhPublicKey,
  DhSecretKey,
  KemPublicKey,
  KemSecretKey,
  SigningPublicKey,
  SigningSecretKey,
} from './key-types.ts'
import { labelled } from './label.ts'
import { systemRandom } from './random.ts'
import { sodium } from './sodium.ts'

/** An Ed25519 pair. */
export interface SigningKeyPair<Role extends string = string> {
  publicKey: SigningPublicKey<Role>
  secretKey: SigningSecretKey<Role>
}

/** An X25519 pair. */
export interface DhKeyPair<Role extends string = string> {
  publicKey: DhPublicKey<Role>
  secretKey: DhSecretKey<Role>
}

/** An ML-KEM-768 pair. */
export interface KemKeyPair {
  publicKey: KemPublicKey
  secretKey: KemSecretKey
}

/** Ed25519 pair of a 32-byte seed (RFC 8032), a fresh one by default. */
export function generateSigningKeyPair<Role extends string = string>(
  seed: Uint8Array = systemRandom(32),
): SigningKeyPair<Role> {
  const pair = sodium.crypto_sign_seed_keypair(exactly(seed, 32, 'seed'))
  return {
    publicKey: pair.publicKey as SigningPublicKey<Role>,
    secretKey: pair.privateKey as SigningSecretKey<Role>,
  }
}

/** The 32-byte seed of an Ed25519 secret key. */
export function seedOf(secretKey: SigningSecretKey): Uint8Array {
  return exactly(secretKey, 64, 'secret key').slice(0, 32)
}

/** The public half of an Ed25519 secret key. */
export function publicKeyOf<Role extends string>(secretKey: SigningSecretKey<Role>): SigningPublicKey<Role> {
  return exactly(secretKey, 64, 'secret key').slice(32) as SigningPublicKey<Role>
}

/** X25519 pair of a 32-byte secret (RFC 7748, clamped on use), a fresh one by default. */
export function generateDhKeyPair<Role extends string = string>(
  secret: Uint8Array = systemRandom(32),
): DhKeyPair<Role> {
  return {
    publicKey: sodium.crypto_scalarmult_base(exactly(secret, 32, 'secret')) as DhPublicKey<Role>,
    secretKey: secret as DhSecretKey<Role>,
  }
}

/** ML-KEM-768 pair of a 64-byte seed d||z (FIPS 203), a fresh one by default. */
export function generateKemKeyPair(seed: Uint8Array = systemRandom(64)): KemKeyPair {
  const pair = sodium.crypto_kem_mlkem768_seed_keypair(exactly(seed, 64, 'seed'))
  return { publicKey: pair.publicKey as KemPublicKey, secretKey: pair.privateKey as KemSecretKey }
}

/** X25519, 32 bytes; a public key of small order (all-zero result) is a DecryptionFailed. */
export function diffieHellman(secretKey: DhSecretKey, publicKey: DhPublicKey): Uint8Array {
  exactly(publicKey, 32, 'public key')
  try {
    return sodium.crypto_scalarmult(secretKey, publicKey)
  } catch {
    throw new DecryptionFailed('small-order X25519 key')
  }
}

/** sig(sk, labelName, message) = Ed25519(sk, L(labelName) || 00 || message), 64 bytes (PROTOCOL 4). */
export function sign(secretKey: SigningSecretKey, labelName: string, message: Uint8Array): Uint8Array {
  return sodium.crypto_sign_detached(labelled(labelName, message), secretKey)
}

export type * from './key-types.ts'
export { verifySignature } from './verify-signature.ts'
