import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { explainFailure } from '../../src/commands/failure.ts'
import { Refusal } from '../../src/protocol/errors.ts'
import { DATABASE_FILE, openDataFolder } from '../../src/server/data-folder.ts'
import { makeBackup } from '../../src/server/features/backups/backup.ts'
import { identitiesFromText, recipientsFor } from '../../src/server/features/backups/backup-keys.ts'
import { restoreBackup } from '../../src/server/features/backups/restore.ts'
import { migrate } from '../../src/server/storage/migrate.ts'
import { openSqlite } from '../../src/server/storage/sqlite.ts'

const now = 1_790_000_000_000
const passphrase = 'lamp river stone cloud apple chair'
let root: string
let small: string
let canMount = false

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tv-full-'))
  small = join(root, 'small')
  await mkdir(small)
  const mount = ['mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small]
  canMount = process.getuid?.() === 0 && Bun.spawnSync(mount).exitCode === 0
  if (!canMount) console.warn('*** cannot mount a small disk (not root): backup on a full disk is SKIPPED ***')
  await makeHome(join(root, 'home'), 4_000_000)
})
afterAll(async () => {
  if (canMount) Bun.spawnSync(['umount', small])
  await rm(root, { recursive: true, force: true })
})

async function makeHome(path: string, fillerBytes: number): Promise<void> {
  using _folder = await openDataFolder(path)
  await using database = openSqlite(join(path, DATABASE_FILE))
  await migrate(database, { now, snapshotFile: () => join(path, 'unused') })
  const size = Math.min(fillerBytes, 65_536)
  for (let written = 0; written < fillerBytes; written += size)
    await Bun.write(join(path, `filler-${written}`), crypto.getRandomValues(new Uint8Array(size)))
}

const job = (dataFolder: string, target: string) => ({
  ...{ dataFolder, target, now },
  recipients: recipientsFor({ passphrase }, now),
})

test('a backup for which there is no room leaves no file behind and says so', async () => {
  if (!canMount) return
  const error = await makeBackup(job(join(root, 'home'), join(small, 'b.tvb'))).catch((caught: unknown) => caught)
  expect(explainFailure(error)).toContain('full')
  expect(await readdir(small)).toEqual([])
})

test('a restore for which there is no room touches nothing', async () => {
  if (!canMount) return
  const file = join(root, 'big.tvb')
  await makeBackup(job(join(root, 'home'), file))
  const live = join(small, 'live')
  await makeHome(live, 100)
  const before = (await readdir(live)).sort()
  const error = await restoreBackup({ file, identities: identitiesFromText(passphrase), dataFolder: live, now }).catch(
    (caught: unknown) => caught,
  )
  expect(error).toBeInstanceOf(Refusal)
  expect((error as Refusal).code).toBe('disk_full')
  expect((await readdir(live)).sort()).toEqual(before)
})

test('a start without room for the few kilobytes beside the database says so', () => {
  const noRoom = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_SHMSIZE' })
  expect(explainFailure(noRoom)).toContain('full')
})
