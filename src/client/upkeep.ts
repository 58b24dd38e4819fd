import type { PlatformClock } from './platform.ts'

const EVERY_MS = 6 * 3_600_000

/** What wears with time is looked after every few hours, also on a device whose line never breaks (PROTOCOL 4.12). */
export class Upkeep {
  #cancel: (() => void) | null = null

  constructor(
    private readonly clock: PlatformClock,
    private readonly work: () => void,
  ) {}

  /** Counts anew: it was just done. */
  restart(): void {
    this.stop()
    this.#cancel = this.clock.schedule(EVERY_MS, () => {
      this.restart()
      this.work()
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }
}
