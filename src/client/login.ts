import { signLogin } from '../crypto/login-signing.ts'
import type { SessionAnswer } from '../protocol/accounts.ts'
import { toBase64Url } from '../protocol/ids.ts'
import { ClientFailure, type Phase } from './api.ts'
import { bytesOf } from './encoding.ts'
import type { Http, HttpCaller } from './http.ts'
import type { Identity, Login } from './parts.ts'
import type { Platform } from './platform.ts'

export type RemovedReason = Extract<Phase, { name: 'removed' }>['reason']

/** An access cookie is renewed when it has less than this left. */
const SLACK_MS = 30_000

/** sig(DSK, "auth", …) over a fresh nonce (PROTOCOL 4.8): how a device signs in, no password anywhere. */
export async function signInWithDeviceKey(platform: Platform, http: Http, identity: Identity): Promise<SessionAnswer> {
  const { nonce, now } = await http.challenge()
  const challenge = { origin: platform.origin, nonce: bytesOf(nonce, 32), time: now }
  return http.signIn({
    accountId: identity.accountId,
    deviceId: identity.deviceId,
    nonce,
    time: now,
    origin: platform.origin,
    signature: toBase64Url(signLogin(identity.dsk.secretKey, challenge)),
  })
}

type LoginNeeds = {
  platform: Platform
  http: Http
  caller: HttpCaller
  identity: Identity
  onRemoved(reason: RemovedReason): void
  onSession(answer: SessionAnswer): void
}

/** Keeps this device signed in. All callers share one attempt. */
export function createLogin({ platform, http, caller, identity, onRemoved, onSession }: LoginNeeds): Login {
  let expiresAt = 0
  let attempt: Promise<void> | null = null

  // Only `device_removed` is final. A home restored from a backup may not know this device yet and must not end it.
  async function byDeviceKey(): Promise<SessionAnswer> {
    try {
      return await signInWithDeviceKey(platform, http, identity)
    } catch (error) {
      if (error instanceof ClientFailure && error.code === 'device_removed') onRemoved('device_removed')
      throw error
    }
  }

  async function signIn(): Promise<void> {
    const answer = await http.refreshSession().catch((error: unknown) => {
      const code = error instanceof ClientFailure ? error.code : null
      if (code === 'device_removed') onRemoved('device_removed')
      if (code === 'not_signed_in' || code === 'token_reused') return byDeviceKey()
      throw error
    })
    expiresAt = answer.expiresAt
    onSession(answer)
  }

  function renew(): Promise<void> {
    attempt ??= signIn().finally(() => {
      attempt = null
    })
    return attempt
  }

  caller.renew = async () => {
    await renew()
    return true
  }
  return {
    renew,
    ensure: () => (expiresAt - platform.clock.now() > SLACK_MS ? Promise.resolve() : renew()),
    end(code) {
      // Two parties held the session: both lost it, and the one with the device key begins a new one.
      if (code === 'token_reused') expiresAt = 0
      else onRemoved(code === 'device_removed' ? 'device_removed' : 'signed_out')
    },
  }
}
