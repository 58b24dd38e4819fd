import { Database } from 'bun:sqlite'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { makeBackup } from '../../src/server/features/backups/backup.ts'
import { recipientsFor } from '../../src/server/features/backups/backup-keys.ts'
import { TorturedFamily } from './family.ts'

/** A home as it was, the same home as it is a while later, and a backup of the later one. */
export class FireHomes implements Disposable {
  private constructor(
    readonly folder: string,
    readonly old: string,
    readonly later: string,
    readonly backup: string,
    readonly identity: string,
    readonly recipient: string,
  ) {}

  static async create(binary: string | null): Promise<FireHomes> {
    const folder = mkdtempSync(join(tmpdir(), 'tv-fire-'))
    const [old, later, backup] = ['old', 'later', 'family.tvb'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await using family = await TorturedFamily.open({ binary })
    const keep = async (path: string) => {
      await family.post({ window: 8, count: 30 })
      await family.server.stop()
      cpSync(family.dataFolder, path, { recursive: true })
      fillAttic(path)
    }
    await keep(old)
    await family.restart()
    await keep(later)
    const identity = await generateX25519Identity()
    const recipient = await identityToRecipient(identity)
    writeFileSync(join(folder, 'key.txt'), `${identity}\n`)
    const now = Date.now()
    const recipients = recipientsFor({ publicKeys: [recipient] }, now)
    await makeBackup({ dataFolder: later, target: backup, recipients, now })
    return new FireHomes(folder, old, later, backup, identity, recipient)
  }

  get keyFlags(): string[] {
    return ['--identity', join(this.folder, 'key.txt')]
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Files of its own for each home: a mixture of two would show. */
function fillAttic(path: string): void {
  mkdirSync(join(path, 'attic'))
  for (let count = 0; count < 6; count++) {
    const bytes = crypto.getRandomValues(new Uint8Array(20_000))
    writeFileSync(join(path, 'attic', `${count}-${bytes[0]}`), bytes)
  }
}

/** What a restored home does not have in common with the one that was backed up: it is a new incarnation. */
const ofThisRun = ['settings', 'secrets', 'jobs', 'sessions', 'recovery_tickets', 'prekeys', 'audit', 'migrations']

/** Everything that a family would miss in this folder, in one line; throws when the database is damaged. */
export function printOf(dataFolder: string): string {
  const hash = createHash('sha256')
  for (const [name, rows] of Object.entries(readTables(join(dataFolder, 'database.sqlite')))) hash.update(name + rows)
  const attic = join(dataFolder, 'attic')
  for (const name of existsSync(attic) ? readdirSync(attic).sort() : []) {
    hash.update(name)
    hash.update(readFileSync(join(attic, name)))
  }
  return hash.digest('hex').slice(0, 16)
}

export function readTables(file: string): Record<string, string> {
  using database = new Database(file)
  const sound = database.query<{ integrity_check: string }, []>('PRAGMA integrity_check').get()
  if (sound?.integrity_check !== 'ok') throw new Error(`${file} is damaged: ${sound?.integrity_check}`)
  const names = database
    .query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name)
    .filter((name) => !ofThisRun.includes(name) && !name.startsWith('sqlite_'))
  return Object.fromEntries(
    names.map((name) => [
      name,
      JSON.stringify(database.query(`SELECT * FROM ${name} ORDER BY 1, 2`).values().map(show)),
    ]),
  )
}

function show(row: unknown[]): unknown[] {
  return row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value))
}

/** What a run that was cut short left in the folder. */
export function leftoversIn(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder).filter((name) => pattern.test(name))
}
