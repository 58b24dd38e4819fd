import type { ConversationId, Incarnation } from '../protocol/ids.ts'
import type { Database, Reader, Transaction } from './storage/database.ts'

/** The few things a home remembers about itself. */
export interface SettingValues {
  homeName: string
  familyConversationId: ConversationId | null
  incarnation: Incarnation
  /** Date of the backup this incarnation came from; null for the first. */
  restoredFrom: number | null
  /** From a restore until a device has given back the newest logs, or the host says that there is none. */
  isHealing: boolean
}
type Name = keyof SettingValues

/** Read from memory, written within a transaction; memory follows the commit. */
export class Settings {
  private constructor(private readonly values: Partial<SettingValues>) {}

  static async load(database: Database): Promise<Settings> {
    return new Settings(await readAll(database))
  }

  get<Key extends Name>(name: Key): SettingValues[Key] | null {
    return this.values[name] ?? null
  }

  get isHealing(): boolean {
    return this.values.isHealing ?? false
  }

  get incarnation(): Incarnation {
    return this.values.incarnation!
  }

  async set<Key extends Name>(tx: Transaction, name: Key, value: SettingValues[Key]): Promise<void> {
    await writeSetting(tx, name, value)
    tx.onCommit(() => {
      this.values[name] = value
    })
  }
}

/** For a database that is not served: what a restore writes before the home opens on it. */
export async function writeSetting<Key extends Name>(
  tx: Transaction,
  name: Key,
  value: SettingValues[Key],
): Promise<void> {
  await tx.run('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)', name, JSON.stringify(value))
}

async function readAll(reader: Reader): Promise<Partial<SettingValues>> {
  const rows = await reader.all<{ name: string; value: string }>('SELECT name, value FROM settings')
  return Object.fromEntries(rows.map(({ name, value }) => [name, JSON.parse(value)]))
}
