import { residentMb } from './support/machine.ts'
import { inFlight, Poster } from './support/poster.ts'
import { prepareHome, type Seat } from './support/prepared-home.ts'
import { FrameTrain } from './support/raw-line.ts'
import { Report, readOptions } from './support/report.ts'
import { postFrames, sealBodies } from './support/sealed-posts.ts'
import { startServer } from './support/server-process.ts'
import { median, percentile, round, spread } from './support/statistics.ts'

// How many messages a second one home takes from many senders in many conversations: stored durably, acknowledged, and
// delivered to the members who are there. What is sent was sealed and signed before the clock starts.

const scenarios = [
  { name: 'sixteen groups of four', people: 64, groupSize: 4 },
  { name: 'one group of sixty-four', people: 64, groupSize: 64 },
]
const postsPerRun = 16_000

interface PostRun {
  postsPerS: number
  deliveriesPerS: number
  p50Ms: number
  p95Ms: number
}

async function measure(posters: Poster[], seats: readonly Seat[]): Promise<PostRun> {
  const share = postsPerRun / seats.length
  const trains: FrameTrain[] = []
  for (const seat of seats) trains.push(new FrameTrain(postFrames(seat, await sealBodies(seat, share))))
  const expected = seats.reduce((sum, { groupSize }) => sum + share * (groupSize - 1), 0)
  let delivered = 0
  const everythingCame = Promise.withResolvers<void>()
  for (const poster of posters) {
    poster.onDelivery = () => {
      if (++delivered === expected) everythingCame.resolve()
    }
  }
  const startedAt = performance.now()
  await Promise.all(posters.map((poster, at) => poster.post(trains[at]!)))
  const postSeconds = (performance.now() - startedAt) / 1_000
  await everythingCame.promise
  const allSeconds = (performance.now() - startedAt) / 1_000
  const waitsMs = posters.flatMap((poster) => poster.waitsMs)
  return {
    ...{ postsPerS: postsPerRun / postSeconds, deliveriesPerS: expected / allSeconds },
    ...{ p50Ms: percentile(waitsMs, 0.5), p95Ms: percentile(waitsMs, 0.95) },
  }
}

const { isJson, runs } = readOptions({ runs: 5 })
const report = new Report('post', isJson)
const rows: Record<string, unknown>[] = []
for (const { name, people, groupSize } of scenarios) {
  using home = await prepareHome(people, groupSize)
  await using server = await startServer(home.folder)
  const posters = await Promise.all(home.seats.map((seat) => Poster.open(server.url, seat)))
  const results: PostRun[] = []
  // The first is thrown away: the compiler is still at work.
  for (let run = -1; run < runs; run++) {
    const result = await measure(posters, home.seats)
    if (run >= 0) results.push(result)
  }
  const rssMb = residentMb(server.processId)
  for (const poster of posters) poster.close()
  const [posts, deliveries] = [spread(results, (run) => run.postsPerS), spread(results, (run) => run.deliveriesPerS)]
  const waits = `p50 ${spread(results, (run) => run.p50Ms, 1)} ms, p95 ${spread(results, (run) => run.p95Ms, 1)} ms`
  report.say(`${name}: ${posts} posts/s, ${deliveries} deliveries/s, ${waits}, ${round(rssMb)} MB`)
  rows.push({
    ...{ scenario: name, senders: people, conversations: people / groupSize, window: inFlight },
    posts_per_s: round(median(results.map((run) => run.postsPerS))),
    deliveries_per_s: round(median(results.map((run) => run.deliveriesPerS))),
    p50_ms: round(median(results.map((run) => run.p50Ms)), 2),
    p95_ms: round(median(results.map((run) => run.p95Ms)), 2),
    rss_mb: round(rssMb),
  })
}
const [many, ...others] = rows
report.end({ ...many, others })
process.exit(0)
