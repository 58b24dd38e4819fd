import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { type Kind, weights } from './actions.ts'
import { ciSize, count, longSize, noTotals, type Totals } from './walks.ts'

// Whole devices on whole homes. A long run: TRALLIVALLI_LONG=1. The same again: TRALLIVALLI_SEED=<what was printed>.
const isLong = process.env['TRALLIVALLI_LONG'] === '1'
const seed = Number(process.env['TRALLIVALLI_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const PROCESSES = 2
/** How often each kind of action must have been done, so that none drops out of the mix unseen. */
const LEAST = 30
setDefaultTimeout(isLong ? 48 * 3_600_000 : 900_000)

/** Part of the lives in a process of its own. */
async function walk(part: number): Promise<Totals> {
  const script = fileURLToPath(new URL('run-walks.ts', import.meta.url))
  const size = isLong ? 'long' : 'ci'
  const child = Bun.spawn([process.execPath, script, size, `${seed}`, `${part}`, `${PROCESSES}`], {
    ...{ stdout: 'pipe', stderr: 'inherit' },
  })
  const told = await child.stdout.text()
  expect({ seed, exitCode: await child.exited }).toEqual({ seed, exitCode: 0 })
  return JSON.parse(told.trim().split('\n').at(-1)!)
}

function sum(parts: readonly Totals[]): Totals {
  const all = noTotals()
  for (const { kinds, people, mostDevices, ...counts } of parts) {
    for (const [kind, times] of Object.entries(kinds)) count(all.kinds, kind as Kind, times)
    for (const [size, times] of Object.entries(people)) count(all.people, Number(size), times)
    for (const [what, times] of Object.entries(counts)) all[what as keyof typeof counts] += times
    all.mostDevices = Math.max(all.mostDevices, mostDevices)
  }
  return all
}

describe('families whose lines break, whose pages crash at any write, who link, remove, come by kit, go and come again', () => {
  test('use no key twice, seal for no outsider, and end with the same words everywhere', async () => {
    const totals = sum(await Promise.all(Array.from({ length: PROCESSES }, (_, part) => walk(part))))
    console.log(`seed ${seed}:`, JSON.stringify(totals))
    const { lives, walksOfLife } = isLong ? longSize : ciSize
    expect(totals.walks).toBe(lives * walksOfLife)
    for (const kind of Object.keys(weights) as Kind[]) {
      expect({ kind, isOften: (totals.kinds[kind] ?? 0) >= LEAST }).toEqual({ kind, isOften: true })
    }
    expect(Object.keys(totals.people)).toEqual(['2', '3', '4', '5', '6'])
    expect(totals.mostDevices).toBe(4)
    // There were outsiders to leave out, and readers to seal for.
    for (const count of [totals.keptFrom, totals.sealedFor, totals.keys]) expect(count).toBeGreaterThan(totals.walks)
  })
})
