import { hkdf, sha256 } from '../../../src/crypto/hash.ts'
import { label } from '../../../src/crypto/label.ts'
import { sodium } from '../../../src/crypto/sodium.ts'

/** H(X-Wing backup public key) of a backup root, spelled out here so that key-log cases stand without the backup code. */
export function backupPublicKeyHash(backupRootKey: Uint8Array): Uint8Array {
  const seed = hkdf(new Uint8Array(32), backupRootKey, label('brk xwing'), 32)
  return sha256(sodium.crypto_kem_xwing_seed_keypair(seed).publicKey)
}
