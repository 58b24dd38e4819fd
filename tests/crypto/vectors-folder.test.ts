import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

setDefaultTimeout(60_000)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trallivalli-vectors-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function runVectors(directory: string) {
  const run = Bun.spawn([process.execPath, join(import.meta.dir, '../../scripts/vectors.ts'), directory], {
    stderr: 'pipe',
  })
  const output = await new Response(run.stdout).text()
  return { code: await run.exited, lines: output.trim().split('\n') }
}
const right = {
  ...{
    name: 'two users',
    op: 'dmConvId',
    inputs: { userA: '00'.repeat(16), userB: '11'.repeat(16) },
    intermediates: {},
  },
  outputs: { convId: 'wrong' },
}

test('a folder with files and operations that nobody knows is run to its end, and they count as failed', async () => {
  writeFileSync(join(folder, 'README.md'), 'not a vector')
  writeFileSync(join(folder, 'broken.json'), 'not json')
  writeFileSync(join(folder, 'other.json'), '{"description":"no cases"}')
  writeFileSync(join(folder, 'odd.json'), '{"cases":[null,3,{"name":"only a name"}]}')
  writeFileSync(join(folder, 'new.json'), '{"cases":[{"name":"x","op":"notYetInvented","inputs":{},"outputs":{}}]}')
  writeFileSync(join(folder, 'wrong.json'), JSON.stringify({ cases: [right] }))
  mkdirSync(join(folder, 'folder.json'))
  const { code, lines } = await runVectors(folder)
  expect(lines.at(-1)).toBe('0 passed, 8 failed')
  expect(code).toBe(1)
  expect(lines).toContain('FAILED new.json: x: unknown operation notYetInvented')
})

test('an empty folder is no success, and one that is not there is said to be so', async () => {
  expect((await runVectors(folder)).lines.at(-1)).toBe('0 passed, 0 failed')
  expect((await runVectors(folder)).code).toBe(1)
  expect((await runVectors(join(folder, 'nowhere'))).code).toBe(2)
})
