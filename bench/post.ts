import { SOCKET_PATH } from '../src/protocol/socket.ts'
import { residentMb } from './support/machine.ts'
import { prepareHome, type Seat } from './support/prepared-home.ts'
import { FrameTrain, RawLine } from './support/raw-line.ts'
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
const inFlight = 16
const postsPerRun = 16_000
const codes = { welcome: 1, posted: 2, refused: 4, message: 5 }

interface PostRun {
  postsPerS: number
  deliveriesPerS: number
  p50Ms: number
  p95Ms: number
}

/** One device that posts its train with a few posts under way, and counts what comes from others. */
class Poster {
  delivered = 0
  readonly waitsMs: number[] = []
  #line!: RawLine
  #train = new FrameTrain([])
  #sentAt = new Float64Array()
  #next = 0
  #finish: () => void = () => undefined
  onDelivery: () => void = () => undefined

  static async open(url: string, { cookie }: Seat): Promise<Poster> {
    const poster = new Poster()
    const welcome = Promise.withResolvers<void>()
    poster.#line = await RawLine.open({ url, path: SOCKET_PATH, headers: { cookie } }, (chunk, start, end) => {
      if (chunk[start] === codes.welcome) welcome.resolve()
      else if (chunk[start] === codes.message) poster.onDelivery()
      else if (chunk[start] === codes.posted) poster.#note(new DataView(chunk.buffer, chunk.byteOffset + start + 1, 4))
      else if (chunk[start] === codes.refused) throw new Error(`refused: ${Buffer.from(chunk.slice(start, end))}`)
    })
    poster.#line.onTurn = () => poster.#pump()
    await welcome.promise
    return poster
  }

  #note(requestId: DataView): void {
    this.waitsMs.push(performance.now() - this.#sentAt[requestId.getUint32(0)]!)
  }

  #pump(): void {
    const to = Math.min(this.#train.count, this.waitsMs.length + inFlight)
    if (to > this.#next) {
      this.#sentAt.fill(performance.now(), this.#next, to)
      this.#line.send(this.#train, this.#next, to)
      this.#next = to
    }
    if (this.waitsMs.length === this.#train.count) this.#finish()
  }

  post(train: FrameTrain): Promise<void> {
    this.#train = train
    this.#sentAt = new Float64Array(train.count)
    this.#next = 0
    this.waitsMs.length = 0
    return new Promise((resolve) => {
      this.#finish = resolve
      this.#pump()
    })
  }

  close(): void {
    this.#line.close()
  }
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
