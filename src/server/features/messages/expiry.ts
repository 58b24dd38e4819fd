import type { Clock } from '../../clock.ts'
import type { Database } from '../../storage/database.ts'

/** So many at a time that nobody waits for the writer. */
const batchRows = 500

/** The ciphertext of disappearing messages goes when their time is over; a home that was off, or restored, begins with it. */
export async function deleteExpiredMessages({ database, clock }: { database: Database; clock: Clock }): Promise<void> {
  const sql = `DELETE FROM messages WHERE message_number IN
    (SELECT message_number FROM messages WHERE expires_at <= ? LIMIT ?)`
  let changes = batchRows
  while (changes === batchRows) {
    changes = (await database.transaction((tx) => tx.run(sql, clock.now(), batchRows))).changes
  }
}
