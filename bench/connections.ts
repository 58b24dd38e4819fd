import { SOCKET_PATH } from '../src/protocol/socket.ts'
import { gatherCrowd } from './support/crowd.ts'
import { peakMb, residentMb } from './support/machine.ts'
import { FrameTrain, RawLine } from './support/raw-line.ts'
import { Report, readOptions } from './support/report.ts'
import { postFrames, sealBodies } from './support/sealed-posts.ts'
import { startProgram } from './support/server-process.ts'
import { percentile, round } from './support/statistics.ts'

// 10,000 signed-in devices on the executable as shipped: what they cost, how long a message takes to those who share its
// conversation while the others sit there, and how long until all are back after a restart.

const devices = 10_000
const groupSize = 5
const activePerS = 100
const activeSeconds = 10
const atOnce = 500
const portsPerAddress = 20_000
const codes = { welcome: 1, message: 5 }

const { isJson } = readOptions({ runs: 1 })
const report = new Report('connections', isJson)
using crowd = await gatherCrowd({ accounts: devices, devicesEach: 1, groupSize })
const { seats } = crowd

type OnMessage = (chunk: Uint8Array, start: number) => void
let onMessage: OnMessage = () => undefined

function connect(url: string, seat: number, onGone: () => void): Promise<RawLine> {
  const { promise, resolve, reject } = Promise.withResolvers<RawLine>()
  const headers = { cookie: seats[seat]!.cookie }
  let line: RawLine | null = null
  let isWelcome = false
  // One address of this machine has too few ports for many more.
  const localAddress = `127.0.0.${1 + Math.floor(seat / portsPerAddress)}`
  RawLine.open(
    { url, path: SOCKET_PATH, headers },
    (chunk, start) => {
      if (chunk[start] === codes.welcome) {
        isWelcome = true
        if (line) resolve(line)
      } else if (chunk[start] === codes.message) onMessage(chunk, start)
    },
    localAddress,
  ).then((opened) => {
    line = opened
    line.onClose = onGone
    if (isWelcome) resolve(line)
  }, reject)
  return promise
}

/** Everybody comes at once, as after a restart; answers when all were said welcome. */
async function storm(url: string): Promise<{ lines: RawLine[]; seconds: number; refused: number }> {
  const startedAt = performance.now()
  const lines: RawLine[] = []
  let [next, refused] = [0, 0]
  const worker = async () => {
    while (next < devices) {
      const seat = next++
      lines[seat] = await connect(url, seat, () => refused++)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return { lines, seconds: (performance.now() - startedAt) / 1_000, refused }
}

/** Now and then somebody says something: every copy is timed. */
async function chat(lines: RawLine[]): Promise<number[]> {
  const total = activePerS * activeSeconds
  const sentAt = new Map<string, number>()
  const latencies: number[] = []
  const everythingCame = Promise.withResolvers<void>()
  const bodyAt = 1 + 16 + 8 + 8 + 4
  const messageIdAt = 4 + 16
  onMessage = (chunk, start) => {
    const id = Buffer.from(chunk.buffer, chunk.byteOffset + start + bodyAt + messageIdAt, 16).toString('hex')
    latencies.push(performance.now() - sentAt.get(id)!)
    if (latencies.length === total * (groupSize - 1)) everythingCame.resolve()
  }
  const posts: { seat: number; train: FrameTrain; id: string }[] = []
  for (let post = 0; post < total; post++) {
    const seat = Math.floor(Math.random() * devices)
    const [body] = await sealBodies(seats[seat]!, 1)
    const train = new FrameTrain(postFrames(seats[seat]!, [body!]))
    posts.push({ seat, train, id: Buffer.from(body!.subarray(messageIdAt, messageIdAt + 16)).toString('hex') })
  }
  const startedAt = performance.now()
  for (const [at, { seat, train, id }] of posts.entries()) {
    const waitMs = startedAt + (at * 1_000) / activePerS - performance.now()
    if (waitMs > 0) await Bun.sleep(waitMs)
    sentAt.set(id, performance.now())
    lines[seat]!.send(train, 0, 1)
  }
  await everythingCame.promise
  return latencies
}

const first = await startProgram(crowd.folder)
const before = residentMb(first.processId)
const arrival = await storm(first.url)
report.say(
  `${devices} devices were there after ${round(arrival.seconds, 1)} s; ${round(peakMb(first.processId))} MB at most`,
)
await Bun.sleep(10_000)
const idleMb = residentMb(first.processId)
const latencies = await chat(arrival.lines)
const activeMb = residentMb(first.processId)
const [p50Ms, p95Ms] = [percentile(latencies, 0.5), percentile(latencies, 0.95)]
report.say(
  `memory: ${round(before)} MB alone, ${round(idleMb)} MB with all of them, ${round(activeMb)} MB while they talk`,
)
report.say(`${latencies.length} deliveries: p50 ${round(p50Ms, 2)} ms, p95 ${round(p95Ms, 2)} ms`)

for (const line of arrival.lines) line.close()
await first.stop()
const second = await startProgram(crowd.folder)
const comeback = await storm(second.url)
report.say(`after a restart all were back in ${round(comeback.seconds, 1)} s, ${comeback.refused} were refused`)
const stormMb = peakMb(second.processId)
for (const line of comeback.lines) line.close()
await second.stop()
report.end({
  ...{ sockets: devices, rss_mb: round(activeMb), idle_rss_mb: round(idleMb), peak_mb: round(stormMb) },
  ...{ p50_ms: round(p50Ms, 2), p95_ms: round(p95Ms, 2) },
  ...{ storm_s: round(comeback.seconds, 1), refused: comeback.refused },
})
process.exit(0)
