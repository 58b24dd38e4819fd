import { DecryptionFailed } from '../../../src/crypto/errors.ts'
import { sodiumReady } from '../../../src/crypto/sodium.ts'
import { opsA } from './ops-a.ts'
import { opsB } from './ops-b.ts'
import type { Json, OpTable, VectorCase } from './types.ts'

// Nothing here is particular to Bun: the same file is bundled and run in a browser.

/** What each `op` of the vector files does with the product's code. */
export const operations: OpTable = { ...opsA, ...opsB }

/** What became of one case; `failure` is null when it passed. */
export interface CaseResult {
  name: string
  failure: string | null
}

/** Runs every case of one file, given its parsed JSON. */
export async function runFile(file: { cases: VectorCase[] }): Promise<CaseResult[]> {
  await sodiumReady
  const results: CaseResult[] = []
  for (const vector of file.cases) {
    results.push({ name: vector.name, failure: await runCase(vector, file.cases) })
  }
  return results
}

/** Null if the case passes, else one sentence about what went wrong. */
export async function runCase(vector: VectorCase, all: VectorCase[]): Promise<string | null> {
  if (!Object.hasOwn(operations, vector.op)) return `unknown operation ${vector.op}`
  try {
    const outputs = await operations[vector.op]!(vector, all)
    if (vector.mustFail) return `was accepted: ${vector.why}`
    if (vector.outputs === undefined) return 'the case has no outputs'
    return difference(vector.outputs, outputs, 'outputs')
  } catch (error) {
    if (vector.mustFail && error instanceof DecryptionFailed) return null
    if (error instanceof DecryptionFailed) return `was refused: ${error.reason}`
    return `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`
  }
}

// Both ways: an output that is missing and one that the file does not have are both wrong.
function difference(wanted: Json | undefined, got: Json | undefined, path: string): string | null {
  if (typeof wanted !== 'object' || wanted === null || typeof got !== 'object' || got === null) {
    return wanted === got ? null : `${path}: wanted ${shorten(wanted)}, got ${shorten(got)}`
  }
  if (Array.isArray(wanted) !== Array.isArray(got)) return `${path}: a list and a record`
  const left = new Map(Object.entries(wanted))
  const right = new Map(Object.entries(got))
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const found = difference(left.get(key), right.get(key), `${path}.${key}`)
    if (found !== null) return found
  }
  return null
}

function shorten(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
