import { sealArchiveKey } from '../crypto/sealed-archive-key.ts'
import type { SignUp } from '../protocol/accounts.ts'
import type { AccountStateStore } from './account-state.ts'
import type { OwnArchiveKeys } from './archive-keys.ts'
import type { ClientContext, LocalStore, LocalWrite } from './context.ts'
import { bytesOf, textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { Identity, SyncContent } from './parts.ts'

const ROW = 'vault-copy'

/** What only the device that signed up can give back to a home whose backup is older than the account. All of it sealed. */
export type VaultCopy = Pick<SignUp, 'signInName' | 'wrappedRootSeed'> & { slots: SignUp['passphraseSlot'][] }

export function vaultCopyWrite(copy: VaultCopy): LocalWrite {
  return { table: 'device', key: ROW, value: copy }
}

/**
 * The copy after these slots took the place of those of their kind; of a device that has none, one with these alone. A slot that was
 * replaced must never come back.
 */
export async function mergeVault(store: LocalStore, change: VaultCopy): Promise<VaultCopy> {
  const held = await store.get<VaultCopy>('device', ROW)
  const kindOf = ({ slot }: { slot: string }) => bytesOf(slot)[0]
  const kept = (held?.slots ?? []).filter((slot) => !change.slots.some((other) => kindOf(other) === kindOf(slot)))
  const copy = { ...change, slots: [...kept, ...change.slots] }
  await store.commit([vaultCopyWrite(copy)])
  return copy
}

/** The same from an own device's word. */
export async function applyVaultSync(store: LocalStore, content: SyncContent): Promise<void> {
  const { signInName, wrappedRootSeed, slots } = content
  if (typeof signInName !== 'string' || typeof wrappedRootSeed !== 'string' || !Array.isArray(slots)) return
  await mergeVault(store, { signInName, wrappedRootSeed, slots: slots as VaultCopy['slots'] })
}

type Needs = {
  context: ClientContext
  http: Http
  identity: Identity
  backupPublicKey(): Uint8Array
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
        record: textOf(await sealArchiveKey(maker, backupPublicKey(), key, context.platform.random)),
      })),
    )
    const state = await accountState.seal()
    await http.healAccount({ sealedArchiveKeys, state, slots: [], ...copy })
  }
}
