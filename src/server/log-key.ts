import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { encodeSth, type LogPublicKey, sthSignedBytes, type TreeHead } from '../crypto/verify.ts'
import { loadSecret } from './secrets.ts'
import type { Database } from './storage/database.ts'

// An Ed25519 key in SPKI form ends with its 32 bytes.
const rawKeyBytes = 32

/** Signs the heads of this home's key log; members pin its public half through the invite link. */
export interface LogKey {
  readonly publicKey: LogPublicKey
  /** 144 bytes (PROTOCOL 4.2). */
  signHead(head: TreeHead): Uint8Array
}

export async function loadLogKey(database: Database, now: number): Promise<LogKey> {
  const der = await loadSecret(database, 'log', { make: makeKey, now })
  const secretKey = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(secretKey).export({ format: 'der', type: 'spki' })
  const publicKey = new Uint8Array(spki.subarray(-rawKeyBytes)) as LogPublicKey
  return {
    publicKey,
    signHead: (head) =>
      encodeSth(publicKey, head, new Uint8Array(sign(null, sthSignedBytes(publicKey, head), secretKey))),
  }
}

export function makeKey(): Uint8Array {
  return new Uint8Array(generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }))
}
