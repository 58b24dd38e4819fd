import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { identitiesFromText } from '../../src/server/features/backups/backup-keys.ts'
import { verifyBackup } from '../../src/server/features/backups/restore.ts'
import { canKillAtSteps, type FatalStep, runCommand } from './command-run.ts'
import { type FireHomes, leftoversIn, printOf } from './fire-homes.ts'
import type { Dice, Report } from './report.ts'
import { ServerProcess } from './server-process.ts'

interface Effort {
  dice: Dice
  isLong: boolean
  binary: string | null
}
type Death = { killAfterMs: number } | { killAt: FatalStep }

/** What changes names and puts things on disk: the moments at which half of something could be left. */
const steps = [
  'rename,renameat,renameat2',
  'mkdir,mkdirat',
  'unlink,unlinkat,rmdir',
  'fsync,fdatasync',
  'pwrite64,ftruncate',
] as const

/** Random moments of a run that takes so long, then every step of it. `die` answers whether the run was killed. */
async function dieEverywhere(
  report: Report,
  what: string,
  { dice, isLong, tookMs, die }: Omit<Effort, 'binary'> & { tookMs: number; die(death: Death): Promise<boolean> },
): Promise<void> {
  let killed = 0
  const rounds = isLong ? 60 : 3
  // The first third is the start of the program itself.
  for (let round = 0; round < rounds; round++) {
    if (await die({ killAfterMs: tookMs * (0.3 + 0.7 * dice.fraction()) })) killed++
  }
  if (!canKillAtSteps) return report.say(`  !!! ${what}: not killed at every step, for that takes strace`)
  const chosen = isLong ? steps : steps.slice(0, 1)
  for (const calls of chosen) {
    for (let number = 1; number < 60 && (await die({ killAt: { calls, number } })); number++) killed++
  }
  report.check(`${what} was killed often enough`, killed > (isLong ? 20 : 0), String(killed))
  report.say(`  ${what}: killed ${killed} times`)
}

export async function killBackups(report: Report, homes: FireHomes, { binary, ...effort }: Effort): Promise<void> {
  const folder = join(homes.folder, 'backups')
  const target = join(folder, 'family.tvb')
  const args = ['backup', '--data', homes.later, '--out', target, '--recipient', homes.recipient]
  const start = () => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
  }
  start()
  const before = printOf(homes.later)
  const { tookMs, code, said } = await runCommand(args, { binary })
  report.check('a backup is made', code === 0, said)
  const isWholeOrAbsent = async () => !existsSync(target) || (await isWhole(homes, target))
  await dieEverywhere(report, 'backup', {
    ...{ ...effort, tookMs },
    async die(death) {
      if (effort.dice.fraction() < 0.5) rmSync(target, { force: true })
      const outcome = await runCommand(args, { binary, ...death })
      report.check(`a backup that was killed (${show(death)}) left a whole file or none`, await isWholeOrAbsent())
      return outcome.code === null
    },
  })
  rmSync(target, { force: true })
  const last = await runCommand(args, { binary })
  report.check('what the killed ones left does not hinder the next', last.code === 0, last.said)
  report.check('and it is whole', await isWhole(homes, target))
  report.check('the home is as it was', printOf(homes.later) === before)
}

function isWhole(homes: FireHomes, file: string): Promise<boolean> {
  const scratch = join(homes.folder, 'scratch')
  mkdirSync(scratch, { recursive: true })
  return verifyBackup({ file, identities: identitiesFromText(homes.identity), dataFolder: scratch }).then(
    () => true,
    () => false,
  )
}

export async function killVerifications(
  report: Report,
  homes: FireHomes,
  { binary, dice, isLong }: Effort,
): Promise<void> {
  const args = ['verify', homes.backup, ...homes.keyFlags]
  const before = readFileSync(homes.backup)
  const { tookMs } = await runCommand(args, { binary })
  for (let round = 0; round < (isLong ? 30 : 1); round++) {
    await runCommand(args, { binary, killAfterMs: tookMs * dice.fraction() })
  }
  const { code, said } = await runCommand(args, { binary })
  report.check('a backup can be verified after verifications that were killed', code === 0, said)
  report.check('and is the same, byte for byte', readFileSync(homes.backup).equals(before))
}

export async function killRestores(report: Report, homes: FireHomes, { binary, ...effort }: Effort): Promise<void> {
  const prints = { old: printOf(homes.old), later: printOf(homes.later) }
  report.check('the two homes differ', prints.old !== prints.later)
  const live = join(homes.folder, 'restoring')
  const args = ['restore', homes.backup, '--data', live, ...homes.keyFlags]
  const start = () => {
    rmSync(live, { recursive: true, force: true })
    cpSync(homes.old, live, { recursive: true })
  }
  start()
  const { tookMs, code, said } = await runCommand(args, { binary })
  report.check('a backup is restored', code === 0 && printOf(live) === prints.later, said)
  const seen = new Map<string, number>()
  await dieEverywhere(report, 'restore', {
    ...{ ...effort, tookMs },
    async die(death) {
      start()
      const outcome = await runCommand(args, { binary, ...death })
      const found = await openAndLook(live, binary)
      const name = found === prints.old ? 'the old home' : found === prints.later ? 'the new home' : found
      seen.set(name, (seen.get(name) ?? 0) + 1)
      report.check(
        `a restore that was killed (${show(death)}) left the old home or the new one`,
        / home$/.test(name),
        name,
      )
      const rest = leftoversIn(live, /^(\.restoring|restore-journal)/)
      report.check('and a start leaves nothing half done', rest.length === 0, rest)
      if (effort.dice.fraction() < 0.2) await tryAgain(report, { args, live, binary, wanted: prints.later })
      return outcome.code === null
    },
  })
  report.say(`  then there was ${[...seen].map(([name, count]) => `${name} ${count} times`).join(', ')}`)
}

async function tryAgain(
  report: Report,
  { args, live, binary, wanted }: { args: string[]; live: string; binary: string | null; wanted: string },
): Promise<void> {
  const again = await runCommand(args, { binary })
  report.check('the next restore works', again.code === 0 && printOf(live) === wanted, again.said)
}

/** The home starts on what there is; what it holds then, or what it complained of. */
export async function openAndLook(dataFolder: string, binary: string | null): Promise<string> {
  try {
    const server = await ServerProcess.start({ dataFolder, binary, port: 0 })
    await server.kill()
    return printOf(dataFolder)
  } catch (error) {
    return String(error)
  }
}

function show(death: Death): string {
  if ('killAt' in death) return `before ${death.killAt.calls.split(',')[0]} number ${death.killAt.number}`
  return `after ${death.killAfterMs.toFixed(0)} ms`
}
