/** Lets `burst` through at once and `perSecond` in the long run. */
export class TokenBucket {
  #tokens: number
  #at: number

  constructor(
    readonly perSecond: number,
    readonly burst: number,
    nowMs: number,
  ) {
    this.#tokens = burst
    this.#at = nowMs
  }

  /** 0 if `count` were taken, else how long to wait for them. */
  take(nowMs: number, count = 1): number {
    // A clock that was put back fills nothing now, and goes on filling from there.
    const elapsedMs = Math.max(0, nowMs - this.#at)
    this.#at = nowMs
    this.#tokens = Math.min(this.burst, this.#tokens + (elapsedMs * this.perSecond) / 1_000)
    if (this.#tokens >= count) {
      this.#tokens -= count
      return 0
    }
    return Math.ceil(((count - this.#tokens) * 1_000) / this.perSecond)
  }
}
