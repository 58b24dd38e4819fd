import type { ClientContext } from './context.ts'

/** The same context with timers that all end at `stop`: nothing of a stopped device may still write. */
export function withStoppableClock(context: ClientContext): { context: ClientContext; stop(): void } {
  const { platform } = context
  const cancels = new Set<() => void>()
  let isStopped = false
  const clock = {
    now: () => platform.clock.now(),
    schedule(delayMs: number, callback: () => void) {
      if (isStopped) return () => undefined
      const cancel = platform.clock.schedule(delayMs, () => {
        cancels.delete(end)
        callback()
      })
      const end = () => {
        cancels.delete(end)
        cancel()
      }
      cancels.add(end)
      return end
    },
  }
  const wrapped: ClientContext = {
    store: context.store,
    emit: (event) => context.emit(event),
    platform: {
      origin: platform.origin,
      storage: platform.storage,
      clock,
      request: (path, init) => platform.request(path, init),
      openSocket: (path, events) => platform.openSocket(path, events),
      random: (length) => platform.random(length),
      stretch: (...input) => platform.stretch(...input),
      holdLock: (name, work) => platform.holdLock(name, work),
    },
  }
  const stop = () => {
    isStopped = true
    for (const cancel of [...cancels]) cancel()
  }
  return { context: wrapped, stop }
}
