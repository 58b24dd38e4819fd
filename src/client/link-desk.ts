import { linkLimits } from '../protocol/linking.ts'
import { ClientFailure, type FailureCode } from './api.ts'
import type { LinkView } from './care-api.ts'
import type { ClientContext } from './context.ts'
import type { LinkRelay } from './link-relay.ts'

const NOTHING: LinkView = {
  ...{ side: 'new', stage: 'opening', code: null, expiresAt: 0, digits: null },
  ...{ personName: null, problem: null, lookAt: null },
}
/** The remedy for these is where the link was ended. */
const OTHERS: readonly FailureCode[] = ['link_cancelled', 'link_failed']
/** And for these where the code is shown. */
const OF_SHOWER: readonly FailureCode[] = ['link_gone', 'link_taken']

/** What a running link asks of the person and tells them. */
export type LinkTalk = {
  tell(change: Partial<LinkView>): void
  /** Resolves with the new device's name when the person says that the digits are the same. */
  confirmed(): Promise<string>
  /** Throws link_cancelled when the person has ended it: nothing that lasts may follow. */
  assertWanted(): void
}
type Running = { relay: LinkRelay; confirm: PromiseWithResolvers<string>; stop: PromiseWithResolvers<never> }

/** One link at a time, its view for every face, and the person's words to it. */
export class LinkDesk {
  #view: LinkView | null = null
  #running: Running | null = null

  constructor(private readonly context: ClientContext) {}

  /** Runs a link from its first call to its end. Rejects as `work` does, or with link_cancelled. */
  async run<Answer>(
    begin: { side: LinkView['side']; relay: LinkRelay; shows: boolean },
    work: (talk: LinkTalk) => Promise<Answer>,
  ): Promise<Answer> {
    await this.cancel()
    const { side, relay, shows } = begin
    const running: Running = { relay, confirm: Promise.withResolvers(), stop: Promise.withResolvers() }
    running.stop.promise.catch(() => undefined)
    this.#running = running
    const expiresAt = this.context.platform.clock.now() + linkLimits.lifetimeMs
    this.#show({ ...NOTHING, side, expiresAt })
    const talk: LinkTalk = {
      tell: (change) => {
        if (this.#running === running && this.#view) this.#show({ ...this.#view, ...change })
      },
      confirmed: () => running.confirm.promise,
      assertWanted: () => {
        if (this.#running !== running) throw new ClientFailure('link_cancelled')
      },
    }
    try {
      const answer = await Promise.race([work(talk), running.stop.promise])
      talk.tell({ stage: 'done', code: null })
      await relay.end('done')
      return answer
    } catch (error) {
      const code = error instanceof ClientFailure ? error.code : 'internal'
      const isOthers = OTHERS.includes(code) || (OF_SHOWER.includes(code) && !shows)
      talk.tell({ stage: 'failed', problem: code, lookAt: isOthers ? 'other' : 'this', code: null })
      await relay.end('failed')
      throw error
    } finally {
      if (this.#running === running) this.#running = null
    }
  }

  confirm(deviceName: string): void {
    if (this.#view?.stage !== 'comparing' || this.#running === null) throw new ClientFailure('bad_request')
    this.#running.confirm.resolve(deviceName)
  }

  async cancel(): Promise<void> {
    const running = this.#running
    this.#running = null
    if (running) {
      // Nobody waits for the home to hear of it.
      void running.relay.end('cancelled')
      running.stop.reject(new ClientFailure('link_cancelled'))
    }
    if (this.#view !== null) this.#show(null)
  }

  #show(view: LinkView | null): void {
    this.#view = view
    this.context.emit({ type: 'linking', linking: view })
  }
}
