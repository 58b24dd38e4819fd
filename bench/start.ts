import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { residentMb } from './support/machine.ts'
import { newFolder } from './support/prepared-home.ts'
import { Report, readOptions } from './support/report.ts'
import { programPath, startProgram } from './support/server-process.ts'
import { median, round, spread } from './support/statistics.ts'

// The executable as shipped: how long until it answers, in an empty folder and in one that it knows, and what it holds idle.

const idleMs = 60_000

interface Start {
  firstMs: number
  secondMs: number
}

async function timeStart(folder: string): Promise<number> {
  const startedAt = performance.now()
  await using server = await startProgram(folder)
  const answer = await fetch(`${server.url}/health`)
  if (!answer.ok) throw new Error(`/health answered ${answer.status}`)
  return performance.now() - startedAt
}

const { isJson, runs } = readOptions({ runs: 7 })
const report = new Report('start', isJson)
const starts: Start[] = []
for (let run = 0; run < runs; run++) {
  const folder = join(newFolder(), 'data')
  starts.push({ firstMs: await timeStart(folder), secondMs: await timeStart(folder) })
  rmSync(join(folder, '..'), { recursive: true, force: true })
}
report.say(`first start to the first answer: ${spread(starts, (start) => start.firstMs)} ms`)
report.say(`later starts: ${spread(starts, (start) => start.secondMs)} ms`)

const folder = join(newFolder(), 'data')
const idle = await startProgram(folder)
await Bun.sleep(idleMs)
const idleMb = residentMb(idle.processId)
await idle.stop()
rmSync(join(folder, '..'), { recursive: true, force: true })
const binaryMb = statSync(programPath).size / 1e6
report.say(`idle after a minute: ${round(idleMb)} MB; executable: ${round(binaryMb)} MB`)
report.end({
  first_start_ms: round(median(starts.map((start) => start.firstMs))),
  start_ms: round(median(starts.map((start) => start.secondMs))),
  ...{ idle_rss_mb: round(idleMb), binary_mb: round(binaryMb) },
})
process.exit(0)
