/** What time it is, and a call later: tests hold one that they move by hand. */
export interface Clock {
  now(): number
  /** Disposing takes the call back. */
  after(delayMs: number, call: () => void): Disposable
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs)
    timer.unref()
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}
