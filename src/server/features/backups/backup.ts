import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { PRODUCT_VERSION } from '../../../protocol/version.ts'
import { DATABASE_FILE } from '../../data-folder.ts'
import { inspectDatabase, snapshotDatabase } from '../../storage/snapshot.ts'
import { type PackedFile, type Progress, writeArchive } from './backup-archive.ts'
import { BACKUP_FORMAT_VERSION } from './backup-header.ts'
import type { BackupRecipient } from './backup-keys.ts'
import { DATABASE_NAME, isSafeName, type Manifest } from './manifest.ts'

export type BackupJob = {
  dataFolder: string
  target: string
  recipients: readonly BackupRecipient[]
  now: number
  onProgress?: Progress
}
export type BackupResult = { manifest: Manifest; bytes: number }

const scratchPrefix = '.backup-'
const abandonedAfterMs = 86_400_000

/** Everything else of a data folder, below this name in the archive. */
export const FILES_PREFIX = 'files/'

/**
 * Makes one backup file of a home that may be running: a database snapshot first, then the files it may speak of
 * (a file written after the snapshot is merely extra; none it names is missing).
 */
export async function makeBackup({
  dataFolder,
  target,
  recipients,
  now,
  onProgress,
}: BackupJob): Promise<BackupResult> {
  await removeLeftovers(dirname(target), now)
  const scratch = await mkdtemp(join(dirname(target), scratchPrefix))
  try {
    const snapshot = join(scratch, DATABASE_NAME)
    snapshotDatabase(join(dataFolder, DATABASE_FILE), snapshot)
    const facts = inspectDatabase(snapshot)
    if (!facts) throw new Error('the database is damaged: its snapshot failed the integrity check')
    const files = [await describeFile(DATABASE_NAME, snapshot), ...(await describeFolder(dataFolder))]
    const manifest: Manifest = {
      format: BACKUP_FORMAT_VERSION,
      version: PRODUCT_VERSION,
      createdAt: now,
      ...facts,
      totalBytes: files.reduce((sum, file) => sum + file.bytes, 0),
      files: files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
    }
    return {
      manifest,
      bytes: await writeArchive(target, manifest, { files, recipients, ...(onProgress && { onProgress }) }),
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

// What a backup that was killed left behind is the database in the clear. Nobody works on one for a day.
async function removeLeftovers(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (!name.startsWith(scratchPrefix) || name.length !== scratchPrefix.length + 6) continue
    // It may be gone by now: whoever works there has ended.
    const found = await stat(path).catch(() => null)
    if (found && found.mtimeMs < now - abandonedAfterMs) await rm(path, { recursive: true, force: true })
  }
}

// The lock, the live database and its journals, the claim token and what begins with a dot belong to this run, not to the home.
const notPartOfHome = /^(lock\.db|claim-token|before-migration-|uploads\/|restore-journal)/
function belongsToHome(name: string): boolean {
  return isSafeName(name) && !name.startsWith(DATABASE_FILE) && !notPartOfHome.test(name)
}

async function describeFolder(dataFolder: string): Promise<PackedFile[]> {
  const found: PackedFile[] = []
  const entries = await readdir(dataFolder, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(dataFolder, path).split(sep).join('/')
    if (belongsToHome(name)) found.push(await describeFile(FILES_PREFIX + name, path))
  }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1))
}

async function describeFile(name: string, path: string): Promise<PackedFile> {
  const { size } = await stat(path)
  const hash = createHash('sha256')
  if (size > 0) for await (const chunk of createReadStream(path, { end: size - 1 })) hash.update(chunk as Uint8Array)
  return { name, path, bytes: size, sha256: hash.digest('hex') }
}
