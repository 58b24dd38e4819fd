import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LiveHome } from './support/live-home.ts'
import { newFolder } from './support/prepared-home.ts'
import { Report, readOptions } from './support/report.ts'
import { startServer } from './support/server-process.ts'
import { median, percentile, round, spread } from './support/statistics.ts'
import { numberedId, onOpened } from './support/texts.ts'

// The family conversation of fifty whole clients in one process: one writes, and each copy is timed until it is opened, stored
// and shown. Forty-nine devices share one processor here, so this measures the client far more than the server.

const people = Number(process.env['BENCH_PEOPLE'] ?? 50)
const messages = { 50: 100, 1: 20 } as Record<number, number>
const words = 'x'.repeat(300)

const options = readOptions({ runs: 3 })
const report = new Report('fanout-live', options.isJson)
const windows = options.window === null ? [50, 1] : [options.window]

const folder = newFolder()
mkdirSync(folder, { recursive: true })
await using server = await startServer(folder)
const claimToken = readFileSync(join(folder, 'claim-token'), 'utf8').trim()
const startedAt = performance.now()
await using home = await LiveHome.open(server, claimToken, people)
const family = await home.family()
report.say(`${people} people founded and joined in ${round((performance.now() - startedAt) / 1_000, 1)} s`)
const [sender, ...readers] = home.members

interface Run {
  deliveriesPerS: number
  p50Ms: number
  p95Ms: number
}

async function measure(window: number, count: number): Promise<Run> {
  const sentAt: number[] = []
  const latencies: number[] = []
  const expected = count * readers.length
  const everythingCame = Promise.withResolvers<void>()
  let [next, sent] = [0, 0]
  const say = async () => {
    const number = next++
    sentAt[number] = performance.now()
    await sender!.client.sendText(family, numberedId(number), words)
  }
  const opened = (number: number) => {
    latencies.push(performance.now() - sentAt[number]!)
    if (latencies.length === expected) everythingCame.resolve()
  }
  const counts: number[] = Array.from({ length: count }, () => 0)
  const cancels = readers.map((reader) =>
    onOpened(reader, family, ({ messageId }) => {
      const number = Buffer.from(messageId, 'base64url').readUInt32BE(0)
      opened(number)
      // The window moves on when everybody has read the message.
      if (++counts[number]! === readers.length && ++sent <= count && next < count) void say()
    }),
  )
  const begunAt = performance.now()
  for (let waiting = 0; waiting < Math.min(window, count); waiting++) void say()
  await everythingCame.promise
  const seconds = (performance.now() - begunAt) / 1_000
  for (const cancel of cancels) cancel()
  const [p50Ms, p95Ms] = [percentile(latencies, 0.5), percentile(latencies, 0.95)]
  return { deliveriesPerS: expected / seconds, p50Ms, p95Ms }
}

// The first message takes its chain's key to every device, and each reader's first receipt does the same.
const warmedAt = performance.now()
await measure(1, 2)
report.say(`the first messages and what they set off took ${round((performance.now() - warmedAt) / 1_000, 1)} s`)
const results: Record<string, unknown>[] = []
for (const window of windows) {
  const runs: Run[] = []
  for (let run = 0; run < options.runs; run++) runs.push(await measure(window, messages[window] ?? 50))
  const [p50, p95] = [spread(runs, (run) => run.p50Ms, 1), spread(runs, (run) => run.p95Ms, 1)]
  report.say(
    `window ${window}: ${spread(runs, (run) => run.deliveriesPerS)} deliveries/s, p50 ${p50} ms, p95 ${p95} ms`,
  )
  results.push({
    ...{ k: people, window, deliveries_per_s: round(median(runs.map((run) => run.deliveriesPerS))) },
    p50_ms: round(median(runs.map((run) => run.p50Ms)), 2),
    p95_ms: round(median(runs.map((run) => run.p95Ms)), 2),
  })
}
const [main, ...others] = results
report.end({ ...main, others })
rmSync(folder, { recursive: true, force: true })
process.exit(0)
