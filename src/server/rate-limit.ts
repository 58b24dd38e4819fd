import { Refusal } from '../protocol/errors.ts'
import type { Clock } from './clock.ts'
import { TokenBucket } from './token-bucket.ts'

const maxKeys = 10_000

/** A token bucket for each caller. It forgets the one that was quiet longest when there are too many. */
export class RateLimit {
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(
    private readonly clock: Clock,
    private readonly rule: { perSecond: number; burst: number },
  ) {}

  /** False when `key` has used up what it has. */
  tryTake(key: string, count = 1): boolean {
    return this.#wait(key, count) === 0
  }

  /** Throws `too_many` with the time to wait. */
  take(key: string, count = 1): void {
    const retryAfterMs = this.#wait(key, count)
    if (retryAfterMs > 0) throw new Refusal('too_many', { retryAfterMs })
  }

  #wait(key: string, count: number): number {
    const now = this.clock.now()
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.rule.perSecond, this.rule.burst, now)
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > maxKeys) this.#buckets.delete(this.#buckets.keys().next().value!)
    return bucket.take(now, count)
  }
}

/** One household: an IPv4 address, or the /64 that an IPv6 network hands to each of its customers. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address
  const [head = ''] = address.split('::')
  return head.split(':').slice(0, 4).join(':')
}

/** The limits of calls that anybody may make, by address, and of those that could wear out another's keys. */
export function createRateLimits(clock: Clock) {
  return {
    signUp: new RateLimit(clock, { perSecond: 1, burst: 60 }),
    signIn: new RateLimit(clock, { perSecond: 5, burst: 300 }),
    recovery: new RateLimit(clock, { perSecond: 0.1, burst: 30 }),
    lookAtInvite: new RateLimit(clock, { perSecond: 0.5, burst: 30 }),
    openLink: new RateLimit(clock, { perSecond: 0.2, burst: 30 }),
    linkCall: new RateLimit(clock, { perSecond: 5, burst: 300 }),
    setup: new RateLimit(clock, { perSecond: 1, burst: 60 }),
    claimPrekeys: new RateLimit(clock, { perSecond: 5, burst: 1_024 }),
    appendLog: new RateLimit(clock, { perSecond: 0.1, burst: 300 }),
    createGroup: new RateLimit(clock, { perSecond: 0.1, burst: 60 }),
    changeGroup: new RateLimit(clock, { perSecond: 1, burst: 600 }),
    takeOneTimePrekey: new RateLimit(clock, { perSecond: 1 / 60, burst: 20 }),
  }
}
export type RateLimits = ReturnType<typeof createRateLimits>
