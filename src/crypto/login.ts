import { concat, exactly, lp16, u64 } from './bytes.ts'
import { insist } from './errors.ts'
import type { DevicePublicKey } from './key-types.ts'
import { verifySignature } from './verify-signature.ts'

/** What a device proves when it logs in: there is no password (PROTOCOL 4.8). */
export interface LoginChallenge {
  /** `location.origin` in ASCII: `https://host` or `https://host:port`. Signed, so a relayed login is worthless. */
  origin: string
  /** 32 bytes drawn by the server. */
  nonce: Uint8Array
  /** Milliseconds since the epoch. */
  time: number
}

/** lp16(origin) || nonce 32 || u64 time: what is signed under the label "auth". */
export function loginMessage({ origin, nonce, time }: LoginChallenge): Uint8Array {
  const encoded = new TextEncoder().encode(origin)
  insist(encoded.length === origin.length && encoded.length <= 0xffff, 'origin is not ASCII')
  insist(Number.isSafeInteger(time) && time >= 0, 'time')
  return concat(lp16(encoded), exactly(nonce, 32, 'nonce'), u64(time))
}

/** Throws DecryptionFailed unless the device of that key signed this challenge. Age and single use are the server's to judge. */
export function checkLogin(publicKey: DevicePublicKey, challenge: LoginChallenge, signature: Uint8Array): void {
  insist(verifySignature(publicKey, 'auth', loginMessage(challenge), signature), 'login signature')
}
