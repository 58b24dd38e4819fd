import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from './actors.ts'
import { TorturedFamily } from './family.ts'
import { SmallDisk } from './mounts.ts'
import { Dice, type Part, pause, type Report } from './report.ts'

/** The home lives on a small disk that somebody else fills up to the last byte, again and again. */
export const diskFull: Part = {
  name: 'disk-full',
  async run(report, { binary, isLong, seed }) {
    using disk = SmallDisk.create(isLong ? 512 : 128)
    if (!disk) return report.say('  !!! SKIPPED: a small disk can be mounted by root only')
    const dice = new Dice(seed + 3)
    await using family = await TorturedFamily.open({ binary, dataFolder: join(disk.mountPoint, 'data') })
    const rounds = isLong ? 20 : 4
    for (let round = 1; round <= rounds; round++) {
      const ballast = fillDisk(disk.mountPoint, round === 1 ? 0 : dice.between(0, 400) * 1_024)
      await postFor(family, 500)
      await judgeFull(report, family)
      // Crashed with a full disk, and started on it.
      if (round % 2 === 0) await restartFull(report, family, ballast)
      rmSync(ballast, { force: true })
      await postFor(family, 200)
      await family.judge(
        report,
        `disk full ${round}: nothing acknowledged is lost, and it goes on when there is room`,
        { isWhole: true },
      )
      report.say(
        `  disk full ${round}/${rounds}: ${family.checker.ackedCount} acknowledged; refusals so far: ${family.refusals}`,
      )
    }
    await family.drain()
    await family.judge(report, 'what was refused and offered again is there once', { isWhole: true })
    report.check('some posts met a full disk', /disk_full/.test(family.refusals), family.refusals)
    const said = family.posters.flatMap(({ refusals }) => [...refusals.keys()])
    const wrong = said.filter((code) => !['disk_full', 'unavailable', 'too_many'].includes(code))
    report.check('and were told so', wrong.length === 0, wrong)
  },
}

/** Leaves so many bytes, or half of what there is. Answers the file to remove. */
export function fillDisk(folder: string, leaveBytes: number): string {
  const path = join(folder, 'ballast')
  const chunk = Buffer.alloc(64 * 1_024, 1)
  const spare = join(folder, 'spare')
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(spare, Buffer.alloc(Math.min(leaveBytes, (bavail * bsize) / 2), 1))
  for (const size of [chunk.length, 4_096, 1]) {
    try {
      for (;;) writeFileSync(path, chunk.subarray(0, size), { flag: 'a' })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
    }
  }
  rmSync(spare, { force: true })
  return path
}

async function postFor(family: TorturedFamily, ms: number): Promise<void> {
  const posting = family.post({ window: 4 })
  await pause(ms)
  for (const poster of family.posters) poster.stop()
  await posting
}

async function judgeFull(report: Report, family: TorturedFamily): Promise<void> {
  report.check('a full disk does not end the server', family.server.child.exitCode === null)
  const health = await fetch(`${family.server.url}/health`)
  report.check('it still answers', health.status === 200, String(health.status))
  const [oma] = family.actors
  const { status, json } = await oma!.newcomer.call('POST', '/api/sessions/refresh')
  report.check('a call that has to write is answered in order', [200, 503, 507].includes(status), json)
  const socket = await connect(oma!)
  socket.close()
}

async function restartFull(report: Report, family: TorturedFamily, ballast: string): Promise<void> {
  await family.server.kill()
  const outcome = await family.restart().then(
    () => 'started',
    (error: Error) => error.message,
  )
  const isClear = outcome === 'started' || /disk.*full|cannot sign in.*(disk_full|unavailable)/i.test(outcome)
  report.check('a start with a full disk works, or says in a sentence why not', isClear, outcome)
  rmSync(ballast, { force: true })
  await family.server.kill()
  await family.restart()
}
