import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdir, mkdtemp, readdir, rename, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { Refusal } from '../../src/protocol/errors.ts'
import { DATABASE_FILE, openDataFolder } from '../../src/server/data-folder.ts'
import { makeBackup } from '../../src/server/features/backups/backup.ts'
import { readBackupHeader } from '../../src/server/features/backups/backup-archive.ts'
import { identitiesFromText, recipientsFor } from '../../src/server/features/backups/backup-keys.ts'
import { finishSwap, makeStaging } from '../../src/server/features/backups/folder-swap.ts'
import { prepareRestore, restoreBackup, verifyBackup } from '../../src/server/features/backups/restore.ts'
import { Settings, writeSetting } from '../../src/server/settings.ts'
import { migrate } from '../../src/server/storage/migrate.ts'
import { openSqlite } from '../../src/server/storage/sqlite.ts'

const now = 1_790_000_000_000
const passphrase = 'lamp river stone cloud apple chair'
let root: string
let home: string
let file: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tv-backup-'))
  home = join(root, 'home')
  await makeHome(home, 'The Lindqvists')
  file = join(root, 'family.tvb')
  await makeBackup({ dataFolder: home, target: file, recipients: recipientsFor({ passphrase }, now), now })
}, 60_000)
afterAll(() => rm(root, { recursive: true, force: true }))

async function makeHome(path: string, name: string): Promise<void> {
  using _folder = await openDataFolder(path)
  await using database = openSqlite(join(path, DATABASE_FILE))
  await migrate(database, { now, snapshotFile: () => join(path, 'unused') })
  await database.transaction((tx) => writeSetting(tx, 'homeName', name))
  await mkdir(join(path, 'tls'), { recursive: true })
  await Bun.write(join(path, 'tls', 'authority.pem'), 'certificate')
  await Bun.write(join(path, 'empty'), '')
}

async function homeNameIn(path: string): Promise<string | null> {
  await using database = openSqlite(join(path, DATABASE_FILE))
  return (await Settings.load(database)).get('homeName')
}

async function emptyFolder(name: string): Promise<string> {
  const path = join(root, name)
  using _folder = await openDataFolder(path)
  return path
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const outcome = await work.then(
    () => 'accepted',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  )
  return outcome
}

const restoreInto = (dataFolder: string, from = file, key = passphrase) =>
  restoreBackup({ file: from, identities: identitiesFromText(key), dataFolder, now })

test('what can be read without the key is the version and the date', async () => {
  expect(await readBackupHeader(file)).toEqual({ formatVersion: 1, createdAt: now, keyKind: 'passphrase' })
  const bytes = Buffer.from(await Bun.file(file).arrayBuffer()).toString('latin1')
  expect(bytes).not.toContain('Lindqvist')
  expect(bytes).not.toContain('SQLite')
})

test('a backup brings the home back in another folder, files and all', async () => {
  const target = await emptyFolder('elsewhere')
  const { manifest } = await restoreInto(target)
  expect(manifest.homeName).toBe('The Lindqvists')
  expect(await homeNameIn(target)).toBe('The Lindqvists')
  expect(await Bun.file(join(target, 'tls', 'authority.pem')).text()).toBe('certificate')
  expect(await Bun.file(join(target, 'empty')).exists()).toBe(true)
})

test('a restored home is a new incarnation that heals first', async () => {
  const target = await emptyFolder('incarnation')
  await restoreInto(target)
  await using database = openSqlite(join(target, DATABASE_FILE))
  const settings = await Settings.load(database)
  expect(settings.isHealing).toBe(true)
  expect(settings.get('restoredFrom')).toBe(now)
})

test('what was there before is set aside whole', async () => {
  const target = join(root, 'occupied')
  await makeHome(target, 'Old home')
  const { setAside } = await restoreInto(target)
  expect(await homeNameIn(target)).toBe('The Lindqvists')
  expect(await homeNameIn(setAside)).toBe('Old home')
})

test('stock age, zstd and tar open a backup made for a public key', async () => {
  const identity = await generateX25519Identity()
  const keyFile = join(root, 'key.txt')
  await Bun.write(keyFile, `# key\n${identity}\n`)
  const target = join(root, 'stock.tvb')
  const recipients = recipientsFor({ publicKeys: [await identityToRecipient(identity)] }, now)
  await makeBackup({ dataFolder: home, target, recipients, now })
  if (!Bun.which('age') || !Bun.which('zstd')) {
    console.warn('SKIPPED: age and zstd are not installed (apt-get install age zstd)')
    return
  }
  const out = join(root, 'stock')
  await mkdir(out)
  const shell = Bun.spawnSync(['sh', '-c', `age -d -i ${keyFile} ${target} | zstd -d | tar x -C ${out}`])
  expect(shell.exitCode).toBe(0)
  expect((await readdir(out)).sort()).toEqual(['database.sqlite', 'files', 'manifest.json'])
  expect(await homeNameIn(out)).toBe('The Lindqvists')
  expect((await readBackupHeader(target)).keyKind).toBe('recipient')
  const manifest = await verifyBackup({
    file: target,
    identities: identitiesFromText(await Bun.file(keyFile).text()),
    dataFolder: root,
  })
  expect(manifest.homeName).toBe('The Lindqvists')
})

describe('refused, and nothing live touched:', () => {
  const untouched = async (damage: (bytes: Uint8Array) => Uint8Array, name: string) => {
    const target = join(root, `live-${name}`)
    await makeHome(target, 'Live home')
    const broken = join(root, `${name}.tvb`)
    await Bun.write(broken, damage(new Uint8Array(await Bun.file(file).arrayBuffer())))
    const code = await refusalOf(restoreInto(target, broken))
    expect(await homeNameIn(target)).toBe('Live home')
    expect((await readdir(target)).filter((entry) => entry.startsWith('.'))).toEqual([])
    return code
  }

  test('a wrong key', async () => {
    const target = join(root, 'live-key')
    await makeHome(target, 'Live home')
    expect(await refusalOf(restoreInto(target, file, 'another passphrase'))).toBe('wrong_backup_key')
    expect(await homeNameIn(target)).toBe('Live home')
  })

  test('another kind of file', async () => {
    expect(await untouched(() => new TextEncoder().encode('a holiday photo'), 'photo')).toBe('broken_backup')
  })

  test('a file cut off anywhere', async () => {
    const { size } = Bun.file(file)
    for (const [index, part] of [0.02, 0.3, 0.7, 0.99].entries())
      expect(await untouched((bytes) => bytes.slice(0, Math.floor(size * part)), `cut-${index}`)).toBe('broken_backup')
    expect(await untouched((bytes) => bytes.slice(0, -1), 'cut-last')).toBe('broken_backup')
  })

  test('one flipped bit anywhere behind the header', async () => {
    const { size } = Bun.file(file)
    for (let index = 0; index < 12; index++) {
      const at = Math.floor(300 + ((size - 301) * index) / 11)
      const flip = (bytes: Uint8Array) => bytes.with(at, bytes[at]! ^ (1 << (index % 8)))
      expect(await untouched((bytes) => new Uint8Array(flip(bytes)), `flip-${index}`)).toBe('broken_backup')
    }
  })

  test('bytes behind the end', async () => {
    expect(await untouched((bytes) => new Uint8Array([...bytes, 0]), 'tail')).toBe('broken_backup')
  })

  test('a database from a newer version, and says which one is needed', async () => {
    const newer = join(root, 'newer')
    await makeHome(newer, 'Newer')
    {
      await using database = openSqlite(join(newer, DATABASE_FILE))
      await database.transaction((tx) =>
        tx.run("INSERT INTO migrations (number, name, applied_at) VALUES (9999, 'later', 0)"),
      )
    }
    const target = join(root, 'newer.tvb')
    await makeBackup({ dataFolder: newer, target, recipients: recipientsFor({ passphrase }, now), now })
    const live = join(root, 'live-newer')
    await makeHome(live, 'Live home')
    expect(await refusalOf(restoreInto(live, target))).toBe('newer_backup')
    expect(await homeNameIn(live)).toBe('Live home')
  })
})

test('what a killed backup left in the clear is removed by one of a later day, and only that', async () => {
  const folder = join(root, 'backups')
  const names = ['.backup-killed', '.backup-atwork', '.backup-of-the-photos']
  for (const name of names) {
    await mkdir(join(folder, name), { recursive: true })
    await Bun.write(join(folder, name, 'database.sqlite'), 'in the clear')
  }
  const dayMs = 86_400_000
  const day = (count: number) => new Date(now - count * dayMs)
  await utimes(join(folder, '.backup-killed'), day(2), day(2))
  await utimes(join(folder, '.backup-atwork'), day(0.9), day(0.9))
  await utimes(join(folder, '.backup-of-the-photos'), day(90), day(90))
  const target = join(folder, 'family.tvb')
  await makeBackup({ dataFolder: home, target, recipients: recipientsFor({ passphrase }, now), now })
  expect((await readdir(folder)).sort()).toEqual(['.backup-atwork', '.backup-of-the-photos', 'family.tvb'])
})

test('a power cut in the middle of the exchange is finished at the next start', async () => {
  const target = join(root, 'cut-short')
  await makeHome(target, 'Live home')
  const { staging } = await prepareRestore({
    file,
    identities: identitiesFromText(passphrase),
    dataFolder: target,
    now,
  })
  const journal = { staging, aside: '.before-restore-test', phase: 'aside' }
  await mkdir(join(target, journal.aside))
  await Bun.write(join(target, 'restore-journal.json'), JSON.stringify(journal))
  await finishSwap(target)
  expect(await homeNameIn(target)).toBe('The Lindqvists')
  expect(await homeNameIn(join(target, journal.aside))).toBe('Live home')
  expect((await readdir(target)).filter((entry) => entry.startsWith('.restoring'))).toEqual([])
})

test('a home whose own marker was on its way when the power went is opened all the same', async () => {
  const target = join(root, 'marker-moved')
  await makeHome(target, 'Live home')
  const { staging } = await prepareRestore({
    file,
    identities: identitiesFromText(passphrase),
    dataFolder: target,
    now,
  })
  const aside = '.before-restore-test'
  await mkdir(join(target, aside))
  await rename(join(target, 'trallivalli.json'), join(target, aside, 'trallivalli.json'))
  await Bun.write(join(target, 'restore-journal.json'), JSON.stringify({ staging, aside, phase: 'aside' }))
  using folder = await openDataFolder(target)
  expect(folder.isNew).toBe(false)
  await finishSwap(target)
  expect(await homeNameIn(target)).toBe('The Lindqvists')
  expect(await homeNameIn(join(target, aside))).toBe('Live home')
  expect(await Bun.file(join(target, 'trallivalli.json')).exists()).toBe(true)
  expect(await Bun.file(join(target, aside, 'trallivalli.json')).exists()).toBe(true)
})

test('what a copy cut short left behind is cleared at the next start', async () => {
  const target = join(root, 'leftover')
  await makeHome(target, 'Live home')
  await makeStaging(target)
  await finishSwap(target)
  expect((await readdir(target)).filter((entry) => entry.startsWith('.restoring'))).toEqual([])
  expect(await homeNameIn(target)).toBe('Live home')
})
