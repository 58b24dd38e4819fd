import type { ReactiveController, ReactiveControllerHost } from 'lit'
import { ClientFailure } from '../src/client/api.ts'
import { say } from './toasts.ts'
import { wordsFor } from './words/failures.ts'

export type Outcome<T> = { isDone: true; value: T } | { isDone: false; problem: string }

/** The one way a face asks for something: a refusal becomes words with a next step, never an exception. */
export async function submit<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { isDone: true, value: await work() }
  } catch (cause) {
    const failure = cause instanceof ClientFailure ? cause : new ClientFailure('internal', 0, String(cause))
    if (failure.code === 'internal') console.error(cause)
    return { isDone: false, problem: wordsFor(failure) }
  }
}

/** The same for what has no form to show its problem in: it is said in a toast. Answers whether it was done. */
export async function attempt(work: () => Promise<unknown>, done?: string): Promise<boolean> {
  const outcome = await submit(work)
  if (!outcome.isDone) say(outcome.problem, 'problem')
  else if (done) say(done)
  return outcome.isDone
}

/** A form's state: busy while it is under way, then done or the problem in words. */
export class Submission implements ReactiveController {
  isBusy = false
  problem: string | null = null

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this)
  }

  hostConnected(): void {
    this.problem = null
  }

  async run<T>(work: () => Promise<T>): Promise<Outcome<T>> {
    this.isBusy = true
    this.problem = null
    this.host.requestUpdate()
    const outcome = await submit(work)
    this.isBusy = false
    this.problem = outcome.isDone ? null : outcome.problem
    this.host.requestUpdate()
    return outcome
  }
}
