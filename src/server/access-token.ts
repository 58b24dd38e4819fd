import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import type { AccountId, DeviceId, SessionId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import type { Clock } from './clock.ts'
import { makeKey } from './log-key.ts'
import { addSecret, listSecrets, type SecretRow } from './secrets.ts'
import type { Database } from './storage/database.ts'

const keyAgeMs = 30 * 24 * 3_600_000
const issuer = 'trallivalli'

export type TokenSubject = { accountId: AccountId; deviceId: DeviceId; sessionId: SessionId }
type TokenKey = { id: string; secretKey: KeyObject; publicKey: KeyObject; createdAt: number }

/** Short-lived signed tokens. The signing key changes every thirty days; the one before it stays until its tokens are old. */
export class AccessTokens {
  #keys: TokenKey[] = []

  private constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  static async load(database: Database, clock: Clock): Promise<AccessTokens> {
    const tokens = new AccessTokens(database, clock)
    await tokens.rotateKeys()
    return tokens
  }

  /** Makes a new signing key when the newest is old, and forgets those whose tokens have all expired. */
  async rotateKeys(): Promise<void> {
    const now = this.clock.now()
    const rows = await this.database.transaction(async (tx) => {
      const known = await listSecrets(tx, 'access-token')
      const isFresh = known[0] !== undefined && now - known[0].createdAt < keyAgeMs
      const all = isFresh
        ? known
        : [await addSecret(tx, 'access-token', { value: makeKey(), createdAt: now }), ...known]
      await tx.run(
        "DELETE FROM secrets WHERE kind = 'access-token' AND secret_id <> ? AND created_at < ?",
        all[0]!.id,
        now - keyAgeMs - limits.accessTokenMs * 2,
      )
      return all
    })
    this.#keys = rows.map(toTokenKey)
  }

  async sign(subject: TokenSubject): Promise<{ token: string; expiresAt: number }> {
    const key = this.#keys[0]!
    const now = this.clock.now()
    const expiresAt = now + limits.accessTokenMs
    const token = await new SignJWT({ did: subject.deviceId, sid: subject.sessionId })
      .setProtectedHeader({ alg: 'EdDSA', kid: key.id })
      .setIssuer(issuer)
      .setSubject(subject.accountId)
      .setIssuedAt(Math.floor(now / 1_000))
      .setExpirationTime(Math.floor(expiresAt / 1_000))
      .sign(key.secretKey)
    return { token, expiresAt }
  }

  /** Null for a token that is not ours, or too old. Says nothing about whether its session still lives. */
  async verify(token: string): Promise<TokenSubject | null> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.#find(kid), {
        algorithms: ['EdDSA'],
        issuer,
        currentDate: new Date(this.clock.now()),
      })
      const { sub, did, sid } = payload as { sub?: string; did?: string; sid?: string }
      if (!sub || !did || !sid) return null
      return { accountId: sub as AccountId, deviceId: did as DeviceId, sessionId: sid as SessionId }
    } catch (error) {
      if (error instanceof errors.JOSEError) return null
      throw error
    }
  }

  #find(kid: string | undefined): KeyObject {
    const key = this.#keys.find(({ id }) => id === kid)
    if (!key) throw new errors.JWKSNoMatchingKey()
    return key.publicKey
  }
}

function toTokenKey({ id, value, createdAt }: SecretRow): TokenKey {
  const secretKey = createPrivateKey({ key: Buffer.from(value), format: 'der', type: 'pkcs8' })
  return { id: String(id), secretKey, publicKey: createPublicKey(secretKey), createdAt }
}
