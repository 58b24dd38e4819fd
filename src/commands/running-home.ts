import type { Config } from '../server/config.ts'
import { finishSwap } from '../server/features/backups/folder-swap.ts'
import { type Listening, listen } from '../server/listen.ts'
import { type Home, openHome } from './open-home.ts'

interface Opened {
  home: Home
  listening: Listening
}

/** A home that answers at its ports, and can close and open again on other data without leaving the process. */
export class RunningHome implements AsyncDisposable {
  /** Rejects when it could not be opened again: nobody answers then. */
  readonly failed: Promise<never>
  readonly #fail: (error: unknown) => void
  #turn: Promise<void> = Promise.resolve()

  private constructor(
    private config: Config,
    private opened: Opened | null,
  ) {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => undefined)
    this.failed = promise
    this.#fail = reject
  }

  /** The data folder must be held by the caller for as long as this lives. */
  static async open(config: Config): Promise<RunningHome> {
    const running = new RunningHome(config, null)
    await running.#open()
    // A port that was picked is kept, so that whoever polls finds the home again.
    const { httpPort, httpsPort } = running.listening
    running.config = { ...config, httpPort, httpsPort }
    return running
  }

  get listening(): Listening {
    return this.#present().listening
  }
  get claimToken(): string | null {
    return this.#present().home.claimToken
  }

  /** Closes everything, runs `beforeOpening` while nothing is open, and opens again whatever came of it. */
  reopen(beforeOpening: () => Promise<void>): Promise<void> {
    const work = async () => {
      await this.#close()
      const outcome = await beforeOpening().then(
        () => null,
        (error: unknown) => ({ error }),
      )
      await this.#open()
      if (outcome) throw outcome.error
    }
    const mine = this.#turn.then(work)
    this.#turn = mine.catch((error: unknown) => {
      if (!this.opened) this.#fail(error)
    })
    return mine
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn
    await this.#close()
  }

  #present(): Opened {
    if (!this.opened) throw new Error('the home is closed')
    return this.opened
  }

  // A restore that was cut short is finished before anything is opened.
  async #open(): Promise<void> {
    await finishSwap(this.config.dataFolder)
    const home = await openHome(this.config, { reopen: (beforeOpening) => this.reopen(beforeOpening) })
    try {
      this.opened = { home, listening: await listen(home.app, this.config) }
    } catch (error) {
      await home[Symbol.asyncDispose]()
      throw error
    }
  }

  async #close(): Promise<void> {
    const { opened } = this
    this.opened = null
    await opened?.listening[Symbol.asyncDispose]()
    await opened?.home[Symbol.asyncDispose]()
  }
}
