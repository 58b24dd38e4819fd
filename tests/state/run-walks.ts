import { ciSize, listLives, live, longSize, noTotals } from './walks.ts'

// bun tests/state/run-walks.ts ci|long <seed> <first life> <every how many> [how many at once]
// The last line on stdout is what was done as JSON; a life that failed is told on stderr, and ends it with 1.
const [which, seed, first, step, atOnce = '4'] = process.argv.slice(2)
const size = which === 'long' ? longSize : ciSize
const totals = noTotals()
const lives = listLives(size, Number(seed))
  .entries()
  .filter(([at]) => at % Number(step) === Number(first))
const running = new Set<number>()

// What a device itself holds for a fault of the program is one.
console.error = (...told: unknown[]) => fail(`a device reported ${told.map(String).join(' ')}`)
// Refusals that a walk brings about on purpose.
console.warn = () => undefined

function fail(why: unknown): void {
  process.exitCode = 1
  const where = `bun tests/state/run-walks.ts ${which} ${seed} ${[...running].join('|')} ${size.lives}`
  process.stderr.write(`${where}\n${typeof why === 'string' ? why : Bun.inspect(why)}\n`)
}

async function liveOn(): Promise<void> {
  for (const [at, life] of lives) {
    running.add(at)
    await live(life, totals).catch(fail)
    running.delete(at)
    if (process.exitCode) return
  }
}

/** Several at once: while one family waits for something to happen, another goes on. */
await Promise.all(Array.from({ length: Number(atOnce) }, liveOn))
console.log(JSON.stringify(totals))
process.exit()
