/**
 * The one refusal of everything in `crypto/`: a forged, damaged, replayed or malformed input.
 * Callers must not tell a peer which; `reason` names the broken rule for tests and logs and never holds a secret.
 */
export class DecryptionFailed extends Error {
  readonly reason: string

  constructor(reason = 'refused') {
    super('decryption failed')
    this.name = 'DecryptionFailed'
    this.reason = reason
  }
}

/** Throws {@link DecryptionFailed} with `reason` unless `condition` holds. */
export function insist(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new DecryptionFailed(reason)
}

/** What `work` answers; null where it cannot be read or opened. */
export function orNull<Answer>(work: () => Answer): Answer | null {
  try {
    return work()
  } catch (error) {
    if (error instanceof DecryptionFailed) return null
    throw error
  }
}
