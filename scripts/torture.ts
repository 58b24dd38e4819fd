import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parts } from '../tests/torture/parts.ts'
import { long, Report, short } from '../tests/torture/report.ts'

// bun run torture [--long] [--binary dist/trallivalli] [--seed N] [--rounds N] [--inputs N] [--walks N] [--minutes N] [part …]
const { values, positionals } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    binary: { type: 'string' },
    seed: { type: 'string' },
    rounds: { type: 'string' },
    walks: { type: 'string' },
    inputs: { type: 'string' },
    minutes: { type: 'string' },
  },
  allowPositionals: true,
})
const base = values.long ? long : short
const intensity = {
  ...base,
  seed: Number(values.seed ?? base.seed),
  rounds: Number(values.rounds ?? base.rounds),
  inputs: Number(values.inputs ?? base.inputs),
  walks: Number(values.walks ?? base.walks),
  minutes: Number(values.minutes ?? base.minutes),
  binary: values.binary ? resolve(values.binary) : null,
}
const chosen = parts.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
if (chosen.length === 0) throw new Error(`no such part; there are: ${parts.map(({ name }) => name).join(', ')}`)

console.log(`${values.long ? 'long' : 'short'} mode, seed ${intensity.seed}, ${intensity.binary ?? 'from source'}`)
const report = new Report()
for (const { name, run } of chosen) {
  const startedAt = performance.now()
  console.log(`\n=== ${name}`)
  try {
    await run(report, intensity)
  } catch (error) {
    report.fail(name, error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  console.log(`--- ${name}: ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
}
console.log(`\n${report.passed} passed, ${report.failures.length} failed`)
process.exit(report.failures.length === 0 ? 0 : 1)
