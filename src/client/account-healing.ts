import { sealArchiveKey } from '../crypto/sealed-archive-key.ts'
import type { SignUp } from '../protocol/accounts.ts'
import type { AccountStateStore } from './account-state.ts'
import type { OwnArchiveKeys } from './archive-keys.ts'
import type { ClientContext, LocalWrite } from './context.ts'
import { textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { Identity } from './parts.ts'

const ROW = 'vault-copy'

/** What only the device that signed up can give back to a home whose backup is older than the account. All of it sealed. */
export type VaultCopy = Pick<SignUp, 'signInName' | 'wrappedRootSeed'> & { slots: SignUp['passphraseSlot'][] }

export function vaultCopyWrite(copy: VaultCopy): LocalWrite {
  return { table: 'device', key: ROW, value: copy }
}

type Needs = {
  context: ClientContext
  http: Http
  identity: Identity
  backupPublicKey: Uint8Array
  archiveKeys: OwnArchiveKeys
  accountState: AccountStateStore
}

/** PROTOCOL 4.14, for what this account wrote: the home takes what is newer than its own. */
export function createAccountHealing(needs: Needs): () => Promise<void> {
  const { context, http, identity, backupPublicKey, archiveKeys, accountState } = needs
  const maker = { userId: identity.userId, deviceId: identity.rawDeviceId, dskSecret: identity.dsk.secretKey }
  return async () => {
    const copy = await context.store.get<VaultCopy>('device', ROW)
    const sealedArchiveKeys = await Promise.all(
      archiveKeys.all().map(async (key) => ({
        epoch: key.epoch,
        record: textOf(await sealArchiveKey(maker, backupPublicKey, key, context.platform.random)),
      })),
    )
    const state = await accountState.seal()
    await http.healAccount({ sealedArchiveKeys, state, slots: [], ...copy })
  }
}
