import type { PlatformClock } from '../../src/client/platform.ts'
import type { Clock } from '../../src/server/clock.ts'

type Timer = { atMs: number; call: () => void; id: ReturnType<typeof setTimeout> | null }
/** A timer that is due sooner than this by the real clock is left to it. */
const SOON_MS = 30_000

/** The time of day, for devices and their home alike, which a test moves on. What comes due by a move happens at once. */
export class MovableClock {
  #aheadMs = 0
  readonly #timers = new Set<Timer>()

  now = (): number => Date.now() + this.#aheadMs

  /** Lets so much time pass. */
  move(ms: number): void {
    this.#aheadMs += ms
    for (const timer of [...this.#timers].sort((left, right) => left.atMs - right.atMs)) {
      if (timer.atMs <= this.now()) this.#fire(timer)
    }
  }

  readonly client: PlatformClock = {
    now: () => this.now(),
    schedule: (delayMs, callback) => this.#add(delayMs, callback),
  }
  readonly server: Clock = {
    now: () => this.now(),
    after: (delayMs, callback) => {
      const cancel = this.#add(delayMs, callback)
      return { [Symbol.dispose]: cancel }
    },
  }

  #add(delayMs: number, call: () => void): () => void {
    const timer: Timer = { atMs: this.now() + delayMs, call, id: null }
    timer.id = delayMs < SOON_MS ? setTimeout(() => this.#fire(timer), delayMs) : null
    this.#timers.add(timer)
    return () => this.#drop(timer)
  }
  #fire(timer: Timer): void {
    if (!this.#timers.has(timer)) return
    this.#drop(timer)
    timer.call()
  }
  #drop(timer: Timer): void {
    this.#timers.delete(timer)
    if (timer.id !== null) clearTimeout(timer.id)
  }
}
