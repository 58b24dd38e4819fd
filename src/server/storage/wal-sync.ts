import { closeSync, fdatasync, openSync } from 'node:fs'

type Tell = (failure: Error | null) => void

/**
 * Makes commits durable without holding the event loop: SQLite writes its log, a thread of the runtime syncs it, and the loop
 * serves others meanwhile. One sync covers every commit before it, so that what comes while one runs shares the next.
 */
export class WalSync implements Disposable {
  readonly #file: string
  #descriptor: number | null = null
  #waiting: Tell[] = []
  #running: Tell[] = []
  #isSyncing = false
  /** Of the sync that covers the newest commit; null when all of them are on disk. */
  #newest: Promise<void> | null = null
  #failure: Error | null = null

  constructor(file: string) {
    this.#file = file
  }

  /** After a failed sync nobody knows what is on disk, and asking again would be answered wrongly: only a restart helps. */
  get failure(): Error | null {
    return this.#failure
  }

  /** Calls back, in the order of the calls, when everything that was committed until now is on disk. */
  whenDurable(tell: Tell): void {
    this.#waiting.push(tell)
    if (!this.#isSyncing) this.#sync()
    else this.#newest = null
  }

  /** Resolves when everything that was committed until now is on disk; at once, and without a sync, if it is already. */
  settled(): Promise<void> | null {
    if (!this.#isSyncing) return null
    this.#newest ??= new Promise((resolve, reject) => {
      const tell: Tell = (failure) => (failure ? reject(failure) : resolve())
      if (this.#waiting.length > 0) this.#waiting.push(tell)
      else this.#running.push(tell)
    })
    return this.#newest
  }

  #sync(): void {
    this.#running = this.#waiting
    this.#waiting = []
    this.#newest = null
    this.#isSyncing = true
    if (this.#failure) {
      queueMicrotask(() => this.#end(this.#failure))
      return
    }
    try {
      // SQLite makes the file with its first commit and keeps it as long as it is open.
      this.#descriptor ??= openSync(this.#file, 'r+')
      fdatasync(this.#descriptor, (error) => this.#end(error))
    } catch (error) {
      queueMicrotask(() => this.#end(error as Error))
    }
  }

  #end(error: Error | null): void {
    this.#failure ??= error
    const told = this.#running
    this.#isSyncing = false
    this.#newest = null
    // The next sync runs while the outcome of this one is told.
    if (this.#waiting.length > 0) this.#sync()
    for (const tell of told) tell(this.#failure)
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
  }
}
