import { checkLogin, findUser } from '../../../crypto/verify.ts'
import type { Challenge, Role, SessionAnswer, SessionView, SignIn } from '../../../protocol/accounts.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type AccountId, type DeviceId, idToBytes, type SessionId } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Principal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { refuseBroken } from '../../errors.ts'
import { makeId } from '../../ids.ts'
import type { Transaction } from '../../storage/database.ts'
import { readBytes } from '../../wire-bytes.ts'
import { type RefreshToken, readRefreshToken, writeRefreshToken } from './refresh-token.ts'
import * as store from './store.ts'

/** How long the token before the newest still counts as a lost answer, not as a theft. */
const lostAnswerMs = 30_000

/** A session as its device is told of it: the tokens go into cookies, the answer into the body. */
export type IssuedSession = { accessToken: string; refreshToken: string; answer: SessionAnswer }

export function makeChallenge({ challenges, clock }: Context): Challenge {
  return { nonce: challenges.make(), now: clock.now() }
}

/** A device signs in with its own key (PROTOCOL 4.8); there is no password. `isOwnOrigin`: what the browser calls this server. */
export async function signInDevice(
  context: Context,
  offer: SignIn,
  isOwnOrigin: (origin: string) => boolean,
): Promise<IssuedSession> {
  if (!isOwnOrigin(offer.origin)) throw new Refusal('wrong_origin')
  const now = context.clock.now()
  if (!context.challenges.spend(offer.nonce) || Math.abs(now - offer.time) > limits.challengeMs)
    throw new Refusal('not_signed_in', { detail: 'challenge' })
  await checkDevice(context, offer)
  const token = { sessionId: makeId<SessionId>(), deviceId: offer.deviceId, generation: 1 }
  const role = await context.database.transaction(async (tx) => {
    const end = await store.findEnd(tx, offer.deviceId)
    if (end) throw new Refusal(end)
    await store.replaceSession(tx, {
      ...token,
      accountId: offer.accountId,
      now,
      expiresAt: now + limits.refreshTokenMs,
    })
    return (await store.findSession(tx, token.sessionId))!.role
  })
  return issue(context, { token, accountId: offer.accountId, role })
}

// Unknown names and foreign devices are answered alike; that a device was removed is told to who holds its key.
async function checkDevice({ keyLog, database }: Context, offer: SignIn): Promise<void> {
  const user = findUser(keyLog.state, idToBytes(offer.accountId))
  const wanted = Buffer.from(idToBytes(offer.deviceId))
  const device = user?.devices.find(({ deviceId }) => wanted.equals(deviceId))
  if (!device) throw new Refusal('not_signed_in')
  const challenge = { origin: offer.origin, nonce: readBytes(offer.nonce, 32), time: offer.time }
  refuseBroken('bad_signature', () => checkLogin(device.dsk, challenge, readBytes(offer.signature, 64)))
  if (device.status !== 'active') throw new Refusal((await store.findEnd(database, offer.deviceId)) ?? 'device_removed')
}

/**
 * Trades a refresh token for fresh ones. Only the newest is worth anything; an older one means that two parties hold the session, and
 * it ends for both. The one just before the newest is forgiven for half a minute, for then its answer may have been lost.
 */
export async function refreshSession(context: Context, text: string | null): Promise<IssuedSession> {
  const offered = text === null ? null : readRefreshToken(context.hashKeys.refreshToken, text)
  if (!offered) throw new Refusal('not_signed_in')
  const outcome = await context.database.transaction((tx) => judgeRefresh(context, tx, offered))
  if (outcome.code) throw new Refusal(outcome.code)
  return issue(context, outcome)
}

type Outcome =
  | { code: 'not_signed_in' | 'token_reused' | 'device_removed' | 'account_gone' }
  | { code: null; token: RefreshToken; accountId: AccountId; role: Role }

async function judgeRefresh(context: Context, tx: Transaction, offered: RefreshToken): Promise<Outcome> {
  const now = context.clock.now()
  const session = await store.findSession(tx, offered.sessionId)
  if (!session || session.deviceId !== offered.deviceId || session.expiresAt <= now)
    return { code: (await store.findEnd(tx, offered.deviceId)) ?? 'not_signed_in' }
  const { sessionId, deviceId, accountId, role, generation, rotatedAt } = session
  if (offered.generation === generation) {
    await store.advanceSession(tx, { sessionId, now, expiresAt: now + limits.refreshTokenMs })
    return { code: null, token: { ...offered, generation: generation + 1 }, accountId, role }
  }
  const mayBeLost = offered.generation === generation - 1 && now - rotatedAt <= lostAnswerMs
  if (mayBeLost) return { code: null, token: { ...offered, generation }, accountId, role }
  await store.deleteSession(tx, sessionId)
  tx.onCommit(() => {
    context.log.warn('refresh_token_reused', { accountId, deviceId, sessionId })
    context.hub.disconnectDevice(deviceId, 'token_reused')
  })
  return { code: 'token_reused' }
}

async function issue(
  { tokens, hashKeys, settings }: Context,
  { token, accountId, role }: { token: RefreshToken; accountId: AccountId; role: Role },
): Promise<IssuedSession> {
  const { sessionId, deviceId } = token
  const access = await tokens.sign({ accountId, deviceId, sessionId })
  return {
    accessToken: access.token,
    refreshToken: writeRefreshToken(hashKeys.refreshToken, token),
    answer: { expiresAt: access.expiresAt, role, incarnation: settings.incarnation },
  }
}

export async function listSessions({ database, hub }: Context, principal: Principal): Promise<SessionView[]> {
  const rows = await store.listSessions(database, principal.accountId)
  return rows.map(({ deviceId, createdAt, lastSeenAt }) => ({
    deviceId,
    createdAt,
    lastSeenAt,
    isCurrent: deviceId === principal.deviceId,
    isOnline: hub.isOnline(deviceId),
  }))
}

/** Ends the session of one of the account's own devices, at once. */
export async function endSession({ database, hub }: Context, principal: Principal, deviceId: DeviceId): Promise<void> {
  await database.transaction(async (tx) => {
    const session = await store.findSessionOfDevice(tx, principal.accountId, deviceId)
    if (!session) throw new Refusal('not_found')
    await store.deleteSession(tx, session.sessionId)
    tx.onCommit(() => hub.disconnectDevice(deviceId, 'not_signed_in'))
  })
}

export async function deleteExpiredSessions({ database, clock }: Context): Promise<void> {
  await database.transaction((tx) => store.deleteExpiredSessions(tx, clock.now()))
}
