import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { RESTORE_JOURNAL } from '../../data-folder.ts'
import { syncFolder } from '../../durable-file.ts'

/**
 * Exchanges what a data folder holds for what a restore has prepared beside it, by renames within one file system: the folder itself
 * may be a mount point and is never renamed. A journal makes it finish at the next start when the power goes in the middle.
 */
const stagingPrefix = '.restoring-'
const asidePrefix = '.before-restore-'

const journalSchema = Type.Object({
  staging: Type.String({ pattern: '^\\.restoring-[a-z0-9-]+$' }),
  aside: Type.String({ pattern: '^\\.before-restore-[a-z0-9-]+$' }),
  phase: Type.Union([Type.Literal('aside'), Type.Literal('place')]),
})
type Journal = Static<typeof journalSchema>

/** An empty folder beside the live data, on the same file system. */
export async function makeStaging(dataFolder: string): Promise<string> {
  const name = `${stagingPrefix}${crypto.randomUUID()}`
  await mkdir(join(dataFolder, name), { mode: 0o700 })
  return name
}

/** Puts the staged content in place; answers the folder that now holds what was there before. */
export async function swapContent(dataFolder: string, staging: string, at: number): Promise<string> {
  const aside =
    `${asidePrefix}${new Date(at).toISOString().slice(0, 19).replace(/[:T]/g, '-')}-${crypto.randomUUID().slice(0, 4)}`.toLowerCase()
  await mkdir(join(dataFolder, aside), { mode: 0o700 })
  await writeJournal(dataFolder, { staging, aside, phase: 'aside' })
  await finishSwap(dataFolder)
  return join(dataFolder, aside)
}

/** Run at every start before anything is opened: goes on with a swap that was cut short, and clears what a cut-short copy left. */
export async function finishSwap(dataFolder: string): Promise<void> {
  const journal = await readJournal(dataFolder)
  if (!journal) return removeLeftovers(dataFolder)
  if (journal.phase === 'aside') {
    await moveAll(dataFolder, join(dataFolder, journal.aside))
    await writeJournal(dataFolder, { ...journal, phase: 'place' })
  }
  await moveAll(join(dataFolder, journal.staging), dataFolder)
  await rm(join(dataFolder, journal.staging), { recursive: true, force: true })
  await rm(join(dataFolder, RESTORE_JOURNAL))
  await syncFolder(dataFolder)
}

async function moveAll(from: string, to: string): Promise<void> {
  for (const name of await readdir(from).catch(() => []))
    if (!staysInPlace(name)) await rename(join(from, name), join(to, name))
  await syncFolder(to)
}

// The lock is held by this process; a mounted disk's lost+found is nobody's to move.
function staysInPlace(name: string): boolean {
  return name.startsWith('.') || name.startsWith('lock.db') || name === RESTORE_JOURNAL || name === 'lost+found'
}

async function removeLeftovers(dataFolder: string): Promise<void> {
  for (const name of await readdir(dataFolder).catch(() => []))
    if (name.startsWith(stagingPrefix)) await rm(join(dataFolder, name), { recursive: true, force: true })
}

async function readJournal(dataFolder: string): Promise<Journal | null> {
  const file = Bun.file(join(dataFolder, RESTORE_JOURNAL))
  if (!(await file.exists())) return null
  const journal: unknown = await file.json()
  if (!Value.Check(journalSchema, journal)) throw new Error(`${RESTORE_JOURNAL} is damaged`)
  return journal
}

async function writeJournal(dataFolder: string, journal: Journal): Promise<void> {
  const partial = join(dataFolder, `.${RESTORE_JOURNAL}`)
  const file = await open(partial, 'w', 0o600)
  await file.writeFile(JSON.stringify(journal))
  await file.sync()
  await file.close()
  await rename(partial, join(dataFolder, RESTORE_JOURNAL))
  await syncFolder(dataFolder)
}
