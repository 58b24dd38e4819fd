import { rmSync } from 'node:fs'
import { ejabberd } from './peers/ejabberd.ts'
import { mosquitto } from './peers/mosquitto.ts'
import { nats } from './peers/nats.ts'
import { type Occupant, type Peer, type PeerRun, runPeerRoom } from './peers/peer.ts'
import { prosody } from './peers/prosody.ts'
import type { XmppOccupant } from './peers/xmpp.ts'
import { runBench } from './support/child-bench.ts'
import { residentMb } from './support/machine.ts'
import { newFolder, prepareHome } from './support/prepared-home.ts'
import { FrameTrain } from './support/raw-line.ts'
import { Report, readOptions } from './support/report.ts'
import { Room, type RoomRun } from './support/room.ts'
import { bareFrames, bareRoom, ourRoom } from './support/rooms.ts'
import { postFrames, sealBodies } from './support/sealed-posts.ts'
import { startBareServer, startServer } from './support/server-process.ts'
import { median, round, spread } from './support/statistics.ts'

// One room, one sender, everybody's copy timed. Ours and the bare loop take turns, so that what else the machine does hits
// both; the peers follow one by one. At last the same with whole clients (`fanout-live`); BENCH_LIVE=no leaves them out.

const occupants = 50
const windows = [50, 1]
const messagesOf = { ours: { 50: 5_000, 1: 600 }, peers: { 50: 600, 1: 150 } } as Record<string, Record<number, number>>

type Run = PeerRun
type Rows = Map<number, Run[]>

const options = readOptions({ runs: 5 })
const report = new Report('fanout', options.isJson)
const wanted = options.window === null ? windows : [options.window]

function note(rows: Rows, window: number, run: Run): void {
  rows.set(window, [...(rows.get(window) ?? []), run])
}

function summarize(runs: readonly Run[]) {
  return {
    deliveries_per_s: round(median(runs.map((run) => run.deliveriesPerS))),
    p50_ms: round(median(runs.map((run) => run.p50Ms)), 2),
    p95_ms: round(median(runs.map((run) => run.p95Ms)), 2),
  }
}

function say(name: string, window: number, runs: readonly Run[], more = ''): void {
  const rate = spread(runs, (run) => run.deliveriesPerS)
  const [p50, p95] = [spread(runs, (run) => run.p50Ms, 2), spread(runs, (run) => run.p95Ms, 2)]
  report.say(
    `${name.padEnd(15)} window ${String(window).padStart(2)}: ${rate} deliveries/s, p50 ${p50} ms, p95 ${p95} ms${more}`,
  )
}

/** The next train of freshly sealed messages, and the number of its first. */
let nextNumber = 1
async function nextBodies(window: number): Promise<{ bodies: Uint8Array[]; first: number }> {
  const bodies = await sealBodies(home.seats[0]!, messagesOf['ours']![window] ?? 2_000)
  const first = nextNumber
  nextNumber += bodies.length
  return { bodies, first }
}

async function runOurs(window: number): Promise<RoomRun> {
  const { bodies, first } = await nextBodies(window)
  return ourOccupants.run(new FrameTrain(postFrames(home.seats[0]!, bodies)), window, first)
}

/** Ours and the bare loop, in turns, on the same sealed bytes. */
async function compareWithBare(): Promise<{ ours: Rows; bare: Rows }> {
  const bareFolder = newFolder()
  await using bareServer = await startBareServer(bareFolder)
  using bareOccupants = await Room.open(bareRoom(bareServer.url, occupants))
  const rows = { ours: new Map<number, RoomRun[]>(), bare: new Map<number, RoomRun[]>() }
  for (const window of wanted) {
    // The first of each is thrown away: the compiler is still at work.
    for (let run = -1; run < options.runs; run++) {
      const { bodies, first } = await nextBodies(window)
      const ours = await ourOccupants.run(new FrameTrain(postFrames(home.seats[0]!, bodies)), window, first)
      const bare = await bareOccupants.run(new FrameTrain(bareFrames(bodies, first)), window, first)
      if (run < 0) continue
      note(rows.ours, window, ours)
      note(rows.bare, window, bare)
    }
  }
  rmSync(bareFolder, { recursive: true, force: true })
  return rows
}

/** Each run beside one of ours: `times` is how many deliveries we made for one of theirs. */
async function measurePeer(peer: Peer): Promise<{ rows: Rows; times: Map<number, number[]> } | null> {
  if (!Bun.which(peer.program)) {
    report.say(`${peer.name} is left out: ${peer.program} is not installed`)
    return null
  }
  const folder = newFolder()
  const [rows, times]: [Rows, Map<number, number[]>] = [new Map(), new Map()]
  await using running = await peer.start(folder)
  const inRoom: Occupant[] = []
  while (inRoom.length < occupants) inRoom.push(await running.join(inRoom.length))
  let first = 1
  for (const window of wanted) {
    const messages = messagesOf['peers']![window] ?? 300
    for (let run = 0; run < Math.min(options.runs, 3); run++) {
      const ours = await runOurs(window)
      const theirs = await runPeerRoom(inRoom, { messages, window, first })
      note(rows, window, theirs)
      times.set(window, [...(times.get(window) ?? []), ours.deliveriesPerS / theirs.deliveriesPerS])
      first += messages
    }
    say(peer.name, window, rows.get(window)!, `, ${round(residentMb(running.processId))} MB`)
  }
  await checkArchive(peer, inRoom[0]!, first - 1)
  for (const occupant of inRoom) occupant.close()
  rmSync(folder, { recursive: true, force: true })
  return { rows, times }
}

// A peer that stores nothing would be compared unfairly.
async function checkArchive(peer: Peer, occupant: Occupant, expected: number): Promise<void> {
  if (!('countArchived' in occupant)) return
  await Bun.sleep(1_000)
  const archived = await (occupant as XmppOccupant).countArchived()
  if (archived !== expected) report.say(`!!! ${peer.name} archived ${archived} of ${expected} messages`)
}

using home = await prepareHome(occupants, occupants)
await using server = await startServer(home.folder)
using ourOccupants = await Room.open(ourRoom(server.url, home.seats))
const { ours, bare } = await compareWithBare()
const rssMb = residentMb(server.processId)
for (const window of wanted) {
  say('ours', window, ours.get(window)!, `, ${round(rssMb)} MB`)
  say('bare', window, bare.get(window)!)
}
const peers = new Map<string, NonNullable<Awaited<ReturnType<typeof measurePeer>>>>()
for (const peer of [prosody, ejabberd, nats, mosquitto]) {
  try {
    const measured = await measurePeer(peer)
    if (measured) peers.set(peer.name, measured)
  } catch (error) {
    report.say(`${peer.name} is left out: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Each run against the bare run beside it. */
function bareRatio(window: number): number {
  const pairs = ours.get(window)!.map((run, at) => run.deliveriesPerS / bare.get(window)![at]!.deliveriesPerS)
  return round(median(pairs), 2)
}

const resultOf = (window: number) => {
  const own = summarize(ours.get(window)!)
  const others = [...peers].map(([name, { rows, times }]) => [
    name,
    { ...summarize(rows.get(window)!), times: round(median(times.get(window)!), 1) },
  ])
  return {
    ...{ k: occupants, window, ...own, rss_mb: round(rssMb), bare_ratio: bareRatio(window) },
    bare: summarize(bare.get(window)!),
    peers: Object.fromEntries(others),
  }
}
for (const window of wanted) {
  const others = [...peers].map(([name, { times }]) => `${round(median(times.get(window)!), 1)} times ${name}`)
  report.say(`window ${window}: ${[`${bareRatio(window)} of the bare loop`, ...others].join(', ')}`)
}
/** Fifty devices that seal and open, in a process of their own. */
async function measureLive(): Promise<Record<string, unknown> | null> {
  if (process.env['BENCH_LIVE'] === 'no') return null
  const window = options.window === null ? [] : ['--window', String(options.window)]
  return runBench('fanout-live', ['--runs', String(Math.min(options.runs, 3)), ...window])
}

const [main = 50, ...rest] = wanted
const live = await measureLive()
report.end({
  ...resultOf(main),
  ...Object.fromEntries(rest.map((window) => [`window_${window}`, resultOf(window)])),
  ...(live && { live }),
})
process.exit(0)
