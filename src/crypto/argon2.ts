import { exactly } from './bytes.ts'
import { insist } from './errors.ts'
import { sodium } from './sodium.ts'

/** Cost of Argon2id: memory in KiB and passes; one lane always. */
export interface Argon2Cost {
  memKiB: number
  passes: number
}

/** What the product uses: 64 MiB, 3 passes. Also the least it accepts from a server. */
export const ARGON2_FLOOR: Argon2Cost = { memKiB: 65536, passes: 3 }
/** The most it accepts: 1 GiB, 16 passes. More would only be a way to hang the device. */
export const ARGON2_CEILING: Argon2Cost = { memKiB: 1048576, passes: 16 }

/** Throws DecryptionFailed for a cost below the floor or above the ceiling: a server must not choose cheap guessing. */
export function checkArgon2Cost({ memKiB, passes }: Argon2Cost): void {
  insist(memKiB >= ARGON2_FLOOR.memKiB && passes >= ARGON2_FLOOR.passes, 'Argon2 cost below the floor')
  insist(memKiB <= ARGON2_CEILING.memKiB && passes <= ARGON2_CEILING.passes, 'Argon2 cost above the ceiling')
}

/**
 * Argon2id version 1.3 with one lane (RFC 9106), 32 bytes. Takes `memKiB` of wasm memory that is never given back:
 * call it in a throw-away worker and end the worker afterwards. The passphrase is normalised here (NFKC, UTF-8).
 * Does not check the cost; callers that got it from a server use {@link checkArgon2Cost} first.
 */
export function stretchPassphrase(passphrase: string, salt: Uint8Array, { memKiB, passes }: Argon2Cost): Uint8Array {
  exactly(salt, 16, 'salt')
  return sodium.crypto_pwhash(
    32,
    new TextEncoder().encode(passphrase.normalize('NFKC')),
    salt,
    passes,
    memKiB * 1024,
    sodium.crypto_pwhash_ALG_ARGON2ID13,
  )
}
