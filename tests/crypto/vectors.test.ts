import { describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { hasPublishedVectors, publishedVectors, readPublished } from './published.ts'
import { runCase, runFile } from './vectors/run.ts'
import type { VectorCase } from './vectors/types.ts'

const folder = join(publishedVectors, 'trallivalli-1')
const files = hasPublishedVectors ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []

describe.skipIf(!hasPublishedVectors)('frozen vectors of TralliValli/1', () => {
  test('there are files to run', () => {
    expect(files.length).toBeGreaterThanOrEqual(17)
  })

  for (const name of files) {
    test(`every case of ${name} comes out as frozen`, async () => {
      const file = await readPublished<{ cases: VectorCase[] }>('trallivalli-1', name)
      const results = await runFile(file)
      expect(results.length).toBe(file.cases.length)
      expect(results.filter((result) => result.failure !== null)).toEqual([])
    })
  }

  test('the runner itself fails a case that is wrong', async () => {
    const { cases } = await readPublished<{ cases: VectorCase[] }>('trallivalli-1', 'ids.json')
    const good = cases[0]!
    expect(await runCase(good, cases)).toBeNull()
    expect(await runCase({ ...good, outputs: { convId: '00' } }, cases)).toContain('wanted')
    expect(await runCase({ ...good, outputs: {} }, cases)).toContain('wanted nothing')
    expect(await runCase({ ...good, op: 'noSuchOperation' }, cases)).toContain('unknown operation')
    expect(await runCase({ ...good, mustFail: true, why: 'a test' }, cases)).toContain('was accepted')
  })
})
