import { Refusal } from '../protocol/errors.ts'
import type { Incarnation } from '../protocol/ids.ts'
import { writeAudit } from './audit.ts'
import { makeId } from './ids.ts'
import { type Settings, writeSetting } from './settings.ts'
import type { Transaction } from './storage/database.ts'

/**
 * Turns a restored database into a new incarnation (PROTOCOL 4.14): old sessions, tickets and one-time prekeys are void, for they
 * may have been used since the backup, and no log grows until it was healed.
 */
export async function beginIncarnation(tx: Transaction, restoredFrom: number): Promise<void> {
  await writeSetting(tx, 'incarnation', makeId<Incarnation>())
  await writeSetting(tx, 'restoredFrom', restoredFrom)
  await writeSetting(tx, 'isHealing', true)
  await writeAudit(tx, { at: Date.now(), event: 'restored', backupAt: restoredFrom })
  await tx.run('DELETE FROM sessions')
  await tx.run('DELETE FROM recovery_tickets')
  await tx.run("DELETE FROM prekeys WHERE kind IN ('one-time', 'one-time-kem')")
  await tx.run("DELETE FROM secrets WHERE kind IN ('access-token', 'refresh-token')")
}

/** A new entry on top of an old log would fork it. */
export function assertNotHealing({ settings }: { settings: Settings }): void {
  if (settings.isHealing) throw new Refusal('healing')
}
