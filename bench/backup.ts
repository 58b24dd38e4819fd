import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SOCKET_PATH } from '../src/protocol/socket.ts'
import { gatherCrowd } from './support/crowd.ts'
import { writeHistory } from './support/history.ts'
import { peakMb } from './support/machine.ts'
import { newFolder } from './support/prepared-home.ts'
import { FrameTrain, RawLine } from './support/raw-line.ts'
import { Report, readOptions } from './support/report.ts'
import { postFrames, sealBodies } from './support/sealed-posts.ts'
import { programPath, startProgram } from './support/server-process.ts'
import { median, percentile, round, spread } from './support/statistics.ts'

// A home of about a gigabyte: how long its backup takes, and what those who talk meanwhile notice of it.

const messages = Number(process.env['BENCH_MESSAGES'] ?? 1_000_000)
const perS = 50
const quietMs = 15_000
const codes = { message: 5 }

const { isJson, runs } = readOptions({ runs: 3 })
const report = new Report('backup', isJson)
using crowd = await gatherCrowd({ accounts: 100, devicesEach: 1, groupSize: 10 })
writeHistory({ folder: crowd.folder, messages, bodyBytes: 716, days: 365 })
// What was just written is not to go to the disk while something else is measured.
Bun.spawnSync(['sync'])
const databaseMb = statSync(join(crowd.folder, 'database.sqlite')).size / 1e6
report.say(`${messages.toLocaleString('en')} messages, ${round(databaseMb)} MB`)

const scratch = newFolder()
const target = join(scratch, 'home.backup')
const passphraseFile = join(scratch, 'passphrase')
writeFileSync(passphraseFile, 'lamp river stone cloud apple chair\n', { mode: 0o600 })
const server = await startProgram(crowd.folder)
const group = crowd.seats.filter(({ conversationId }) => conversationId === crowd.seats[0]!.conversationId)

const latencies: number[] = []
let sentAt = 0
const lines = await Promise.all(
  group.map(({ cookie }) =>
    RawLine.open({ url: server.url, path: SOCKET_PATH, headers: { cookie } }, (chunk, start) => {
      if (chunk[start] === codes.message) latencies.push(performance.now() - sentAt)
    }),
  ),
)
for (const line of lines) line.keepAlive()
await Bun.sleep(1_000)

/** Somebody writes at a steady pace until it is over; how long each delivery took, in milliseconds. */
async function talkUntil(over: Promise<unknown>, train: FrameTrain): Promise<number[]> {
  let isOver = false
  void over.then(() => {
    isOver = true
  })
  latencies.length = 0
  for (let next = 0; !isOver && next < train.count; next++) {
    const already = latencies.length
    sentAt = performance.now()
    lines[0]!.send(train, next, next + 1)
    while (latencies.length < already + group.length - 1) await Bun.sleep(1)
    await Bun.sleep(Math.max(0, sentAt + 1_000 / perS - performance.now()))
  }
  return [...latencies]
}

// Beforehand: it takes a processor for a second or two.
async function seal(count: number): Promise<FrameTrain> {
  return new FrameTrain(postFrames(group[0]!, await sealBodies(group[0]!, count)))
}

interface Command {
  seconds: number
  peakMb: number
}

async function time(args: string[]): Promise<Command> {
  const startedAt = performance.now()
  const child = Bun.spawn([programPath, ...args], { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
  let highest = 0
  const watch = setInterval(() => {
    try {
      highest = Math.max(highest, peakMb(child.pid) || 0)
    } catch (error) {
      // It ended between two looks.
      if ((error as { code?: string }).code !== 'ENOENT') throw error
    }
  }, 100)
  const complaint = await new Response(child.stderr).text()
  const status = await child.exited
  clearInterval(watch)
  if (status !== 0) throw new Error(`${args[0]} failed: ${complaint}`)
  return { seconds: (performance.now() - startedAt) / 1_000, peakMb: highest }
}

interface Round {
  backup: Command
  backupMb: number
  usualP95: number
  duringP95: number
}

const key = ['--passphrase-file', passphraseFile]
/** A backup, and what those who talk noticed of it: beside what they notice right before and after. */
async function backUp(): Promise<Round> {
  const [first, second, third] = [await seal(1_000), await seal(10_000), await seal(1_000)]
  const before = await talkUntil(Bun.sleep(quietMs), first)
  const making = time(['backup', '--data', crowd.folder, '--out', target, ...key])
  const during = await talkUntil(making, second)
  const backup = await making
  const after = await talkUntil(Bun.sleep(quietMs), third)
  const usualP95 = percentile([...before, ...after], 0.95)
  return { backup, backupMb: statSync(target).size / 1e6, usualP95, duringP95: percentile(during, 0.95) }
}

const rounds: Round[] = []
while (rounds.length < runs) rounds.push(await backUp())
for (const line of lines) line.close()
await server.stop()
const restored = join(scratch, 'restored')
const verify = await time(['verify', target, ...key])
const restore = await time(['restore', target, '--data', restored, ...key])
rmSync(scratch, { recursive: true, force: true })

const backup = {
  seconds: median(rounds.map((one) => one.backup.seconds)),
  peakMb: Math.max(...rounds.map((one) => one.backup.peakMb)),
}
const ratioOf = (one: Round) => one.duringP95 / one.usualP95
for (const [name, command] of Object.entries({ backup, verify, restore })) {
  report.say(`${name}: ${round(command.seconds, 1)} s, at most ${round(command.peakMb)} MB`)
}
const usual = spread(rounds, (one) => one.usualP95, 2)
const during = spread(rounds, (one) => one.duringP95, 2)
report.say(`delivery p95: ${usual} ms before and after, ${during} ms during: ${spread(rounds, ratioOf, 2)} times`)
report.end({
  ...{ messages, home_mb: round(databaseMb), backup_mb: round(rounds.at(-1)!.backupMb) },
  ...{ backup_s: round(backup.seconds, 1), verify_s: round(verify.seconds, 1), restore_s: round(restore.seconds, 1) },
  peak_mb: { backup: round(backup.peakMb), verify: round(verify.peakMb), restore: round(restore.peakMb) },
  p95_ms_without: round(median(rounds.map((one) => one.usualP95)), 2),
  p95_ms_during: round(median(rounds.map((one) => one.duringP95)), 2),
  p95_ratio: round(median(rounds.map(ratioOf)), 2),
})
process.exit(0)
