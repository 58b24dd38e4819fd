import { flipBits } from './bit-flips.ts'
import { FireHomes } from './fire-homes.ts'
import { fillDisks } from './full-disks.ts'
import { killBackups, killRestores, killVerifications } from './killed-commands.ts'
import { killMigrations } from './old-versions.ts'
import { Dice, type Part } from './report.ts'

/** kill -9 and full disks under backup, verify, restore and migration, and backups with a bit changed. */
export const backupUnderFire: Part = {
  name: 'backup-under-fire',
  async run(report, { binary, isLong, seed }) {
    const effort = { dice: new Dice(seed + 8), isLong, binary }
    using homes = await FireHomes.create(binary)
    await killBackups(report, homes, effort)
    await killVerifications(report, homes, effort)
    await killRestores(report, homes, effort)
    await killMigrations(report, homes, effort)
    await fillDisks(report, homes, effort)
    await flipBits(report, homes, effort)
  },
}
