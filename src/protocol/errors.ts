/**
 * Every refusal the server gives, over HTTP and socket alike, with its HTTP status.
 * The client turns a code into words in one table; nothing else about a refusal travels but `retryAfterMs` and `detail`.
 */
export const refusals = {
  bad_request: 400,
  bad_signature: 400,
  bad_entry: 400,
  not_signed_in: 401,
  wrong_key: 401,
  bad_claim_token: 401,
  token_reused: 401,
  device_removed: 401,
  /** The person left this home, or the host closed their account. */
  account_gone: 401,
  not_allowed: 403,
  wrong_origin: 403,
  not_found: 404,
  name_taken: 409,
  already_claimed: 409,
  not_claimed: 409,
  /** An append to a log lost the compare-and-swap on prev: fetch, rebuild, try again. */
  log_moved: 409,
  conversation_moved: 409,
  /** The set of devices changed: refresh the key log, seal again, same message id. */
  recipients_changed: 409,
  state_moved: 409,
  message_id_taken: 409,
  healing: 409,
  /** A home that has members keeps a host. */
  last_host: 409,
  invite_unknown: 404,
  invite_used: 410,
  invite_expired: 410,
  invite_revoked: 410,
  /** This invite lets one certain person begin anew: it opens no new account, and another one resets nobody. */
  invite_for_other: 409,
  /** The link between two devices is over, too old, or never was. */
  link_gone: 410,
  link_taken: 409,
  too_large: 413,
  too_many: 429,
  too_many_tries: 429,
  newer_backup: 409,
  broken_backup: 422,
  wrong_backup_key: 401,
  disk_full: 507,
  internal: 500,
  unavailable: 503,
} as const

export type RefusalCode = keyof typeof refusals

/** What a refused HTTP request answers with, as JSON; the socket's `refused` frame carries the same fields. */
export type RefusalBody = {
  error: RefusalCode
  requestId?: string
  retryAfterMs?: number
  detail?: string
}

/** The only way to say no. `detail` is for developers and never shown to people; it holds no secret and no name. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  constructor(
    readonly code: RefusalCode,
    readonly options: { detail?: string; retryAfterMs?: number } = {},
  ) {
    super(options.detail ? `${code}: ${options.detail}` : code)
  }

  get status(): number {
    return refusals[this.code]
  }
}

/** True for a code this version knows; a newer server may say others. */
export function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(refusals, code)
}
