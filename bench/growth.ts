import { mkdirSync } from 'node:fs'
import { clientFrames, SOCKET_PATH } from '../src/protocol/socket.ts'
import { type Crowd, gatherCrowd } from './support/crowd.ts'
import { writeHistory } from './support/history.ts'
import { residentMb } from './support/machine.ts'
import { drawCurves } from './support/plot.ts'
import type { Seat } from './support/prepared-home.ts'
import { FrameTrain, RawLine } from './support/raw-line.ts'
import { Report, readOptions } from './support/report.ts'
import { postFrames, sealBodies } from './support/sealed-posts.ts'
import { startServer } from './support/server-process.ts'
import { median, round } from './support/statistics.ts'

// 1,000 people in 5,000 conversations, and more and more messages: what a device asks of the server when it signs in, opens a
// conversation, catches up after a week, posts. Each against the same home without messages.

const people = 1_000
const perPerson = 20
const groupSize = 4
const steps = (process.env['BENCH_STEPS'] ?? '0,1000000,10000000').split(',').map(Number)
const tries = 60
const weekShare = 7 / 365
const codes = { welcome: 1, posted: 2, page: 8 }

type Step = 'sign_in' | 'open' | 'week' | 'post'
type Times = Record<Step, number>

const { isJson } = readOptions({ runs: 1 })
const report = new Report('growth', isJson)

class Asker {
  line!: RawLine
  #answer: (chunk: Uint8Array, start: number, end: number) => void = () => undefined

  /** Resolves when the device was said welcome: from then on it can be used. */
  static async open(url: string, { cookie }: Seat): Promise<Asker> {
    const welcome = Promise.withResolvers<void>()
    const asker = new Asker()
    asker.line = await RawLine.open({ url, path: SOCKET_PATH, headers: { cookie } }, (chunk, start, end) => {
      if (chunk[start] === codes.welcome) welcome.resolve()
      else asker.#answer(chunk, start, end)
    })
    await welcome.promise
    return asker
  }

  ask(frame: Uint8Array, wanted: number): Promise<Uint8Array> {
    return new Promise((resolve) => {
      this.#answer = (chunk, start, end) => {
        if (chunk[start] === wanted) resolve(chunk.slice(start, end))
      }
      this.line.send(new FrameTrain([frame]), 0, 1)
    })
  }
}

function pageFrame({ conversationId }: Seat, from: number, direction: 0 | 1, count: number): Uint8Array {
  return clientFrames.encode({
    ...{ type: 'fetchPage', requestId: 1, conversationId, from, direction, count },
    withArchive: true,
  })
}

async function measure(crowd: Crowd, url: string, lastSeq: number): Promise<Times> {
  const times: Record<Step, number[]> = { sign_in: [], open: [], week: [], post: [] }
  const time = async <Answer>(step: Step, work: () => Promise<Answer>): Promise<Answer> => {
    const startedAt = performance.now()
    const answer = await work()
    times[step].push(performance.now() - startedAt)
    return answer
  }
  for (let attempt = 0; attempt < tries; attempt++) {
    const seat = crowd.seats[Math.floor(Math.random() * crowd.seats.length)]!
    const asker = await time('sign_in', () => Asker.open(url, seat))
    // As many as a screen shows and a little more; the empty home has these too, so that equals are compared.
    await time('open', () => asker.ask(pageFrame(seat, lastSeq + 1, 1, 50), codes.page))
    const since = Math.max(0, Math.floor(lastSeq * (1 - weekShare)) - 1)
    await time('week', () => asker.ask(pageFrame(seat, Math.max(since, lastSeq - 40), 0, 50), codes.page))
    const [frame] = postFrames(seat, await sealBodies(seat, 1))
    await time('post', () => asker.ask(frame!, codes.posted))
    asker.line.close()
  }
  const entries = Object.entries(times).map(([step, values]) => [step, median(values)])
  return Object.fromEntries(entries) as Times
}

using crowd = await gatherCrowd({ accounts: people, devicesEach: 1, groupSize, groupsEach: perPerson })
const conversations = Math.ceil((people * perPerson) / groupSize)
const results: { messages: number; times: Times; rssMb: number }[] = []
let written = 0
for (const messages of steps) {
  // The "empty" home holds fifty messages a conversation: fewer would make its pages cheaper for a reason that is none.
  const wanted = Math.max(messages, conversations * 50)
  if (wanted > written) {
    writeHistory({ folder: crowd.folder, messages: wanted - written, bodyBytes: 716, days: 365 }, (done) => {
      if (done % 1_000_000 === 0) report.say(`  wrote ${done.toLocaleString('en')}`)
    })
  }
  written = Math.max(wanted, written)
  await using server = await startServer(crowd.folder)
  const lastSeq = Math.floor(written / conversations)
  // Once to wake it up.
  await measure(crowd, server.url, lastSeq)
  const times = await measure(crowd, server.url, lastSeq)
  results.push({ messages, times, rssMb: residentMb(server.processId) })
  const shown = Object.entries(times).map(([step, ms]) => `${step} ${round(ms, 2)} ms`)
  report.say(`${messages.toLocaleString('en')} messages: ${shown.join(', ')}, ${round(results.at(-1)!.rssMb)} MB`)
}

const [empty, full] = [results[0]!, results.at(-1)!]
const ratios = Object.fromEntries(
  Object.entries(full.times).map(([step, ms]) => [step, round(ms / empty.times[step as Step], 2)]),
)
mkdirSync('docs', { recursive: true })
const curves = (Object.keys(empty.times) as Step[]).map((step) => ({
  name: step.replace('_', ' '),
  points: results.map(({ messages, times }) => ({ x: messages / 1e6, y: times[step] })),
}))
await Bun.write('docs/growth.svg', drawCurves({ title: 'Milliseconds by millions of messages', curves }))
report.say(`times the empty home: ${JSON.stringify(ratios)}; the curve is in docs/growth.svg`)
report.end({ messages: full.messages, people, conversations, ratios, steps: results })
process.exit(0)
