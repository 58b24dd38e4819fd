// bun run vectors DIR: runs every case of every JSON file in DIR (the form is in docs/protocol.md) through the product's
// code, names each that fails, and ends with "N passed, N failed" alone on a line.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runFile } from '../tests/crypto/vectors/run.ts'
import type { VectorCase } from '../tests/crypto/vectors/types.ts'

async function readCases(path: string): Promise<{ cases: VectorCase[] }> {
  const file = (await Bun.file(path).json()) as { cases?: VectorCase[] }
  if (!Array.isArray(file.cases)) throw new Error(`${path} has no list of cases`)
  return { cases: file.cases }
}

async function main(directory: string | undefined): Promise<number> {
  if (directory === undefined) {
    console.error('Usage: bun run vectors DIR')
    return 2
  }
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort()
  let passed = 0
  let failed = 0
  for (const name of names) {
    const results = await runFile(await readCases(join(directory, name)))
    const failures = results.filter((result) => result.failure !== null)
    for (const { name: caseName, failure } of failures) console.log(`FAILED ${name}: ${caseName}: ${failure}`)
    passed += results.length - failures.length
    failed += failures.length
    console.log(`${name}: ${results.length - failures.length} of ${results.length}`)
  }
  console.log(`${passed} passed, ${failed} failed`)
  // No cases at all is not a success: a mistyped folder must not look like one.
  return failed === 0 && passed > 0 ? 0 : 1
}

process.exit(await main(process.argv[2]))
