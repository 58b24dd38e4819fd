import type { Context } from '../context.ts'

const keptMs = 30 * 24 * 3_600_000
/** So many at a time that nobody waits for the writer. */
const batchRows = 500

/** Bodies that carry no history (class 1) are worth nothing once every device had a month to fetch them. */
export function deleteOldBodies(context: Context): Promise<void> {
  const sql = `DELETE FROM messages WHERE message_number IN
    (SELECT message_number FROM messages WHERE class = 1 AND received_at < ? LIMIT ?)`
  return repeat(context, sql)
}

/** A device that was away for a month begins again: its sessions are as old as its envelopes. */
export function deleteOldEnvelopes(context: Context): Promise<void> {
  const sql = `DELETE FROM envelopes WHERE envelope_id IN
    (SELECT envelope_id FROM envelopes WHERE created_at < ? LIMIT ?)`
  return repeat(context, sql)
}

async function repeat({ database, clock }: Context, sql: string): Promise<void> {
  const params = [clock.now() - keptMs, batchRows]
  let changes = batchRows
  while (changes === batchRows) changes = (await database.transaction((tx) => tx.run(sql, ...params))).changes
}
