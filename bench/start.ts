import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { residentMb } from './support/machine.ts'
import { Poster } from './support/poster.ts'
import { newFolder, prepareHome } from './support/prepared-home.ts'
import { FrameTrain } from './support/raw-line.ts'
import { Report, readOptions } from './support/report.ts'
import { postFrames, sealBodies } from './support/sealed-posts.ts'
import { programPath, startProgram } from './support/server-process.ts'
import { median, round, spread } from './support/statistics.ts'

// The executable as shipped: how long until it answers, in an empty folder and in one that it knows, what it holds idle, and
// what it holds after each hour's worth of a large family's messages: less or more, as its garbage lies, but not ever more.

const idleMs = 60_000
const family = { people: 24, groupSize: 4 }
/** Ten messages a second for an hour. */
const hourPosts = 36_000
const hours = 6
const settleMs = 10_000
/** A device may not say more at once. */
const lotsAnHour = 4
const lotRestMs = 3_000

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

/** Megabytes after each hour's worth of messages, when the server had a moment of rest. */
async function measureLoad(): Promise<number[]> {
  using home = await prepareHome(family.people, family.groupSize)
  await using server = await startProgram(home.folder)
  const posters = await Promise.all(home.seats.map((seat) => Poster.open(server.url, seat)))
  const share = Math.ceil(hourPosts / lotsAnHour / home.seats.length)
  const restMb: number[] = []
  while (restMb.length < hours) {
    for (let lot = 0; lot < lotsAnHour; lot++) {
      await Promise.all(
        home.seats.map(async (seat, at) =>
          posters[at]!.post(new FrameTrain(postFrames(seat, await sealBodies(seat, share)))),
        ),
      )
      await Bun.sleep(lotRestMs)
    }
    await Bun.sleep(settleMs)
    restMb.push(residentMb(server.processId))
  }
  for (const poster of posters) poster.close()
  return restMb
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
const hoursMb = await measureLoad()
report.say(`after ${hourPosts} posts, and each ${hourPosts} more: ${hoursMb.map((mb) => round(mb)).join(', ')} MB`)
report.end({
  first_start_ms: round(median(starts.map((start) => start.firstMs))),
  start_ms: round(median(starts.map((start) => start.secondMs))),
  ...{ idle_rss_mb: round(idleMb), binary_mb: round(binaryMb) },
  hours_rss_mb: hoursMb.map((mb) => round(mb)),
})
process.exit(0)
