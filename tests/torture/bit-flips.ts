import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Refusal } from '../../src/protocol/errors.ts'
import { makeBackup } from '../../src/server/features/backups/backup.ts'
import { identitiesFromText, recipientsFor } from '../../src/server/features/backups/backup-keys.ts'
import { prepareRestore, verifyBackup } from '../../src/server/features/backups/restore.ts'
import { runCommand } from './command-run.ts'
import { type FireHomes, leftoversIn, printOf } from './fire-homes.ts'
import type { Dice, Report } from './report.ts'

interface Flip {
  at: number
  bit: number
}

/** Every byte of the header and bytes all over the rest, one bit changed at a time: neither verify nor restore takes it. */
export async function flipBits(report: Report, homes: FireHomes, { dice, isLong }: { dice: Dice; isLong: boolean }) {
  const whole = new Uint8Array(readFileSync(homes.backup))
  const headerBytes = headerSize(whole)
  const flips: Flip[] = []
  for (let at = 0; at < headerBytes; at++) {
    for (const bit of isLong ? [0, 1, 2, 3, 4, 5, 6, 7] : [dice.between(0, 7)]) flips.push({ at, bit })
  }
  const count = isLong ? 4_000 : 60
  for (let index = 0; index < count; index++) {
    const at = headerBytes + Math.floor(((whole.length - headerBytes - 1) * index) / (count - 1))
    flips.push({ at, bit: dice.between(0, 7) })
  }
  const judge = new FlipJudge(homes, homes.identity)
  const taken: string[] = []
  for (const flip of flips) taken.push(...(await judge.tryBoth(whole, flip)))
  report.check(
    'a backup with one bit changed is refused by verify and by restore',
    taken.length === 0,
    taken.slice(0, 5),
  )
  report.check('nothing live was touched meanwhile', printOf(judge.live) === printOf(homes.old))
  report.check('and nothing is left of the tries', leftoversIn(judge.live, /^\.(restoring|before)/).length === 0)
  report.say(`  ${flips.length} changed bits, ${headerBytes} header bytes among ${whole.length}, refused twice each`)
  await flipUnderPassphrase(report, homes, { dice, isLong })
  await flipForCommands(report, homes, whole)
}

function headerSize(bytes: Uint8Array): number {
  const text = Buffer.from(bytes)
  return text.indexOf('\n', text.indexOf('\n--- ') + 1) + 1
}

class FlipJudge {
  readonly live: string
  readonly #broken: string

  constructor(
    homes: FireHomes,
    private readonly key: string,
  ) {
    this.live = join(homes.folder, `live-${crypto.randomUUID()}`)
    cpSync(homes.old, this.live, { recursive: true })
    this.#broken = join(homes.folder, 'broken.tvb')
  }

  /** What was not refused. */
  async tryBoth(whole: Uint8Array, { at, bit }: Flip): Promise<string[]> {
    writeFileSync(this.#broken, whole.with(at, whole[at]! ^ (1 << bit)))
    const job = { file: this.#broken, identities: identitiesFromText(this.key), dataFolder: this.live }
    const tries = { verify: () => verifyBackup(job), restore: () => prepareRestore({ ...job, now: Date.now() }) }
    const taken: string[] = []
    for (const [name, attempt] of Object.entries(tries)) {
      const outcome = await attempt().then(
        () => 'took it',
        (error: unknown) => (error instanceof Refusal ? null : String(error)),
      )
      if (outcome !== null) taken.push(`byte ${at}, bit ${bit}: ${name} ${outcome}`)
    }
    return taken
  }
}

/** The other kind of header. Each key derivation takes a tenth of a second, so there are fewer. */
async function flipUnderPassphrase(
  report: Report,
  homes: FireHomes,
  { dice, isLong }: { dice: Dice; isLong: boolean },
) {
  const passphrase = 'lamp river stone cloud apple chair'
  const target = join(homes.folder, 'passphrase.tvb')
  const now = Date.now()
  await makeBackup({ dataFolder: homes.later, target, recipients: recipientsFor({ passphrase }, now), now })
  const whole = new Uint8Array(readFileSync(target))
  const size = headerSize(whole)
  const judge = new FlipJudge(homes, passphrase)
  const taken: string[] = []
  for (let at = isLong ? 0 : dice.between(0, 15); at < size; at += isLong ? 1 : 16) {
    taken.push(...(await judge.tryBoth(whole, { at, bit: dice.between(0, 7) })))
  }
  report.check('the same for a backup under a passphrase', taken.length === 0, taken.slice(0, 5))
}

/** The commands themselves: a sentence, code 1, and nothing changed. */
async function flipForCommands(report: Report, homes: FireHomes, whole: Uint8Array): Promise<void> {
  const broken = join(homes.folder, 'broken.tvb')
  writeFileSync(broken, whole.with(whole.length - 20, whole.at(-20)! ^ 1))
  const live = join(homes.folder, 'live-command')
  cpSync(homes.old, live, { recursive: true })
  mkdirSync(join(homes.folder, 'nobody'))
  for (const args of [
    ['verify', broken],
    ['restore', broken, '--data', live],
  ]) {
    const { code, said } = await runCommand([...args, ...homes.keyFlags], { binary: null })
    report.check(`"${args[0]}" says what is wrong with it`, code === 1 && said.includes('nothing was changed'), said)
  }
  report.check('and leaves the home alone', printOf(live) === printOf(homes.old))
}
