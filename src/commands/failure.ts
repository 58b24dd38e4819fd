import { Refusal, type RefusalCode } from '../protocol/errors.ts'
import { StartError } from '../server/start-error.ts'

/** What the commands may be refused, in words for the person at the terminal. */
const sentences: Partial<Record<RefusalCode, string>> = {
  wrong_backup_key: 'This key does not open the backup: try another one; nothing was changed.',
  broken_backup: 'The backup is cut off, changed or no backup of TralliValli: use another copy; nothing was changed.',
  newer_backup: 'The backup was written by a newer TralliValli: use that version, or a newer one; nothing was changed.',
  disk_full: 'The disk is full: make room, then try again; nothing was changed.',
}

/** One sentence for what is expected to happen; null for a fault of ours, which is shown whole. */
export function explainFailure(error: unknown): string | null {
  if (error instanceof StartError) return error.message
  if (error instanceof Refusal) return sentences[error.code] ?? error.message
  if (/SQLITE_BUSY/.test(String((error as { code?: unknown }).code)))
    return 'The home is busy with its database: try again in a moment; nothing was changed.'
  const { code, path } = error as { code?: unknown; path?: unknown }
  const where = typeof path === 'string' ? path : 'The file'
  if (code === 'ENOENT') return `${where} does not exist: check the name.`
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return `${where} is not ours to use: give this user the right to it.`
  if (/ENOSPC|EDQUOT|SQLITE_FULL|SQLITE_IOERR_SHMSIZE/.test(String(code)))
    return `The disk ${typeof path === 'string' ? `that holds ${path} ` : ''}is full: make room, then try again.`
  if (code === 'EISDIR' || code === 'ENOTDIR') return `${where} is not a file: check the name.`
  return null
}
