import { Database as Connection } from 'bun:sqlite'

/** What a database file says of itself, for the manifest and for checking it. */
export type DatabaseFacts = {
  databaseVersion: number
  homeName: string
  accountCount: number
  conversationCount: number
  messageCount: number
}

/**
 * A consistent copy in a new file; the home may go on reading and writing, in this process or another. The copy is not synced: a
 * gigabyte that goes to the disk at once lets everybody wait who is to be told that something of theirs is on it.
 */
export function snapshotDatabase(file: string, target: string): void {
  using connection = new Connection(file, { readwrite: true })
  connection.run('PRAGMA busy_timeout = 30000')
  connection.run('PRAGMA synchronous = OFF')
  try {
    connection.prepare('VACUUM INTO ?').run(target)
  } finally {
    // Whoever closes a database last carries its log over, and that must be synced.
    connection.run('PRAGMA synchronous = FULL')
  }
}

/** Reads the facts; null when the file is no database, is damaged, or breaks its own rules. */
export function inspectDatabase(file: string): DatabaseFacts | null {
  try {
    using connection = new Connection(file, { readonly: true })
    if (!isSound(connection)) return null
    const count = (table: string) =>
      connection.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0
    const version = connection.query<{ n: number }, []>('SELECT max(number) AS n FROM migrations').get()
    return {
      databaseVersion: version?.n ?? 0,
      homeName: readHomeName(connection),
      accountCount: count('accounts'),
      conversationCount: count('conversations'),
      messageCount: count('messages'),
    }
  } catch (error) {
    if (isDamage(error)) return null
    throw error
  }
}

function isSound(connection: Connection): boolean {
  const integrity = connection.query<{ integrity_check: string }, []>('PRAGMA integrity_check').get()
  return integrity?.integrity_check === 'ok' && connection.query('PRAGMA foreign_key_check').get() === null
}

// Settings are JSON (settings.ts); a home that was never founded has no name.
function readHomeName(connection: Connection): string {
  const row = connection.query<{ value: string }, []>("SELECT value FROM settings WHERE name = 'homeName'").get()
  const name: unknown = row ? JSON.parse(row.value) : ''
  return typeof name === 'string' ? name : ''
}

function isDamage(error: unknown): boolean {
  return /SQLITE_(NOTADB|CORRUPT|ERROR)/.test(String((error as { code?: unknown }).code))
}
