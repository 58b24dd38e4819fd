import { Cron } from 'croner'
import type { Context } from '../context.ts'
import { deleteExpiredFiles } from '../features/files/files.ts'
import { deleteOldInvites } from '../features/invites/invites.ts'
import { deleteExpiredMessages } from '../features/messages/expiry.ts'
import { cleanUpRecovery } from '../features/recovery/recovery.ts'
import { deleteExpiredSessions } from '../features/sessions/sessions.ts'
import { errorFields } from '../log.ts'
import { deleteOldBodies, deleteOldEnvelopes } from './old-messages.ts'

export interface Job {
  name: string
  /** A cron line, by the clock of this machine. */
  schedule: string
  run(context: Context): Promise<void>
}

export const jobs: readonly Job[] = [
  { name: 'refresh-tree-head', schedule: '0 * * * *', run: async ({ keyLog }) => keyLog.refreshHead() },
  { name: 'rotate-token-keys', schedule: '5 * * * *', run: ({ tokens }) => tokens.rotateKeys() },
  { name: 'delete-expired-sessions', schedule: '10 * * * *', run: deleteExpiredSessions },
  { name: 'delete-recovery-tries', schedule: '15 * * * *', run: cleanUpRecovery },
  { name: 'delete-old-invites', schedule: '20 3 * * *', run: deleteOldInvites },
  { name: 'delete-old-bodies', schedule: '25 * * * *', run: deleteOldBodies },
  { name: 'delete-expired-messages', schedule: '1 * * * *', run: deleteExpiredMessages },
  { name: 'delete-expired-files', schedule: '35 3 * * *', run: deleteExpiredFiles },
  { name: 'delete-old-envelopes', schedule: '30 * * * *', run: deleteOldEnvelopes },
]

/** Runs each job when it is due, never twice at the same time, until disposed. */
export function startJobs(context: Context, list: readonly Job[] = jobs): Disposable {
  const crons = list.map(
    (job) => new Cron(job.schedule, { protect: true, unref: true }, async () => void (await runJob(context, job))),
  )
  return {
    [Symbol.dispose]() {
      for (const cron of crons) cron.stop()
    },
  }
}

/** Runs a job and writes down how it went; a job that fails is tried again when it is next due. */
export async function runJob(context: Context, job: Job): Promise<boolean> {
  const startedAt = context.clock.now()
  let error: string | null = null
  try {
    await job.run(context)
  } catch (cause) {
    context.log.error('job_failed', { job: job.name, ...errorFields(cause) })
    error = cause instanceof Error ? cause.name : 'unknown'
  }
  await recordRun(context, { name: job.name, startedAt, error })
  return error === null
}

// With a full disk even this fails, and nobody waits for a job: an error that got out of here would end the server.
async function recordRun(
  { database, clock, log }: Context,
  { name, startedAt, error }: { name: string; startedAt: number; error: string | null },
): Promise<void> {
  const sql = 'INSERT OR REPLACE INTO jobs (name, started_at, finished_at, error) VALUES (?, ?, ?, ?)'
  try {
    await database.transaction((tx) => tx.run(sql, name, startedAt, clock.now(), error))
  } catch (cause) {
    log.error('job_not_recorded', { job: name, ...errorFields(cause) })
  }
}
