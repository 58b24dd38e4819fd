import { randomBytes } from 'node:crypto'
import { toBase64Url } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Clock } from '../../clock.ts'

const maxOpen = 10_000

/** Nonces that were given out and not yet signed. In memory: a restart only makes a device ask again. */
export class Challenges {
  readonly #expiry = new Map<string, number>()

  constructor(private readonly clock: Clock) {}

  make(): string {
    const nonce = toBase64Url(randomBytes(32))
    const now = this.clock.now()
    this.#expiry.set(nonce, now + limits.challengeMs)
    for (const [oldest, expiresAt] of this.#expiry) {
      if (expiresAt > now && this.#expiry.size <= maxOpen) break
      this.#expiry.delete(oldest)
    }
    return nonce
  }

  /** True once, within two minutes. */
  spend(nonce: string): boolean {
    const expiresAt = this.#expiry.get(nonce)
    this.#expiry.delete(nonce)
    return expiresAt !== undefined && expiresAt > this.clock.now()
  }
}
