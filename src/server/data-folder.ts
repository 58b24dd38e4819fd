import { Database } from 'bun:sqlite'
import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder, writeDurably } from './durable-file.ts'
import { StartError } from './start-error.ts'

const markerName = 'trallivalli.json'
const lockName = 'lock.db'

/** The SQLite database within the data folder. */
export const DATABASE_FILE = 'database.sqlite'
/** There while a restore exchanges what the folder holds (folder-swap.ts): the marker may be on its way, too. */
export const RESTORE_JOURNAL = 'restore-journal.json'
const formatVersion = 1

/** The folder cannot be used: one sentence that names it and the cure. */
export class DataFolderError extends StartError {
  override name = 'DataFolderError'
}

export interface DataFolder extends Disposable {
  path: string
  isNew: boolean
}

/** Opens the one folder that holds everything, and keeps every other process out until it is disposed. */
export async function openDataFolder(path: string): Promise<DataFolder> {
  await makeFolder(path)
  const isNew = !(await hasMarker(path)) && !(await Bun.file(join(path, RESTORE_JOURNAL)).exists())
  if (isNew) await refuseForeign(path)
  const release = lock(path)
  try {
    if (isNew) await writeMarker(path)
  } catch (error) {
    release()
    throw explain(path, error)
  }
  return { path, isNew, [Symbol.dispose]: release }
}

/** For commands that only read: the folder must hold a home already. */
export async function requireHome(path: string): Promise<void> {
  if (!(await hasMarker(path))) throw new DataFolderError(`${path} holds no home: name its folder with --data.`)
}

async function makeFolder(path: string): Promise<void> {
  try {
    const made = await mkdir(path, { recursive: true, mode: 0o700 })
    if (made) await chmod(path, 0o700)
    if (made) await syncFolder(dirname(made))
    if (!(await stat(path)).isDirectory()) throw new DataFolderError(`${path} is a file: choose a folder with --data.`)
  } catch (error) {
    throw explain(path, error)
  }
}

async function hasMarker(path: string): Promise<boolean> {
  const file = Bun.file(join(path, markerName))
  if (!(await file.exists())) return false
  const marker = await file.json().catch(() => null)
  if (marker?.kind !== 'trallivalli' || typeof marker.format !== 'number')
    throw new DataFolderError(`${join(path, markerName)} is damaged: restore the folder from a backup.`)
  if (marker.format > formatVersion)
    throw new DataFolderError(`${path} was written by a newer TralliValli: start that version, or a newer one.`)
  return true
}

// An empty folder may be a mounted disk, which brings its own lost+found.
async function refuseForeign(path: string): Promise<void> {
  const names = await readdir(path).catch((error) => {
    throw explain(path, error)
  })
  const isOurs = (name: string) => name.startsWith(lockName) || name.startsWith(markerName)
  const foreign = names.find((name) => name !== 'lost+found' && !isOurs(name))
  if (foreign === undefined) return
  throw new DataFolderError(`${path} holds other things (${foreign}): choose an empty folder with --data.`)
}

// Kept from the garbage collector: a connection that nobody holds any more is closed, and its lock is gone.
const held = new Set<Database>()

// The operating system lets go of SQLite's lock when the process ends, however it ends.
function lock(path: string): () => void {
  let database: Database | null = null
  try {
    database = new Database(join(path, lockName), { create: true })
    database.run('PRAGMA busy_timeout = 0')
    database.run('PRAGMA journal_mode = MEMORY')
    database.run('BEGIN EXCLUSIVE')
    return keep(database)
  } catch (error) {
    database?.close()
    throw explain(path, error)
  }
}

function keep(database: Database): () => void {
  held.add(database)
  return () => {
    held.delete(database)
    database.close()
  }
}

async function writeMarker(path: string): Promise<void> {
  const marker = { kind: 'trallivalli', format: formatVersion, createdAt: Date.now() }
  await writeDurably(join(path, markerName), `${JSON.stringify(marker, null, 2)}\n`)
}

function explain(path: string, error: unknown): Error {
  if (error instanceof DataFolderError) return error
  const code = String((error as { code?: unknown }).code ?? '')
  if (/BUSY|LOCKED/.test(code))
    return new DataFolderError(
      `${path} is in use by another TralliValli: stop it first, or choose another folder with --data.`,
    )
  if (/EACCES|EPERM|EROFS|ENOENT|CANTOPEN|READONLY/.test(code))
    return new DataFolderError(
      `${path} cannot be written: give this user the right to it, or choose another folder with --data.`,
    )
  if (/ENOTDIR|EEXIST/.test(code)) return new DataFolderError(`${path} is not a folder: choose one with --data.`)
  if (/ENOSPC|FULL/.test(code))
    return new DataFolderError(`The disk that holds ${path} is full: make room, then start again.`)
  return new DataFolderError(`${path} cannot be opened (${code || String(error)}): choose another folder with --data.`)
}
