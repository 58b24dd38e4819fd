import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Migration, migrations } from '../../../migrations/index.ts'
import { StartError } from '../start-error.ts'
import type { Database, Transaction } from './database.ts'

export type MigrateOptions = {
  now: number
  /** Where the copy of a database goes that is about to be changed. */
  snapshotFile: (version: number) => string
  steps?: readonly Migration[]
}

/** The newest migration this program knows. */
export const newestDatabaseVersion: number = migrations.at(-1)!.number

/** Brings the tables up to date, each step in a transaction of its own, after a copy where there is something to lose. */
export async function migrate(database: Database, { now, snapshotFile, steps = migrations }: MigrateOptions) {
  const version = await readDatabaseVersion(database)
  const newest = steps.at(-1)?.number ?? 0
  if (version > newest)
    throw new StartError(
      `The database was written by a newer TralliValli (its version is ${version}, this program knows ${newest}): start that version, or a newer one.`,
    )
  const missing = steps.filter((step) => step.number > version)
  if (version > 0 && missing.length > 0) await keepCopy(database, snapshotFile(version))
  for (const step of missing) await database.transaction((tx) => applyStep(tx, step, now))
}

// Somebody may go back to this copy: a half of one, cut short, never has its name, and gives way to the next.
async function keepCopy(database: Database, file: string): Promise<void> {
  const half = join(dirname(file), '.before-migration.half')
  for (const leftover of [half, `${half}-journal`]) await rm(leftover, { force: true })
  await database.snapshotTo(half)
  await rename(half, file)
}

/** Number of the newest migration these tables have seen; 0 for a new file. */
export async function readDatabaseVersion(database: Database): Promise<number> {
  const table = await database.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'")
  if (!table) return 0
  const row = await database.get<{ version: number | null }>('SELECT max(number) AS version FROM migrations')
  return row?.version ?? 0
}

async function applyStep(tx: Transaction, step: Migration, now: number): Promise<void> {
  await tx.script(
    'CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)',
  )
  await tx.script(step.sql)
  await tx.run('INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)', step.number, step.name, now)
}
