import { rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../../../protocol/errors.ts'
import { DATABASE_FILE } from '../../data-folder.ts'
import { beginIncarnation } from '../../incarnation.ts'
import { migrate, newestDatabaseVersion } from '../../storage/migrate.ts'
import { inspectDatabase } from '../../storage/snapshot.ts'
import { openSqlite } from '../../storage/sqlite.ts'
import { FILES_PREFIX } from './backup.ts'
import { type Progress, readArchive } from './backup-archive.ts'
import type { BackupIdentity } from './backup-keys.ts'
import { makeStaging, swapContent } from './folder-swap.ts'
import { DATABASE_NAME, type Manifest, type ManifestFile } from './manifest.ts'

export type RestoreJob = {
  file: string
  identities: readonly BackupIdentity[]
  dataFolder: string
  now: number
  onProgress?: Progress
}
/** `setAside` is the folder that holds what was there before. */
export type RestoreResult = { manifest: Manifest; setAside: string }

/** Refuses a manifest that this program cannot serve: newer_backup with the version needed. */
export function judgeVersion(manifest: Manifest): 'same' | 'older' {
  if (manifest.databaseVersion > newestDatabaseVersion) throw new Refusal('newer_backup', { detail: manifest.version })
  return manifest.databaseVersion === newestDatabaseVersion ? 'same' : 'older'
}

/** Reads and checks a whole file, its database opened and counted; writes nothing outside a scratch folder, which it removes. */
export async function verifyBackup(job: Omit<RestoreJob, 'now'>): Promise<Manifest> {
  const staging = join(job.dataFolder, await makeStaging(job.dataFolder))
  try {
    const manifest = await readArchive(job.file, job.identities, {
      onManifest: (read) => ensureRoom(job.dataFolder, databaseBytes(read)),
      place: (file) => (file.name === DATABASE_NAME ? join(staging, DATABASE_FILE) : null),
      ...(job.onProgress && { onProgress: job.onProgress }),
    })
    checkDatabase(join(staging, DATABASE_FILE), manifest)
    return manifest
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/**
 * Restores beside the live data, checks everything, then exchanges the folder's content. Until the exchange nothing live is touched;
 * from there on a power cut is finished at the next start. The folder must be held (data-folder.ts) and nothing in it open.
 */
export async function restoreBackup(job: RestoreJob): Promise<RestoreResult> {
  const prepared = await prepareRestore(job)
  return { manifest: prepared.manifest, setAside: await swapContent(job.dataFolder, prepared.staging, job.now) }
}

/** The long part alone: answers the name of a checked staging folder for swapContent. Works while the home runs. */
export async function prepareRestore(job: RestoreJob): Promise<{ manifest: Manifest; staging: string }> {
  const name = await makeStaging(job.dataFolder)
  const staging = join(job.dataFolder, name)
  try {
    const manifest = await readArchive(job.file, job.identities, {
      onManifest(read) {
        judgeVersion(read)
        return ensureRoom(job.dataFolder, read.totalBytes)
      },
      place: (file) => join(staging, placeOf(file)),
      ...(job.onProgress && { onProgress: job.onProgress }),
    })
    const database = join(staging, DATABASE_FILE)
    checkDatabase(database, manifest)
    await markRestored(database, manifest)
    return { manifest, staging: name }
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    throw error
  }
}

async function markRestored(file: string, manifest: Manifest): Promise<void> {
  await using database = openSqlite(file)
  await migrate(database, { now: Date.now(), snapshotFile: (version) => `${file}.before-${version}` })
  await database.transaction((tx) => beginIncarnation(tx, manifest.createdAt))
}

function placeOf(file: ManifestFile): string {
  if (file.name === DATABASE_NAME) return DATABASE_FILE
  if (!file.name.startsWith(FILES_PREFIX)) throw new Refusal('broken_backup', { detail: 'a file of unknown kind' })
  return file.name.slice(FILES_PREFIX.length)
}

function checkDatabase(path: string, manifest: Manifest): void {
  const facts = inspectDatabase(path)
  const agrees =
    facts?.accountCount === manifest.accountCount &&
    facts.messageCount === manifest.messageCount &&
    facts.conversationCount === manifest.conversationCount &&
    facts.databaseVersion === manifest.databaseVersion
  if (!agrees) throw new Refusal('broken_backup', { detail: 'the database in it is damaged' })
}

function databaseBytes(manifest: Manifest): number {
  return manifest.files.find((file) => file.name === DATABASE_NAME)?.bytes ?? 0
}

async function ensureRoom(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < neededBytes * 1.1) throw new Refusal('disk_full')
}
