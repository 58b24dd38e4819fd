const FIRST = 100
const MOST = 400
const FAST_MS = 1_000
const MIDDLING_MS = 2_500
const SLOW_MS = 4_000

/** How many messages to ask for at once: few at first, more while they come fast, fewer where a slow line could break under them. */
export class PageSize {
  #count = FIRST

  get count(): number {
    return this.#count
  }

  /** A whole page of that size came within so long. Small ones grow though a line is slow to answer anything. */
  took(milliseconds: number): void {
    const isFast = milliseconds < (this.#count < FIRST ? MIDDLING_MS : FAST_MS)
    if (isFast) this.#count = Math.min(MOST, this.#count * 2)
    else if (milliseconds > SLOW_MS) this.#shrink()
  }

  /** The line broke before it came. */
  broke(): void {
    this.#shrink()
  }

  #shrink(): void {
    this.#count = Math.max(1, this.#count >> 1)
  }
}
