import { DecryptionFailed } from '../crypto/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import type { VouchMeans } from '../crypto/key-log.ts'
import { findUser, type UserKeys } from '../crypto/key-log-validator.ts'
import { checkSafetyQr, encodeSafetyQr, safetyNumber } from '../crypto/safety-number.ts'
import type { LogHead } from '../crypto/sth.ts'
import { type AccountId, idToBytes } from '../protocol/ids.ts'
import type { AccountStateStore } from './account-state.ts'
import { type ClientApi, ClientFailure } from './api.ts'
import type { ClientContext } from './context.ts'
import type { Http } from './http.ts'
import { appendEntry } from './log-writing.ts'
import type { Identity, KeyLog } from './parts.ts'
import { hasVouchedBy } from './trust.ts'

const FRESH_LOG_MS = 60_000

type Needs = {
  context: ClientContext
  http: Http
  identity: Identity
  keyLog: KeyLog
  accountState: AccountStateStore
  /** The own other devices are to look at the account state. */
  onVerified(): void
}
export type Verification = Pick<ClientApi, 'safetyNumber' | 'confirmSafetyNumber' | 'scanSafetyCode'> & {
  /** A person compared the present identity. */
  verify(accountId: AccountId, how: VouchMeans): Promise<void>
}

/** Safety numbers and their codes (PROTOCOL 4.3): what two people compared is remembered by all own devices and said in the log. */
export function createVerification(needs: Needs): Verification {
  const { context, http, identity, keyLog, accountState, onVerified } = needs

  function userOf(accountId: AccountId): UserKeys {
    const user = findUser(keyLog.state(), idToBytes(accountId))
    if (user === null) throw new ClientFailure('not_found')
    return user
  }

  async function verify(accountId: AccountId, how: VouchMeans): Promise<void> {
    if (accountId === identity.accountId) throw new ClientFailure('bad_request')
    await keyLog.ensureFresh(FRESH_LOG_MS)
    const { userId, uik } = userOf(accountId)
    const uikHash = sha256(uik)
    await accountState.update((state) => ({
      ...state,
      contacts: { ...state.contacts, [accountId]: { how: 'numbers', uikHash } },
      resetsSeen: { ...state.resetsSeen, [accountId]: uikHash },
    }))
    const vouch = { type: 'vouch' as const, otherUserId: userId, otherUikHash: uikHash, how }
    const append = { http, keyLog, identity, now: () => context.platform.clock.now() }
    await appendEntry(append, (own) => (hasVouchedBy(own, vouch) ? null : vouch))
    onVerified()
  }

  /** What the other one's screen says of the log must be what this device sees of it. */
  async function compareHeads(head: LogHead): Promise<void> {
    if ((await keyLog.checkGossip(head)) === 'alarm') throw new ClientFailure('alarm')
  }

  return {
    verify,
    async safetyNumber(accountId) {
      const self = userOf(identity.accountId)
      const peer = userOf(accountId)
      return { digits: safetyNumber(self, peer), qr: encodeSafetyQr(self, peer, keyLog.head()) }
    },
    async confirmSafetyNumber(accountId, digits) {
      await keyLog.ensureFresh(FRESH_LOG_MS)
      // The number that was compared, not one that changed under the person's eyes.
      if (safetyNumber(userOf(identity.accountId), userOf(accountId)) !== digits) {
        throw new ClientFailure('safety_mismatch')
      }
      await verify(accountId, 'numbers')
    },
    async scanSafetyCode(accountId, code) {
      if (code.length !== 108) throw new ClientFailure('bad_safety_code')
      await keyLog.ensureFresh(FRESH_LOG_MS)
      let head: LogHead
      try {
        head = checkSafetyQr(code, userOf(identity.accountId), userOf(accountId))
      } catch (error) {
        if (!(error instanceof DecryptionFailed)) throw error
        const isOurs = String.fromCharCode(...code.subarray(0, 4)) === 'TVQ1'
        throw new ClientFailure(isOurs ? 'safety_mismatch' : 'bad_safety_code')
      }
      await compareHeads(head)
      await verify(accountId, 'qr')
    },
  }
}
