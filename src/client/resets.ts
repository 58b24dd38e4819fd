import { sha256 } from '../crypto/hash.ts'
import { findUser } from '../crypto/key-log-validator.ts'
import { type AccountId, idToBytes } from '../protocol/ids.ts'
import type { AccountStateStore } from './account-state.ts'
import { type ClientApi, ClientFailure } from './api.ts'
import type { KeyLog } from './parts.ts'

/** A person looked at somebody's new identity: remembered by all own devices, and trusted as far as it was checked. */
export function createResetAcceptance(
  { keyLog, accountState }: { keyLog: KeyLog; accountState: AccountStateStore },
  onAccepted: () => void,
): ClientApi['acceptReset'] {
  return async (accountId: AccountId, how) => {
    await keyLog.ensureFresh(60_000)
    const user = findUser(keyLog.state(), idToBytes(accountId))
    if (user === null) throw new ClientFailure('not_found')
    const uikHash = sha256(user.uik)
    await accountState.update((state) => ({
      ...state,
      resetsSeen: { ...state.resetsSeen, [accountId]: uikHash },
      ...(how === 'numbers' ? { contacts: { ...state.contacts, [accountId]: { how, uikHash } } } : {}),
    }))
    onAccepted()
  }
}
