import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './command-run.ts'
import { fillDisk } from './disk-full.ts'
import { type FireHomes, leftoversIn, printOf } from './fire-homes.ts'
import { openAndLook } from './killed-commands.ts'
import { SmallDisk } from './mounts.ts'
import { makeOldHome, standsMigrated } from './old-versions.ts'
import { type Dice, pause, type Report } from './report.ts'
import { ServerProcess } from './server-process.ts'

interface Effort {
  dice: Dice
  isLong: boolean
  binary: string | null
}

/** Backup, restore and migration on a disk that has too little room, or none any more in the middle of it. */
export async function fillDisks(report: Report, homes: FireHomes, effort: Effort): Promise<void> {
  using disk = SmallDisk.create(12)
  if (!disk) return report.say('  !!! SKIPPED: a small disk can be mounted by root only')
  const small = disk.mountPoint
  for (const work of [backUpWithoutRoom, restoreWithoutRoom, migrateWithoutRoom]) {
    await work(report, homes, { ...effort, small })
    for (const name of leftoversIn(small, /./)) rmSync(join(small, name), { recursive: true })
  }
}

type Place = Effort & { small: string }

async function backUpWithoutRoom(report: Report, homes: FireHomes, { small, dice, isLong, binary }: Place) {
  const target = join(small, 'family.tvb')
  const args = ['backup', '--data', homes.later, '--out', target, '--recipient', homes.recipient]
  for (let round = 0; round < (isLong ? 25 : 2); round++) {
    const ballast = fillDisk(small, dice.between(0, 1_200_000))
    const { code, said } = await runCommand(args, { binary })
    const isClear = code === 0 || (code === 1 && /full/.test(said) && !existsSync(target))
    report.check('a backup without room says so, and is not there', isClear, said)
    report.check('nor any part of it', leftoversIn(small, /^\./).length === 0, leftoversIn(small, /^\./))
    rmSync(ballast)
    rmSync(target, { force: true })
  }
  const { code, said } = await runCommand(args, { binary })
  report.check('with room again it is made', code === 0, said)
}

async function restoreWithoutRoom(report: Report, homes: FireHomes, { small, dice, isLong, binary }: Place) {
  const prints = [printOf(homes.old), printOf(homes.later)]
  const live = join(small, 'live')
  const args = ['restore', homes.backup, '--data', live, ...homes.keyFlags]
  let full = 0
  for (let round = 0; round < (isLong ? 40 : 3); round++) {
    rmSync(live, { recursive: true, force: true })
    cpSync(homes.old, live, { recursive: true })
    // The first time there is none from the beginning; later it goes while the restore is at work.
    const early = round === 0 ? fillDisk(small, 0) : null
    const running = runCommand(args, { binary })
    if (!early) await pause(dice.between(150, 600))
    const ballast = early ?? fillDisk(small, dice.between(0, 100_000))
    const { code, said } = await running
    if (code !== 0) full++
    report.check('a restore without room says so', code === 0 || (code === 1 && /full/.test(said)), said)
    rmSync(ballast)
    const found = await openAndLook(live, binary)
    report.check('and leaves the old home or the new one', prints.includes(found), found)
    const rest = leftoversIn(live, /^(\.restoring|restore-journal)/)
    report.check('with nothing half done', rest.length === 0, rest)
  }
  report.check('some restores met a full disk', full > 0)
}

async function migrateWithoutRoom(report: Report, homes: FireHomes, { small, dice, isLong, binary }: Place) {
  const template = join(homes.folder, 'without-room')
  // A migration may need the room of three: the copy, the tables it makes anew, and the log.
  const before = await makeOldHome(template, 1, 2_500)
  const live = join(small, 'live')
  for (let round = 0; round < (isLong ? 25 : 2); round++) {
    rmSync(live, { recursive: true, force: true })
    mkdirSync(live)
    cpSync(template, live, { recursive: true })
    const ballast = fillDisk(small, dice.between(0, 5_000_000))
    const complaint = await ServerProcess.start({ dataFolder: live, binary, port: 0 }).then(
      async (server) => {
        await server.kill()
        return null
      },
      (error: Error) => error.message,
    )
    report.check('a migration without room says so', complaint === null || /full/i.test(complaint), complaint)
    rmSync(ballast)
    const missing = await standsMigrated(live, binary, before)
    report.check('with room again everything is there', missing === null, missing)
  }
}
