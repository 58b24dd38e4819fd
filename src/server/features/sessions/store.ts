import type { Role } from '../../../protocol/accounts.ts'
import type { AccountId, DeviceId, SessionId } from '../../../protocol/ids.ts'
import type { Reader, Transaction } from '../../storage/database.ts'

export type SessionRow = {
  sessionId: SessionId
  accountId: AccountId
  deviceId: DeviceId
  generation: number
  rotatedAt: number
  createdAt: number
  lastSeenAt: number
  expiresAt: number
  role: Role
}

const selectSession = `SELECT session_id AS sessionId, sessions.account_id AS accountId, device_id AS deviceId, generation,
    rotated_at AS rotatedAt, sessions.created_at AS createdAt, last_seen_at AS lastSeenAt, expires_at AS expiresAt, role
  FROM sessions JOIN accounts ON accounts.account_id = sessions.account_id`

export function findSession(reader: Reader, sessionId: SessionId): Promise<SessionRow | null> {
  return reader.get<SessionRow>(`${selectSession} WHERE session_id = ?`, sessionId)
}

export function listSessions(reader: Reader, accountId: AccountId): Promise<SessionRow[]> {
  return reader.all<SessionRow>(`${selectSession} WHERE sessions.account_id = ? ORDER BY last_seen_at DESC`, accountId)
}

/** A device has one session: signing in again ends the one before. */
export async function replaceSession(
  tx: Transaction,
  row: { sessionId: SessionId; accountId: AccountId; deviceId: DeviceId; now: number; expiresAt: number },
): Promise<void> {
  await tx.run('DELETE FROM sessions WHERE device_id = ?', row.deviceId)
  await tx.run(
    `INSERT INTO sessions (session_id, account_id, device_id, generation, rotated_at, created_at, last_seen_at, expires_at)
     VALUES (?, ?, ?, 1, ?, ?, ?, ?)`,
    row.sessionId,
    row.accountId,
    row.deviceId,
    row.now,
    row.now,
    row.now,
    row.expiresAt,
  )
}

export async function advanceSession(
  tx: Transaction,
  row: { sessionId: SessionId; now: number; expiresAt: number },
): Promise<void> {
  await tx.run(
    `UPDATE sessions SET generation = generation + 1, rotated_at = ?, last_seen_at = ?, expires_at = ? WHERE session_id = ?`,
    row.now,
    row.now,
    row.expiresAt,
    row.sessionId,
  )
}

export async function deleteSession(tx: Transaction, sessionId: SessionId): Promise<void> {
  await tx.run('DELETE FROM sessions WHERE session_id = ?', sessionId)
}

/** Null when this account has no such device, or it is not signed in. */
export function findSessionOfDevice(
  reader: Reader,
  accountId: AccountId,
  deviceId: DeviceId,
): Promise<{ sessionId: SessionId } | null> {
  const sql = 'SELECT session_id AS sessionId FROM sessions WHERE account_id = ? AND device_id = ?'
  return reader.get(sql, accountId, deviceId)
}

/** Why a device may not come back; null for one that may. */
export async function findEnd(reader: Reader, deviceId: DeviceId): Promise<'device_removed' | 'account_gone' | null> {
  const row = await reader.get<{ endedAt: number | null; leftAt: number | null }>(
    `SELECT devices.ended_at AS endedAt, accounts.left_at AS leftAt FROM devices
     JOIN accounts ON accounts.account_id = devices.account_id WHERE device_id = ?`,
    deviceId,
  )
  if (row?.leftAt) return 'account_gone'
  return row?.endedAt ? 'device_removed' : null
}

export async function deleteExpiredSessions(tx: Transaction, now: number): Promise<void> {
  await tx.run('DELETE FROM sessions WHERE expires_at <= ?', now)
}
