import type { LinkCollect, LinkEnding, LinkJoin, LinkLetters, LinkSeat } from '../protocol/linking.ts'
import { linkLimits } from '../protocol/linking.ts'
import { ClientFailure, type FailureCode } from './api.ts'
import { bytesOf, textOf } from './encoding.ts'
import type { HttpCaller } from './http.ts'
import type { PlatformClock } from './platform.ts'

const RETRY_MS = 1_000

/** This end's seat at the home's relay (protocol/linking.ts). What it carries is sealed; what it says of itself is only a hint. */
export class LinkRelay {
  #seat = ''
  #taken = 0
  readonly #letters: string[] = []
  #isOver = false
  #collecting: Promise<LinkEnding | null> | null = null

  constructor(
    private readonly caller: HttpCaller,
    private readonly clock: PlatformClock,
    private readonly isOld: boolean,
  ) {}

  async join(offer: Omit<LinkJoin, 'isOld'>): Promise<void> {
    this.#seat = (await this.#post<LinkSeat>('/api/links', { ...offer, isOld: this.isOld })).seat
  }

  async send(letter: Uint8Array): Promise<void> {
    await this.#post('/api/links/letters', { seat: this.#seat, letter: textOf(letter) })
  }

  /** The next letter of the other end, however long it takes. */
  async next(): Promise<Uint8Array> {
    for (;;) {
      const letter = this.#letters.shift()
      if (letter !== undefined) return bytesOf(letter)
      const ending = await this.#collect()
      if (ending !== null && this.#letters.length === 0) throw new ClientFailure(failureOf(ending))
    }
  }

  /** Waits for something on this side, and fails at once when the other end leaves meanwhile. */
  async whileThere<Answer>(work: Promise<Answer>): Promise<Answer> {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    work.then(settle, settle)
    const left = async (): Promise<never> => {
      while (!isSettled) {
        const ending = await this.#collect()
        if (ending !== null) throw new ClientFailure(failureOf(ending))
      }
      return new Promise<never>(() => undefined)
    }
    return Promise.race([work, left()])
  }

  /** Resolves when the other end says that it is done; after `patienceMs` anyway. */
  async untilDone(patienceMs: number): Promise<void> {
    const deadline = this.clock.now() + patienceMs
    while (this.clock.now() < deadline && !this.#isOver) {
      const ending = await this.#collect().catch((error: unknown) => {
        if (error instanceof ClientFailure && error.code === 'link_gone') return 'done' as const
        throw error
      })
      if (ending === 'done') return
      if (ending !== null) throw new ClientFailure(failureOf(ending))
    }
  }

  /** Leaves. The relay may be gone already: then there is nobody to tell. */
  async end(ending: LinkEnding): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#seat !== '') await this.#post('/api/links/end', { seat: this.#seat, ending }).catch(() => undefined)
  }

  /** One question at a time: its answer is for whoever asks meanwhile. */
  #collect(): Promise<LinkEnding | null> {
    this.#collecting ??= this.#ask().finally(() => {
      this.#collecting = null
    })
    return this.#collecting
  }

  async #ask(): Promise<LinkEnding | null> {
    const offer: LinkCollect = { seat: this.#seat, from: this.#taken }
    const { letters, ending } = await this.#patiently(() => this.#post<LinkLetters>('/api/links/collect', offer))
    this.#taken += letters.length
    this.#letters.push(...letters)
    return ending
  }

  /** A phone that is being held before a camera loses its network for a moment: that ends nothing. */
  async #patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const deadline = this.clock.now() + linkLimits.lifetimeMs
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        const isAway = error instanceof ClientFailure && (error.code === 'offline' || error.code === 'too_many')
        if (!isAway || this.#isOver || this.clock.now() > deadline) throw error
        await new Promise<void>((resolve) => this.clock.schedule(Math.max(RETRY_MS, error.retryAfterMs), resolve))
      }
    }
  }

  #post<Answer>(path: string, json: unknown): Promise<Answer> {
    return this.isOld ? this.caller.call<Answer>('POST', path, json) : this.caller.open<Answer>('POST', path, json)
  }
}

function failureOf(ending: LinkEnding): FailureCode {
  if (ending === 'cancelled') return 'link_cancelled'
  return ending === 'failed' ? 'link_failed' : 'link_gone'
}
