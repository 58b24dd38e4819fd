import { Database } from 'bun:sqlite'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../migrations/index.ts'
import { openDataFolder } from '../../src/server/data-folder.ts'
import { makeId } from '../../src/server/ids.ts'
import { migrate } from '../../src/server/storage/migrate.ts'
import { openSqlite } from '../../src/server/storage/sqlite.ts'
import { type FireHomes, leftoversIn, readTables } from './fire-homes.ts'
import type { Dice, Report } from './report.ts'
import { ServerProcess } from './server-process.ts'

const newest = migrations.at(-1)!.number
const filled = ['accounts', 'devices', 'conversations', 'conversation_members', 'messages', 'envelopes', 'invites']
type Rows = Record<string, Record<string, unknown>[]>

/** A home as an earlier version left it: the first so many migrations, and rows in the tables that later ones change. */
export async function makeOldHome(dataFolder: string, version: number, messages: number): Promise<Rows> {
  const folder = await openDataFolder(dataFolder)
  const steps = migrations.filter(({ number }) => number <= version)
  {
    await using database = openSqlite(join(dataFolder, 'database.sqlite'))
    await migrate(database, { now: 1, steps, snapshotFile: () => join(dataFolder, 'unused') })
  }
  folder[Symbol.dispose]()
  using database = new Database(join(dataFolder, 'database.sqlite'))
  database.transaction(() => insertFamily(database, messages))()
  return rowsOf(database)
}

function insertFamily(database: Database, messages: number): void {
  const [account, device, conversation] = [makeId(), makeId(), makeId()]
  const bytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  database.run(
    "INSERT INTO accounts (account_id, sign_in_name, role, created_at, wrapped_root_seed) VALUES (?, 'oma', 'host', 1, ?)",
    [account, bytes(80)],
  )
  database.run('INSERT INTO devices VALUES (?, ?, 1, NULL)', [device, account])
  database.run("INSERT INTO conversations (conversation_id, kind, created_at, last_seq) VALUES (?, 'direct', 1, ?)", [
    conversation,
    messages,
  ])
  database.run("INSERT INTO conversation_members VALUES (?, ?, 'member', 1, 1)", [conversation, account])
  database.run(
    `INSERT INTO invites (invite_id, created_by, auth_hash, role, uses, uses_left, expires_at, created_at, card)
     VALUES (?, ?, ?, 'member', 1, 1, 9999999999999, 1, ?)`,
    [makeId(), account, bytes(32), bytes(200)],
  )
  const message = database.prepare(
    `INSERT INTO messages (conversation_id, seq, message_id, sender_account_id, sender_device_id, class, body, received_at)
     VALUES (?, ?, ?, ?, ?, 0, ?, ?)`,
  )
  const envelope = database.prepare('INSERT INTO envelopes (device_id, frame, created_at) VALUES (?, ?, ?)')
  for (let seq = 1; seq <= messages; seq++) {
    message.run(conversation, seq, makeId(), account, device, bytes(400), Date.now())
    if (seq % 4 === 0) envelope.run(device, bytes(200), Date.now())
  }
}

/** All columns, or those of other rows: later versions add some and put them in another order. */
function rowsOf(database: Database, like?: Rows): Rows {
  return Object.fromEntries(
    filled.map((name) => {
      const columns = like ? Object.keys(like[name]![0]!) : ['*']
      const order = like ? columns.slice(0, 2).join(', ') : '1, 2'
      return [name, database.query(`SELECT ${columns.join(', ')} FROM ${name} ORDER BY ${order}`).all()] as const
    }),
  ) as Rows
}

/** Null when every row is as it was and only new columns came. */
function whatIsMissing(dataFolder: string, before: Rows): string | null {
  const file = join(dataFolder, 'database.sqlite')
  // Throws when it is damaged.
  readTables(file)
  using database = new Database(file)
  const { version } = database.query<{ version: number }, []>('SELECT max(number) AS version FROM migrations').get()!
  if (version !== newest) return `it stands at ${version}`
  return firstDifference(before, rowsOf(database, before))
}

function firstDifference(before: Rows, after: Rows): string | null {
  for (const [table, rows] of Object.entries(before)) {
    const now = after[table]!
    if (!Bun.deepEquals(now, rows)) return `${table} differs: ${now.length} rows, there were ${rows.length}`
  }
  return null
}

interface Effort {
  dice: Dice
  isLong: boolean
  binary: string | null
}

/** The present program starts on homes of every earlier version and is killed, again and again, until it stands. */
export async function killMigrations(
  report: Report,
  homes: FireHomes,
  { dice, isLong, binary }: Effort,
): Promise<void> {
  const versions = isLong ? migrations.slice(0, -1).map(({ number }) => number) : [1, dice.between(2, newest - 1)]
  let kills = 0
  for (const version of versions) {
    const template = join(homes.folder, `version-${version}`)
    const before = await makeOldHome(template, version, isLong ? 20_000 : 8_000)
    const usualMs = await timeStart(copyOf(template), binary)
    for (let round = 0; round < (isLong ? 8 : 2); round++) {
      const live = copyOf(template)
      const tries = dice.between(1, 3)
      for (let count = 0; count < tries; count++) {
        if (await killWhileStarting(live, binary, usualMs * (0.25 + 0.8 * dice.fraction()))) kills++
      }
      const complaint = await standsMigrated(live, binary, before)
      report.check(
        `version ${version}, killed while it was brought up to date, has everything`,
        complaint === null,
        complaint,
      )
      report.check('and every copy it left is whole', copiesAreWhole(live, before), leftoversIn(live, copyName))
    }
  }
  report.check('migrations were killed', kills > 0)
  report.say(`  migration: from version ${versions.join(', ')}, killed ${kills} times`)
}

const copyName = /^before-migration/

function copyOf(template: string): string {
  const live = `${template}-live`
  rmSync(live, { recursive: true, force: true })
  cpSync(template, live, { recursive: true })
  return live
}

async function timeStart(dataFolder: string, binary: string | null): Promise<number> {
  const startedAt = performance.now()
  const server = await ServerProcess.start({ dataFolder, binary, port: 0 })
  const tookMs = performance.now() - startedAt
  await server.kill()
  return tookMs
}

/** True when it had not come so far as to say where it listens. */
async function killWhileStarting(dataFolder: string, binary: string | null, afterMs: number): Promise<boolean> {
  const outcome = await ServerProcess.start({ dataFolder, binary, port: 0, killAfterMs: afterMs }).then(
    async (server) => {
      await server.kill()
      return false
    },
    () => true,
  )
  return outcome
}

/** The home starts and holds everything; null, or what is wrong. */
export async function standsMigrated(dataFolder: string, binary: string | null, before: Rows): Promise<string | null> {
  try {
    const server = await ServerProcess.start({ dataFolder, binary, port: 0 })
    await server.kill()
    return whatIsMissing(dataFolder, before)
  } catch (error) {
    return String(error)
  }
}

// Whoever goes back to the earlier version takes one of these for what it says it is.
function copiesAreWhole(dataFolder: string, before: Rows): boolean {
  const names = leftoversIn(dataFolder, /^before-migration-.*\.sqlite$/)
  return (
    names.length > 0 &&
    leftoversIn(dataFolder, copyName).length === names.length &&
    names.every((name) => {
      using copy = new Database(join(dataFolder, name))
      return firstDifference(before, rowsOf(copy, before)) === null
    })
  )
}
