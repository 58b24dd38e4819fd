import { backupUnderFire } from './backup-under-fire.ts'
import { clockJumps } from './clock-jumps.ts'
import { crash } from './crash.ts'
import { descriptors } from './descriptors.ts'
import { diskFull } from './disk-full.ts'
import { fuzzHttp } from './fuzz-http.ts'
import { fuzzSocket } from './fuzz-socket.ts'
import { network } from './network.ts'
import { permissions } from './permissions.ts'
import { powerCut } from './power-cut.ts'
import type { Part } from './report.ts'
import { sequences } from './sequences.ts'
import { soak } from './soak.ts'

export const parts: readonly Part[] = [
  backupUnderFire,
  crash,
  powerCut,
  diskFull,
  descriptors,
  clockJumps,
  fuzzHttp,
  fuzzSocket,
  network,
  permissions,
  sequences,
  soak,
]
