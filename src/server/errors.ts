import { DecryptionFailed } from '../crypto/verify.ts'
import { Refusal, type RefusalBody, type RefusalCode } from '../protocol/errors.ts'

/** Runs a check of `crypto/verify.ts`; what it rejects becomes a refusal of this code. */
export function refuseBroken<T>(code: RefusalCode, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (error instanceof DecryptionFailed) throw new Refusal(code, { detail: error.reason })
    throw error
  }
}

/** Any error as a refusal. What is unknown becomes `internal`: its cause is for the log only. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const code = String((error as { code?: unknown } | null)?.code ?? '')
  if (/^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)$/.test(code)) return new Refusal('disk_full')
  if (/^(SQLITE_(IOERR|BUSY|CANTOPEN|READONLY|NOMEM)|EMFILE|ENFILE|EIO|EROFS)/.test(code))
    return new Refusal('unavailable')
  return new Refusal('internal')
}

export function toRefusalBody({ code, options }: Refusal, requestId: string): RefusalBody {
  return { error: code, requestId, ...options }
}
