import { estimateStrength } from '../crypto/passphrase.ts'
import type { DeviceId } from '../protocol/ids.ts'
import { mergeVault, type VaultCopy } from './account-healing.ts'
import type { AccountStateStore } from './account-state.ts'
import { type ClientApi, ClientFailure } from './api.ts'
import type { OwnArchiveKeys } from './archive-keys.ts'
import type { ClientContext } from './context.ts'
import { bytesOf } from './encoding.ts'
import type { Http } from './http.ts'
import { appendEntry } from './log-writing.ts'
import { makeKit, makeNewRoot, makePassphraseSlot, upload } from './new-root.ts'
import type { Identity, KeyLog, SyncContent } from './parts.ts'
import { reportAs } from './quiet.ts'
import type { WithRoot } from './root-access.ts'

const LOST = 3
const MIN_SCORE = 2

type Needs = {
  context: ClientContext
  http: Http
  identity: Identity
  signInName: string
  keyLog: KeyLog
  archiveKeys: OwnArchiveKeys
  accountState: AccountStateStore
  withRoot: WithRoot
  sendSync(content: SyncContent): Promise<void>
}
export type RecoveryCare = Pick<ClientApi, 'removeDevice' | 'changePassphrase' | 'makeNewKit' | 'replaceRoot'>

/** Everything a signed-in person does with their root: each time it is unlocked by passphrase or kit, used and wiped (PROTOCOL 4.8). */
export function createRecoveryCare(needs: Needs): RecoveryCare {
  const { context, http, identity, signInName, keyLog, archiveKeys, accountState, withRoot } = needs
  const { random, clock } = context.platform
  const { userId } = identity
  const owner = { userId, platform: context.platform }

  async function removeDevice(deviceId: DeviceId, secret: string): Promise<void> {
    const device = keyLog.device(identity.accountId, deviceId)
    if (device === null || deviceId === identity.deviceId) throw new ClientFailure('not_found')
    const writing = { http, keyLog, identity, now: () => clock.now() }
    await withRoot(secret, async ({ secretKey }) => {
      const isActive = () => keyLog.device(identity.accountId, deviceId)?.status === 'active'
      const body = { type: 'device-revoke' as const, deviceId: device.rawDeviceId, reason: LOST }
      await appendEntry({ ...writing, root: secretKey }, () => (isActive() ? body : null))
    })
    // It is out, whatever becomes of the rest: a new archive key comes again by itself, a name that stays does no harm.
    await forgetDevice(deviceId).catch(reportAs('what belonged to a removed device stays for now'))
  }

  async function forgetDevice(deviceId: DeviceId): Promise<void> {
    await archiveKeys.rotateIfDue()
    await accountState.update(({ deviceNames, signedOutDevices, ...state }) => ({
      ...state,
      deviceNames: without(deviceNames, deviceId),
      signedOutDevices: without(signedOutDevices, deviceId),
    }))
    await needs.sendSync({ kind: 'account_state' })
  }

  async function changePassphrase(secret: string, passphrase: string): Promise<void> {
    checkStrength(passphrase)
    await withRoot(secret, async ({ backupRoot, ticket, wrappedRootSeed }) => {
      const slot = upload(await makePassphraseSlot(owner, passphrase, backupRoot))
      await http.putSlot({ ...slot, ticket })
      await rememberVault(wrappedRootSeed, [slot])
    })
  }

  async function makeNewKit(secret: string): Promise<{ recoveryCode: string }> {
    return withRoot(secret, async ({ backupRoot, ticket, wrappedRootSeed }) => {
      const kit = await makeKit(owner, backupRoot)
      const slot = upload(kit.slot)
      await http.putSlot({ ...slot, ticket })
      await rememberVault(wrappedRootSeed, [slot])
      await rememberKit(kit.recoveryCode)
      return { recoveryCode: kit.recoveryCode }
    })
  }

  async function replaceRoot(secret: string, passphrase: string): Promise<{ recoveryCode: string }> {
    checkStrength(passphrase)
    return withRoot(secret, async (old) => {
      const next = { epoch: archiveKeys.current().epoch + 1, key: random(32) }
      const made = await makeNewRoot({ platform: context.platform, identity }, old, {
        ...{ passphrase, archiveKeys: [...archiveKeys.all(), next] },
      })
      const { index, treeHead } = await http.replaceRoot({ ...made.request, ticket: old.ticket })
      await keyLog.applyGrown(index, [bytesOf(made.request.entry)], bytesOf(treeHead, 144))
      await archiveKeys.adopt(next)
      const { wrappedRootSeed, passphraseSlot, recoverySlot } = made.request
      await rememberVault(wrappedRootSeed, [passphraseSlot, recoverySlot])
      await accountState.update((state) => ({ ...state, backupPublicKey: made.backupPublicKey }))
      await rememberKit(made.recoveryCode)
      return { recoveryCode: made.recoveryCode }
    })
  }

  async function rememberKit(recoveryCode: string): Promise<void> {
    const kit = { check: recoveryCode.slice(-4), askedAt: clock.now(), asks: 0 }
    await accountState.update((state) => ({ ...state, isKitConfirmed: false, kit }))
    await needs.sendSync({ kind: 'account_state' })
  }

  /** A home restored from a backup gets back what is valid now, from whichever own device comes first: an old slot stays dead. */
  async function rememberVault(wrappedRootSeed: string, slots: VaultCopy['slots']): Promise<void> {
    const copy = await mergeVault(context.store, { signInName, wrappedRootSeed, slots })
    await needs.sendSync({ kind: 'vault', ...copy })
  }

  return { removeDevice, changePassphrase, makeNewKit, replaceRoot }
}

function without<Value>(map: { [deviceId: DeviceId]: Value }, deviceId: DeviceId): { [deviceId: DeviceId]: Value } {
  const { [deviceId]: _, ...rest } = map
  return rest
}

function checkStrength(passphrase: string): void {
  if (estimateStrength(passphrase).score < MIN_SCORE) throw new ClientFailure('weak_passphrase')
}
