import { rmSync } from 'node:fs'
import { newFolder, prepareHome } from './support/prepared-home.ts'
import { FrameTrain } from './support/raw-line.ts'
import { Report, readOptions } from './support/report.ts'
import { Room } from './support/room.ts'
import { bareFrames, bareRoom, ourRoom } from './support/rooms.ts'
import { postFrames, sealBodies } from './support/sealed-posts.ts'
import { startBareServer, startServer } from './support/server-process.ts'
import { median, round } from './support/statistics.ts'

// Ours against the bare loop in turns, within one run on one machine: only their ratio is judged, never a time. Well below what
// docs/performance.md says, so that it fails for a mistake and not for a neighbour.

const floors = { 50: 0.45, 1: 0.5 } as Record<number, number>
const messages = { 50: 2_000, 1: 300 } as Record<number, number>
const occupants = 50

const { isJson, runs } = readOptions({ runs: 7 })
const report = new Report('guard', isJson)
using home = await prepareHome(occupants, occupants)
const folder = newFolder()
await using server = await startServer(home.folder)
await using bareServer = await startBareServer(folder)
using ours = await Room.open(ourRoom(server.url, home.seats))
using bare = await Room.open(bareRoom(bareServer.url, occupants))

let first = 1
const ratios: Record<string, number> = {}
let isGood = true
for (const window of [50, 1]) {
  const found: number[] = []
  for (let run = -1; run < runs; run++) {
    const bodies = await sealBodies(home.seats[0]!, messages[window]!)
    const own = await ours.run(new FrameTrain(postFrames(home.seats[0]!, bodies)), window, first)
    const other = await bare.run(new FrameTrain(bareFrames(bodies, first)), window, first)
    first += bodies.length
    if (run >= 0) found.push(own.deliveriesPerS / other.deliveriesPerS)
  }
  const ratio = round(median(found), 2)
  ratios[`window_${window}`] = ratio
  isGood &&= ratio >= floors[window]!
  report.say(`window ${window}: ${ratio} of the bare loop, at least ${floors[window]} is wanted`)
}
report.end({ ratios, floors, is_good: isGood })
rmSync(folder, { recursive: true, force: true })
process.exit(isGood ? 0 : 1)
