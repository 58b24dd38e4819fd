import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { TorturedFamily } from './family.ts'
import { DiskImage } from './mounts.ts'
import { Dice, type Part, pause, type Report } from './report.ts'
import { ServerProcess } from './server-process.ts'

/**
 * The power goes, and with it everything that was written but not fsynced. Two ways to bring that about, neither of which asks
 * the server anything:
 *
 * 1. As root the home lives on an ext4 of its own inside a file. What the server writes stays in the kernel's page cache until
 *    somebody calls fsync (or the kernel finds time for it), and only then reaches the file. So a copy of that file, taken while
 *    the server stands still (SIGSTOP) at a random moment under load, is the disk as it is after the plug was pulled. The copy
 *    is mounted (its journal is replayed), and the home is started on it.
 * 2. Everywhere: one client posts with nothing else going on, and after each acknowledgement the length of the write-ahead log is
 *    written down: up to there it must be on disk. More posts follow and the server is killed. Then the log is cut at one of the
 *    noted lengths, with nothing, half a frame or rubbish behind it, as a torn write leaves it, and the home is started on that.
 */
export const powerCut: Part = {
  name: 'power-cut',
  async run(report, intensity) {
    await cutLogs(report, intensity.isLong ? 60 : 4, intensity)
    using disk = DiskImage.create(intensity.isLong ? 1_024 : 192)
    if (!disk) return report.say('  !!! SKIPPED: no disk image can be mounted here (that takes root and mkfs.ext4)')
    await pullPlugs(report, disk, intensity.isLong ? 100 : 4, intensity)
  },
}

type Intensity = Parameters<Part['run']>[1]

async function pullPlugs(report: Report, disk: DiskImage, rounds: number, { binary, seed }: Intensity): Promise<void> {
  const dice = new Dice(seed + 1)
  // The disk stays mounted until the family has left it.
  await using family = await TorturedFamily.open({ binary, dataFolder: join(disk.mountPoint, 'data') })
  const home = family.dataFolder
  try {
    for (let round = 1; round <= rounds; round++) {
      const posting = family.post({ window: dice.pick([1, 8]) })
      await pause(dice.between(100, 700))
      family.server.child.kill('SIGSTOP')
      // What the server has sent is with the clients by now; they have written it down.
      await pause(60)
      using copy = disk.copy()
      await family.server.kill()
      await posting
      await family.restart(join(copy.mountPoint, 'data'))
      await family.judge(report, `after power cut ${round} nothing acknowledged is lost`, { isWhole: true })
      report.say(`  power cut ${round}/${rounds}: ${family.checker.ackedCount} acknowledged are all there`)
      // Back to the disk that was never cut: it too must hold everything, and goes on from there.
      await family.server.kill()
      await family.restart(home)
      await family.judge(report, 'and on the disk itself as well', { isWhole: true })
    }
  } finally {
    await family.server.kill()
  }
}

interface Mark {
  logBytes: number
  acked: number
}

async function cutLogs(report: Report, cuts: number, { binary, seed }: Intensity): Promise<void> {
  const dice = new Dice(seed + 2)
  await using family = await TorturedFamily.open({ binary })
  await family.server.stop()
  const database = join(family.dataFolder, 'database.sqlite')
  report.check('a home that stopped leaves no log behind', !existsSync(`${database}-wal`))
  const base = readFileSync(database)
  await family.restart()
  const [poster] = family.posters
  const marks: Mark[] = []
  for (let count = 0; count < 25; count++) {
    await poster!.run({ window: 1, count: 1 })
    marks.push({ logBytes: statSync(`${database}-wal`).size, acked: count + 1 })
  }
  const posting = family.post({ window: 8 })
  await pause(60)
  await family.server.kill()
  await posting
  const log = readFileSync(`${database}-wal`)
  const unchanged = Buffer.compare(readFileSync(database), base) === 0
  report.check('the log was not folded into the database meanwhile, so cutting it is fair', unchanged)
  const lines = readFileSync(family.witness.path, 'utf8').split('\n').filter(Boolean)
  const acked = lines.map((line) => JSON.parse(line)).filter(({ what }) => what === 'acked')
  for (let cut = 0; cut < cuts; cut++) {
    const mark = dice.pick(marks)
    const tail = [Buffer.alloc(0), log.subarray(mark.logBytes, mark.logBytes + 2_000), Buffer.from(dice.bytes(9_000))][
      cut % 3
    ]!
    const folder = join(family.folder, `cut-${cut}`)
    layOut(folder, family.dataFolder, { base, log: Buffer.concat([log.subarray(0, mark.logBytes), tail]) })
    const found = await readRaw(folder, binary, family)
    const wanted = acked.slice(0, mark.acked)
    const lost = wanted.filter(({ id, where, seq }) => found.get(`${where} ${seq}`) !== id)
    report.check(
      `a log cut at ${mark.logBytes} bytes has the ${mark.acked} messages acknowledged by then`,
      lost.length === 0,
      lost,
    )
  }
  await family.restart()
  await family.drain()
  await family.judge(report, 'the uncut log has everything once', { isWhole: true })
}

function layOut(folder: string, from: string, { base, log }: { base: Buffer; log: Buffer }): void {
  mkdirSync(folder, { mode: 0o700 })
  copyFileSync(join(from, 'trallivalli.json'), join(folder, 'trallivalli.json'))
  writeFileSync(join(folder, 'database.sqlite'), base)
  const file = openSync(join(folder, 'database.sqlite-wal'), 'w')
  writeSync(file, log)
  closeSync(file)
}

/** Starts the home on that folder, stops it, and reads the table with nothing of the server's. */
async function readRaw(folder: string, binary: string | null, family: TorturedFamily): Promise<Map<string, string>> {
  const { Database } = await import('bun:sqlite')
  const server = await ServerProcess.start({ dataFolder: folder, binary, port: family.server.port })
  await server.stop()
  using database = new Database(join(folder, 'database.sqlite'), { readonly: true })
  const [sound] = database.query<{ integrity_check: string }, []>('PRAGMA integrity_check').all()
  if (sound?.integrity_check !== 'ok') throw new Error(`the database is damaged: ${sound?.integrity_check}`)
  const rows = database
    .query<{ place: string; id: string }, []>(
      "SELECT conversation_id || ' ' || seq AS place, message_id AS id FROM messages",
    )
    .all()
  const gaps = database
    .query<{ id: string }, []>(
      `SELECT c.conversation_id AS id FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.conversation_id
       GROUP BY c.conversation_id HAVING count(m.seq) <> c.last_seq OR coalesce(max(m.seq), 0) <> c.last_seq`,
    )
    .all()
  if (gaps.length > 0) throw new Error(`${gaps.length} conversations have gaps`)
  return new Map(rows.map(({ place, id }) => [place, id]))
}
