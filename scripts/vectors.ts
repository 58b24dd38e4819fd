// bun run vectors DIR: runs every case of every JSON file in DIR (the form is in docs/protocol.md) through the product's
// code, names each that fails, and ends with "N passed, N failed" alone on a line.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runFile } from '../tests/crypto/vectors/run.ts'
import type { VectorCase } from '../tests/crypto/vectors/types.ts'

type FileResult = { passed: number; failures: string[] }

/** A file that is not of the form is one failure: what cannot be run has not passed, and the other files are run all the same. */
async function runPath(path: string): Promise<FileResult> {
  try {
    const file = (await Bun.file(path).json()) as { cases?: unknown } | null
    if (!Array.isArray(file?.cases)) throw new Error('has no list of cases')
    const isCase = (given: unknown): given is VectorCase =>
      typeof given === 'object' && given !== null && 'name' in given && 'op' in given && 'inputs' in given
    const odd = file.cases.filter((given) => !isCase(given)).map((given) => `not a case: ${JSON.stringify(given)}`)
    const results = await runFile({ cases: file.cases.filter(isCase) })
    const failed = results.filter((result) => result.failure !== null)
    const named = failed.map(({ name, failure }) => `${name}: ${failure}`)
    return { passed: results.length - failed.length, failures: [...odd, ...named] }
  } catch (error) {
    return { passed: 0, failures: [error instanceof Error ? error.message : String(error)] }
  }
}

async function main(directory: string | undefined): Promise<number> {
  if (directory === undefined) {
    console.error('Usage: bun run vectors DIR')
    return 2
  }
  const found = await readdir(directory).catch(() => null)
  if (found === null) {
    console.error(`There is no folder ${directory}`)
    return 2
  }
  const names = found.filter((name) => name.endsWith('.json')).sort()
  let passed = 0
  let failed = 0
  for (const name of names) {
    const result = await runPath(join(directory, name))
    for (const failure of result.failures) console.log(`FAILED ${name}: ${failure}`)
    passed += result.passed
    failed += result.failures.length
    console.log(`${name}: ${result.passed} of ${result.passed + result.failures.length}`)
  }
  console.log(`${passed} passed, ${failed} failed`)
  // No cases at all is not a success: a mistyped folder must not look like one.
  return failed === 0 && passed > 0 ? 0 : 1
}

process.exit(await main(process.argv[2]))
