import { writeFileSync } from 'node:fs'

// Loaded before the server (bun --preload): on SIGUSR2 it writes down how many timers are set.
const file = process.env['TIMER_COUNT_FILE']!
const set = new Set<unknown>()
const { setTimeout: wait, setInterval: repeat, clearTimeout: stopWaiting, clearInterval: stopRepeating } = globalThis

globalThis.setTimeout = Object.assign((callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
  const timer = wait(() => {
    set.delete(timer)
    callback(...args)
  }, ms)
  set.add(timer)
  return timer
}, wait) as unknown as typeof setTimeout
globalThis.setInterval = Object.assign((...args: Parameters<typeof repeat>) => {
  const timer = repeat(...args)
  set.add(timer)
  return timer
}, repeat) as unknown as typeof setInterval
globalThis.clearTimeout = ((timer: Timer) => {
  set.delete(timer)
  stopWaiting(timer)
}) as typeof clearTimeout
globalThis.clearInterval = ((timer: Timer) => {
  set.delete(timer)
  stopRepeating(timer)
}) as typeof clearInterval
process.on('SIGUSR2', () => writeFileSync(file, `${set.size}\n`))
