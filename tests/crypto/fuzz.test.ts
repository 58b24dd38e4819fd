import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import { fuzz } from './fuzz/run.ts'
import { makeTargets } from './fuzz/targets.ts'

setDefaultTimeout(120_000)
beforeAll(() => sodiumReady)

// The long form, a million for each: bun scripts/fuzz.ts --long
test('every decoder answers or refuses, whatever comes in, in bounded time and memory', async () => {
  const seed = Date.now() & 0xffffffff
  for (const target of await makeTargets()) {
    const outcome = await fuzz(target, 1_500, seed)
    expect([outcome.name, seed, outcome.faults]).toEqual([outcome.name, seed, []])
    expect([outcome.name, outcome.slowestMs < 500]).toEqual([outcome.name, true])
    expect([outcome.name, outcome.grownMiB < 64]).toEqual([outcome.name, true])
  }
})
