import { Elysia } from 'elysia'
import type { Role } from '../protocol/accounts.ts'
import { Refusal } from '../protocol/errors.ts'
import type { AccountId, DeviceId, SessionId } from '../protocol/ids.ts'
import type { AccessTokens } from './access-token.ts'
import { readCookie } from './cookies.ts'
import type { Reader } from './storage/database.ts'

/** Who is asking. */
export interface Principal {
  accountId: AccountId
  deviceId: DeviceId
  sessionId: SessionId
  role: Role
}

type AuthParts = { database: Reader; tokens: AccessTokens }

/**
 * The member behind a request or a socket, or null. The token is only a key to the session: a session that ended is over at
 * once, and a device that was removed is told so.
 */
export async function authenticate({ database, tokens }: AuthParts, request: Request): Promise<Principal | null> {
  const token = readCookie(request, 'tv_access')
  const subject = token ? await tokens.verify(token) : null
  if (!subject) return null
  const row = await database.get<{ role: Role | null; endedAt: number | null; leftAt: number | null }>(
    `SELECT accounts.role AS role, devices.ended_at AS endedAt, owner.left_at AS leftAt FROM devices
     JOIN accounts AS owner ON owner.account_id = devices.account_id
     LEFT JOIN sessions ON sessions.device_id = devices.device_id AND sessions.session_id = ?
     LEFT JOIN accounts ON accounts.account_id = sessions.account_id
     WHERE devices.device_id = ?`,
    subject.sessionId,
    subject.deviceId,
  )
  if (row?.leftAt) throw new Refusal('account_gone')
  if (row?.endedAt) throw new Refusal('device_removed')
  return row?.role ? { ...subject, role: row.role } : null
}

export async function requirePrincipal(parts: AuthParts, request: Request): Promise<Principal> {
  const principal = await authenticate(parts, request)
  if (!principal) throw new Refusal('not_signed_in')
  return principal
}

export async function requireHost(parts: AuthParts, request: Request): Promise<Principal> {
  const principal = await requirePrincipal(parts, request)
  if (principal.role !== 'host') throw new Refusal('not_allowed')
  return principal
}

/** Routes of an instance that uses this are for members; it runs before the body is judged, so a stranger learns no schema. */
export function membersOnly(parts: AuthParts) {
  return new Elysia().derive({ as: 'scoped' }, async ({ request }) => ({
    principal: await requirePrincipal(parts, request),
  }))
}

export function hostsOnly(parts: AuthParts) {
  return new Elysia().derive({ as: 'scoped' }, async ({ request }) => ({
    principal: await requireHost(parts, request),
  }))
}
