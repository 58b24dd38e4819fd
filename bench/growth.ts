import { cpSync, mkdirSync, rmSync } from 'node:fs'
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
// conversation, catches up after a week, posts. Each beside the same home without messages, in turns.

const people = 1_000
const perPerson = 20
const groupSize = 4
const steps = (process.env['BENCH_STEPS'] ?? '0,1000000,10000000').split(',').map(Number)
const tries = 60
/** Of two thousand a year in each conversation. */
const missedInAWeek = 40
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

type Home = { url: string; lastSeq: number }

/** A fresh device asks for one thing after the other, in every home in turn: what else goes on meets all of them alike. */
async function measure(crowd: Crowd, homes: readonly Home[]): Promise<Times[]> {
  const times = homes.map((): Record<Step, number[]> => ({ sign_in: [], open: [], week: [], post: [] }))
  for (let attempt = 0; attempt < tries; attempt++) {
    const seat = crowd.seats[Math.floor(Math.random() * crowd.seats.length)]!
    for (const [index, home] of homes.entries()) await askAll(seat, home, times[index]!)
  }
  return times.map((ofHome) => {
    const entries = Object.entries(ofHome).map(([step, values]) => [step, median(values)])
    return Object.fromEntries(entries) as Times
  })
}

async function askAll(seat: Seat, { url, lastSeq }: Home, times: Record<Step, number[]>): Promise<void> {
  const time = async <Answer>(step: Step, work: () => Promise<Answer>): Promise<Answer> => {
    const startedAt = performance.now()
    const answer = await work()
    times[step].push(performance.now() - startedAt)
    return answer
  }
  const asker = await time('sign_in', () => Asker.open(url, seat))
  // As many as a screen shows and a little more; the empty home has these too, so that equals are compared.
  await time('open', () => asker.ask(pageFrame(seat, lastSeq + 1, 1, 50), codes.page))
  await time('week', () => asker.ask(pageFrame(seat, lastSeq - missedInAWeek, 0, 50), codes.page))
  const [frame] = postFrames(seat, await sealBodies(seat, 1))
  await time('post', () => asker.ask(frame!, codes.posted))
  asker.line.close()
}

using crowd = await gatherCrowd({ accounts: people, devicesEach: 1, groupSize, groupsEach: perPerson })
const conversations = Math.ceil((people * perPerson) / groupSize)
// The "empty" home holds fifty messages a conversation: fewer would make its pages cheaper for a reason that is none.
const fewest = conversations * 50
const emptyFolder = `${crowd.folder}-empty`
write(fewest)
cpSync(crowd.folder, emptyFolder, { recursive: true })
process.on('exit', () => rmSync(emptyFolder, { recursive: true, force: true }))
const results: { messages: number; times: Times; ratios: Times; rssMb: number }[] = []
let written = fewest
for (const messages of steps) {
  if (messages > written) write(messages - written)
  written = Math.max(messages, written)
  await using server = await startServer(crowd.folder)
  await using empty = await startServer(emptyFolder)
  const homes = [
    { url: server.url, lastSeq: Math.floor(written / conversations) },
    { url: empty.url, lastSeq: fewest / conversations },
  ]
  // Once to wake them up.
  await measure(crowd, homes)
  const [times, timesOfEmpty] = await measure(crowd, homes)
  const ratios = Object.fromEntries(
    Object.entries(times!).map(([step, ms]) => [step, round(ms / timesOfEmpty![step as Step], 2)]),
  ) as Times
  results.push({ messages, times: times!, ratios, rssMb: residentMb(server.processId) })
  const shown = Object.entries(times!).map(([step, ms]) => `${step} ${round(ms, 2)} ms`)
  report.say(`${messages.toLocaleString('en')} messages: ${shown.join(', ')}, ${round(results.at(-1)!.rssMb)} MB`)
  report.say(`  times the empty home beside it: ${JSON.stringify(ratios)}`)
}

const full = results.at(-1)!
mkdirSync('docs', { recursive: true })
const curves = (Object.keys(full.times) as Step[]).map((step) => ({
  name: step.replace('_', ' '),
  points: results.map(({ messages, times }) => ({ x: messages / 1e6, y: times[step] })),
}))
await Bun.write('docs/growth.svg', drawCurves({ title: 'Milliseconds by millions of messages', curves }))
report.say('the curve is in docs/growth.svg')
report.end({ messages: full.messages, people, conversations, ratios: full.ratios, steps: results })
process.exit(0)

function write(messages: number): void {
  writeHistory({ folder: crowd.folder, messages, bodyBytes: 716, days: 365 }, (done) => {
    if (done % 1_000_000 === 0) report.say(`  wrote ${done.toLocaleString('en')}`)
  })
}
