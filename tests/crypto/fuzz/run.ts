import { ClientFailure } from '../../../src/client/api.ts'
import { DecryptionFailed } from '../../../src/crypto/errors.ts'
import { MalformedFrame } from '../../../src/protocol/codec.ts'
import { Dice, mutate } from './mutate.ts'
import type { Target } from './targets.ts'

export type Outcome = {
  name: string
  inputs: number
  accepted: number
  slowestMs: number
  grownMiB: number
  faults: string[]
}

/** One decoder over so many inputs: what it threw that is no refusal, how long the slowest took, what memory it kept. */
export async function fuzz(target: Target, inputs: number, seed: number): Promise<Outcome> {
  const dice = new Dice(seed)
  const outcome: Outcome = { name: target.name, inputs, accepted: 0, slowestMs: 0, grownMiB: 0, faults: [] }
  for (const valid of target.seeds) await target.decode(valid)
  Bun.gc(true)
  const before = process.memoryUsage().heapUsed
  for (let count = 0; count < inputs && outcome.faults.length < 5; count++) {
    const bytes = mutate(dice, target.seeds)
    const startedAt = performance.now()
    try {
      const answer = target.decode(bytes)
      if (answer instanceof Promise) await answer
      outcome.accepted++
    } catch (error) {
      if (!isRefusal(error)) outcome.faults.push(`${String(error)} for ${Buffer.from(bytes).toString('hex')}`)
    }
    const tookMs = performance.now() - startedAt
    // Once more what was slow: on a busy machine most of it was waiting for a turn.
    if (tookMs > outcome.slowestMs) {
      outcome.slowestMs = Math.max(outcome.slowestMs, Math.min(tookMs, await timeOf(target, bytes)))
    }
  }
  Bun.gc(true)
  outcome.grownMiB = Math.round((process.memoryUsage().heapUsed - before) / 2 ** 20)
  return outcome
}

async function timeOf(target: Target, bytes: Uint8Array): Promise<number> {
  const startedAt = performance.now()
  await Promise.resolve()
    .then(() => target.decode(bytes))
    .catch(() => null)
  return performance.now() - startedAt
}

function isRefusal(error: unknown): boolean {
  return error instanceof DecryptionFailed || error instanceof MalformedFrame || error instanceof ClientFailure
}
