import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Dice, type Part, pause, type Report } from './report.ts'
import { ServerProcess } from './server-process.ts'
import { SoakFamily } from './soak-family.ts'

interface Sample {
  memoryMb: number
  files: number
  serverTimers: number
  clientTimers: number
}
const names: Record<keyof Sample, string> = {
  memoryMb: 'MB of memory',
  files: 'open files',
  serverTimers: 'timers of the server',
  clientTimers: 'timers of six clients',
}

/**
 * What the second half may have more than the first, both after warming up, by their medians: what a garbage collector and
 * the number of those who happen to be there make of it, and nothing that grows with time. The short mode sees a program that is
 * still being compiled while it runs.
 */
const bounds = {
  short: { memoryMb: [1.35, 30], files: [1, 30], serverTimers: [1, 30], clientTimers: [1.2, 20] },
  long: { memoryMb: [1.1, 10], files: [1, 12], serverTimers: [1, 12], clientTimers: [1.2, 12] },
} as const

/** A family of thirty, for an hour in long mode: nothing grows, and the log is quiet. */
export const soak: Part = {
  name: 'soak',
  async run(report, { binary, isLong, seed, minutes }) {
    const folder = mkdtempSync(join(tmpdir(), 'tv-soak-'))
    const counts = join(folder, 'timers')
    // What the executable holds is not ours to load something before.
    const countTimersIn = binary === null ? counts : null
    if (!countTimersIn) report.say("  the executable's own timers are not counted, those of its clients are")
    const server = await ServerProcess.start({ dataFolder: join(folder, 'data'), binary, port: 0, countTimersIn })
    try {
      const home = { url: server.url, claimToken: server.claimToken! }
      await using family = await SoakFamily.open(home, new Dice(seed + 9))
      const samples = await watch(server, family, { minutes, countTimersIn })
      judge(report, samples, isLong ? bounds.long : bounds.short)
      report.check('there was life', family.sent > minutes * 180 && family.read > family.sent, family.sent)
      report.say(`  ${family.members.length + family.visitors.length} people sent ${family.sent} messages`)
    } finally {
      const code = await server.stop()
      report.check('it stops in order', code === 0, String(code))
      report.check('the log is quiet', (await server.complaints) === '', (await server.complaints).slice(0, 2_000))
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

interface Watch {
  minutes: number
  countTimersIn: string | null
}

async function watch(server: ServerProcess, family: SoakFamily, { minutes, countTimersIn }: Watch): Promise<Sample[]> {
  const samples: Sample[] = []
  const living = family.live()
  const isOver = living.then(() => true)
  for (let count = 0; count < 60; count++) {
    // Whoever fails ends the watch.
    if (await Promise.race([pause(minutes * 1_000).then(() => false), isOver])) break
    samples.push({
      memoryMb: await server.memoryMb(),
      files: readdirSync(`/proc/${server.child.pid}/fd`).length,
      serverTimers: countTimersIn ? await countTimers(server, countTimersIn) : 0,
      clientTimers: family.clock.pending,
    })
  }
  family.stop()
  await living
  return samples
}

async function countTimers(server: ServerProcess, file: string): Promise<number> {
  rmSync(file, { force: true })
  server.child.kill('SIGUSR2')
  for (let tries = 0; tries < 100; tries++) {
    const text = await Bun.file(file)
      .text()
      .catch(() => '')
    if (text.endsWith('\n')) return Number(text)
    await pause(10)
  }
  throw new Error('the server does not say how many timers it has')
}

type Bounds = Record<keyof Sample, readonly [factor: number, more: number]>

function judge(report: Report, samples: readonly Sample[], bounds: Bounds): void {
  const warm = samples.slice(Math.floor(samples.length / 3))
  const middle = Math.floor(warm.length / 2)
  for (const [key, [factor, more]] of Object.entries(bounds) as [keyof Sample, Bounds[keyof Sample]][]) {
    const values = warm.map((sample) => sample[key])
    const [before, after] = [medianOf(values.slice(0, middle)), medianOf(values.slice(middle))]
    const what = `${names[key]}: ${before.toFixed(0)} in the first half, ${after.toFixed(0)} in the second`
    report.check(what, after <= before * factor + more, `more than ${factor} times that and ${more}`)
    report.say(`  ${what}, at most ${Math.max(...values).toFixed(0)}`)
  }
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}
