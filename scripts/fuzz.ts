// bun scripts/fuzz.ts [--long] [--only NAME] [--seed N]: random and nearly valid inputs for every decoder. --long: a million for each.
import { parseArgs } from 'node:util'
import { sodiumReady } from '../src/crypto/sodium.ts'
import { fuzz } from '../tests/crypto/fuzz/run.ts'
import { makeTargets } from '../tests/crypto/fuzz/targets.ts'

const MAX_MS = 500
const MAX_MIB = 64

const { values } = parseArgs({
  options: { long: { type: 'boolean' }, only: { type: 'string' }, seed: { type: 'string' } },
})
await sodiumReady
const inputs = values.long ? 1_000_000 : 20_000
const seed = Number(values.seed ?? Date.now() % 0x7fffffff)
console.log(`seed ${seed}, ${inputs} inputs for each decoder`)
let bad = 0
for (const target of await makeTargets()) {
  if (values.only !== undefined && !target.name.includes(values.only)) continue
  const { name, accepted, slowestMs, grownMiB, faults } = await fuzz(target, inputs, seed)
  const isGood = faults.length === 0 && slowestMs < MAX_MS && grownMiB < MAX_MIB
  if (!isGood) bad++
  const numbers = `${accepted} taken, slowest ${slowestMs.toFixed(1)} ms, memory ${grownMiB} MiB`
  console.log(`${isGood ? 'ok    ' : 'FAILED'} ${name}: ${numbers}`)
  for (const fault of faults) console.log(`       ${fault.slice(0, 600)}`)
}
console.log(bad === 0 ? 'every decoder answered or refused' : `${bad} decoders failed`)
process.exit(bad === 0 ? 0 : 1)
