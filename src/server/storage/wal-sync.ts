import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'

type Tell = (failure: Error | null) => void

/** A thread of the runtime needs 0.1 to 0.2 ms more, to wake up and to tell; and nobody notices a loop that is held for so long. */
const quickMs = 0.5
/** What somebody would notice: longer than a thread takes with a loop that has much to do meanwhile. */
const stallMs = 10
const slowSyncs = 100

/** Both ways to have a file on disk; each tells how many milliseconds it took. */
export type Disk = {
  syncHere(descriptor: number): number
  syncBeside(descriptor: number, tell: (error: Error | null, tookMs: number) => void): void
}

export const realDisk: Disk = {
  syncHere: (descriptor) => {
    const begun = performance.now()
    fdatasyncSync(descriptor)
    return performance.now() - begun
  },
  syncBeside: (descriptor, tell) => {
    const begun = performance.now()
    fdatasync(descriptor, (error) => tell(error, performance.now() - begun))
  },
}

/**
 * Makes commits durable without holding the event loop for long: SQLite writes its log, and a thread of the runtime syncs it while the
 * loop serves others. One sync covers every commit before it, so that what comes while one runs shares the next. Where the disk
 * answers faster than a thread wakes, it is asked on the spot; one answer that was slow sends the next hundred to the thread, and
 * a disk that stalls there is not tried on the spot until a hundred in a row did not.
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
  /** How many more the thread does before the disk is tried on the spot. */
  #leftToThread = 0

  constructor(
    file: string,
    private readonly disk: Disk = realDisk,
  ) {
    this.#file = file
  }

  /** After a failed sync nobody knows what is on disk, and asking again would be answered wrongly: only a restart helps. */
  get failure(): Error | null {
    return this.#failure
  }

  /**
   * Calls back, in the order of the calls and perhaps at once, when everything that was committed until now is on disk. Not to be
   * called from within such a call.
   */
  whenDurable(tell: Tell): void {
    if (!this.#isSyncing && this.#isDoneHere()) tell(null)
    else {
      this.#waiting.push(tell)
      if (!this.#isSyncing) this.#sync()
      else this.#newest = null
    }
  }

  /**
   * Resolves when everything that was committed until now is on disk; null if it is already. Rejects after a failed sync: what
   * was read may be gone after the restart.
   */
  settled(): Promise<void> | null {
    if (this.#failure) return Promise.reject(this.#failure)
    if (!this.#isSyncing) return null
    this.#newest ??= new Promise((resolve, reject) => {
      const tell: Tell = (failure) => (failure ? reject(failure) : resolve())
      if (this.#waiting.length > 0) this.#waiting.push(tell)
      else this.#running.push(tell)
    })
    return this.#newest
  }

  /** False when it is to be left to the thread, or failed: that is found out, and told, there. */
  #isDoneHere(): boolean {
    if (this.#failure || this.#leftToThread-- > 0) return false
    try {
      this.#leftToThread = this.disk.syncHere(this.#open()) < quickMs ? 0 : slowSyncs
      return true
    } catch (error) {
      this.#failure = error as Error
      return false
    }
  }

  // SQLite makes the file with its first commit and keeps it as long as it is open.
  #open(): number {
    this.#descriptor ??= openSync(this.#file, 'r+')
    return this.#descriptor
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
      this.disk.syncBeside(this.#open(), (error, tookMs) => {
        if (tookMs > stallMs) this.#leftToThread = slowSyncs
        this.#end(error)
      })
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
