import type { LogPublicKey, LogSecretKey } from './key-types.ts'
import { sign } from './keys.ts'
import type { TreeHead } from './sth.ts'
import { encodeSth, encodeTreeHead } from './sth.ts'

/** A signed tree head, 144 bytes, under the label "sth". */
export function signSth(key: { publicKey: LogPublicKey; secretKey: LogSecretKey }, head: TreeHead): Uint8Array {
  const signature = sign(key.secretKey, 'sth', encodeTreeHead(key.publicKey, head))
  return encodeSth(key.publicKey, head, signature)
}
