import type { Context } from '../../context.ts'
import { errorFields } from '../../log.ts'

export type Health = {
  status: 'ok' | 'failing'
  database: 'ok' | 'failing'
  uptimeMs: number
}

/** What anybody may know: whether this server works. Nothing here tells how many live in the home. */
export async function checkHealth({ database, clock, log, startedAt }: Context): Promise<Health> {
  const isReadable = await database.get('SELECT count(*) FROM settings').then(
    () => true,
    (error: unknown) => {
      log.error('health_check_failed', errorFields(error))
      return false
    },
  )
  const status = isReadable ? 'ok' : 'failing'
  return { status, database: status, uptimeMs: clock.now() - startedAt }
}
