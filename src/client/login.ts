import { signLogin } from '../crypto/login-signing.ts'
import type { SessionAnswer } from '../protocol/accounts.ts'
import { toBase64Url } from '../protocol/ids.ts'
import { ClientFailure, type Phase } from './api.ts'
import type { ClientContext } from './context.ts'
import { bytesOf } from './encoding.ts'
import type { Http, HttpCaller } from './http.ts'
import type { Identity, Login } from './parts.ts'
import type { Platform } from './platform.ts'

const ends = ['device_removed', 'began_anew', 'account_gone'] as const

export type RemovedReason = Extract<Phase, { name: 'removed' }>['reason']

/** An access cookie is renewed when it has less than this left. */
const SLACK_MS = 30_000
const SESSION_ROW = 'has-session'
/** Refusals after which only the device key helps; it is also what tells whether the device is still one. */
const ENDED = new Set(['not_signed_in', 'token_reused', 'device_removed', 'account_gone'])

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
  context: ClientContext
  http: Http
  caller: HttpCaller
  identity: Identity
  onRemoved(reason: RemovedReason): void
}

/** Keeps this device signed in. All callers share one attempt. */
export function createLogin({ context, http, caller, identity, onRemoved }: LoginNeeds): Login {
  const { platform, store } = context
  let expiresAt = 0
  let attempt: Promise<void> | null = null

  // Only these two are final. A home restored from a backup may not know this device yet and must not end it.
  async function byDeviceKey(): Promise<SessionAnswer> {
    try {
      const answer = await signInWithDeviceKey(platform, http, identity)
      await store.commit([{ table: 'device', key: SESSION_ROW, value: true }])
      return answer
    } catch (error) {
      const code = error instanceof ClientFailure ? error.code : null
      if (code === 'device_removed' || code === 'account_gone') onRemoved(code)
      throw error
    }
  }

  // A cookie may be left from another device or person in this browser: none is used before this device got one.
  async function bySession(): Promise<SessionAnswer> {
    if (!(await store.get<boolean>('device', SESSION_ROW))) return byDeviceKey()
    return http.refreshSession().catch((error: unknown) => {
      const isEnded = error instanceof ClientFailure && ENDED.has(error.code)
      if (isEnded) return byDeviceKey()
      throw error
    })
  }

  async function signIn(): Promise<void> {
    const answer = await bySession()
    expiresAt = answer.expiresAt
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
      else onRemoved(ends.find((reason) => reason === code) ?? 'signed_out')
    },
  }
}
