import { type Static, Type } from '@sinclair/typebox'

/** GET /api/setup (anybody): the least a page must know to choose its first screen. */
export type SetupView = { isClaimed: boolean; version: string; protocolVersion: number }

/**
 * Setup calls before there is a host carry the claim token in the header `x-claim-token` (bad_claim_token otherwise),
 * and are refused with already_claimed once the home has its founder. After that the host's session does for `check` and `addresses`.
 */
export const claimTokenHeader = 'x-claim-token'

/** POST /api/setup/check -> CheckResult[]: a tick, or a miss with a code the client turns into a one-line remedy. */
export type CheckResult = {
  name: 'folder_writable' | 'free_space' | 'local_disk' | 'clock' | 'memory' | 'port'
  status: 'ok' | 'warning' | 'failed'
  /** A figure for the words, for example free bytes. */
  value?: number
}

/** GET /api/setup/addresses -> AddressView[]: by which addresses a phone reaches this home now, best first. */
export type AddressView = {
  url: string
  kind: 'public' | 'private' | 'loopback'
  /** HTTPS with a certificate a phone trusts without a step of its own. */
  isTrusted: boolean
  /** True once a request from another machine came in by this address ("goes green when the phone was seen"). */
  wasSeen: boolean
}

/** POST /api/setup/restore (raw body: the backup file; header x-claim-token) -> RestoreUpload. Reads the header only. */
export type RestoreUpload = {
  uploadId: string
  bytes: number
  createdAt: number
  formatVersion: number
  keyKind: 'passphrase' | 'recipient'
}
/** POST /api/setup/restore/open -> RestoreSummary. Checks the key before anything is copied: wrong_backup_key, broken_backup, newer_backup. */
export const restoreOpen = Type.Object({
  uploadId: Type.String({ maxLength: 64 }),
  key: Type.String({ minLength: 1, maxLength: 1024 }),
})
export type RestoreOpen = Static<typeof restoreOpen>
export type RestoreSummary = {
  homeName: string
  createdAt: number
  version: string
  verdict: 'same' | 'older'
  accountCount: number
  messageCount: number
  blobBytes: number
  databaseBytes: number
}
/** POST /api/setup/restore/apply { uploadId, key } -> 202, then the server reopens itself on the restored data: poll GET /api/setup until isClaimed. */
export const restoreApply = restoreOpen
