import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parts } from './parts.ts'
import { Report, short } from './report.ts'
import { Checker, type Sight, Witness } from './witness.ts'

// The short mode of `bun run torture`, each part a test.
for (const { name, run } of parts) {
  test(`torture: ${name}`, async () => {
    const report = new Report()
    report.say(`  seed ${short.seed}`)
    await run(report, short)
    expect(report.failures).toEqual([])
    expect(report.passed).toBeGreaterThan(0)
  }, 120_000)
}

const sent = (id: string): Sight => ({ what: 'sent', who: 'oma', where: 'g', id, hash: `#${id}` })
const acked = (id: string, seq: number): Sight => ({ what: 'acked', who: 'oma', where: 'g', id, seq })
const read = (ids: string[], seqs = ids.map((_, index) => index + 1)): Sight => ({
  ...{ what: 'read', who: 'papa', where: 'g', from: 0 },
  ...{ hashes: ids.map((id) => `#${id}`), seqs },
})

const stories: [string, Sight[], RegExp | null][] = [
  ['all is well', [sent('a'), acked('a', 1), sent('b'), read(['a', 'b'])], null],
  [
    'one is lost',
    [sent('a'), acked('a', 1), sent('b'), acked('b', 2), read(['a'])],
    /reads g up to 1, but there was 2/,
  ],
  ['two changed places', [sent('a'), acked('a', 1), sent('b'), acked('b', 2), read(['b', 'a'])], /is two messages/],
  ['one is there twice', [sent('a'), acked('a', 1), read(['a', 'a'])], /one message is at g 1 and at g 2/],
  ['nobody sent it', [sent('a'), acked('a', 1), read(['a', 'x'])], /holds what nobody sent/],
  ['there is a gap', [sent('a'), sent('b'), read(['a', 'b'], [1, 3])], /with a gap/],
  ['it got two numbers', [sent('a'), acked('a', 1), acked('a', 2)], /acknowledged under two numbers/],
]
test.each(stories)('the checker of crashes judges that %s', (_, story, complaint) => {
  const folder = mkdtempSync(join(tmpdir(), 'tv-checker-'))
  try {
    using witness = new Witness(join(folder, 'seen.jsonl'))
    for (const sight of story) witness.note(sight)
    const faults = new Checker().judge(witness.path, { isWhole: true })
    if (complaint === null) expect(faults).toEqual([])
    else expect(faults.join('\n')).toMatch(complaint)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
