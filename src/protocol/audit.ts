import type { AccountId, DeviceId, InviteId } from './ids.ts'

/** What the home writes down about itself: ids only, never a name. */
export type AuditEvent =
  | 'account_opened'
  | 'account_left'
  | 'account_removed'
  | 'began_anew'
  | 'role_changed'
  | 'invite_made'
  | 'invite_used'
  | 'invite_revoked'
  | 'device_added'
  | 'device_revoked'
  | 'restored'
  | 'healing_ended'

/** One line. What does not belong to an event is null. */
export type AuditEntry = {
  auditId: number
  at: number
  event: AuditEvent
  /** Whom it is about. */
  accountId: AccountId | null
  /** Whose doing it was, if not their own. Nobody makes themselves host: role_changed to host without it was a command on the machine. */
  byAccountId: AccountId | null
  deviceId: DeviceId | null
  inviteId: InviteId | null
  /** The role given (role_changed, invite_made). */
  role: 'member' | 'host' | null
  /** device_revoked: 1 signed out, 2 removed, 3 lost, 4 left the home. */
  reason: number | null
  /** restored: date of the backup. */
  backupAt: number | null
}

/** GET /api/audit?before=ID (host) -> AuditPage: the newest first, before this entry, at most 50. */
export type AuditPage = { entries: AuditEntry[]; hasMore: boolean }
