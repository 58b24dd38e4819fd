import { findUser } from '../crypto/key-log-validator.ts'
import { type DeviceId, idFromBytes } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import type { AccountStateStore } from './account-state.ts'
import { type ClientApi, ClientFailure } from './api.ts'
import type { ClientContext } from './context.ts'
import type { Http } from './http.ts'
import { appendEntry } from './log-writing.ts'
import type { Identity, KeyLog } from './parts.ts'

const LOGOUT = 1
/** The log is pushed; a device that has just begun has none yet. */
const LIST_FRESH_MS = 60_000

type Needs = {
  context: ClientContext
  http: Http
  identity: Identity
  keyLog: KeyLog
  accountState: AccountStateStore
}
export type Devices = Pick<ClientApi, 'listDevices' | 'renameDevice' | 'signOutDevice' | 'signOutOthers'> & {
  /** Ends this device in the log and its session; local data is the caller's to clear. */
  leave(): Promise<void>
}

export function createDevices({ context, http, identity, keyLog, accountState }: Needs): Devices {
  const { clock } = context.platform

  // Every device that the key log holds as active: one that is signed out still holds keys, and can be removed.
  const listDevices: ClientApi['listDevices'] = async () => {
    const [sessions] = await Promise.all([http.sessions(), keyLog.ensureFresh(LIST_FRESH_MS)])
    const names = accountState.get().deviceNames
    const own = findUser(keyLog.state(), identity.userId)
    const active = (own?.devices ?? []).filter((device) => device.status === 'active')
    return active.map((device) => {
      const deviceId = idFromBytes<DeviceId>(device.deviceId)
      const session = sessions.find((candidate) => candidate.deviceId === deviceId)
      return {
        ...{ deviceId, createdAt: device.addedAt, name: names[deviceId] ?? '' },
        ...{ lastSeenAt: session?.lastSeenAt ?? null, isOnline: session?.isOnline ?? false },
        isThis: deviceId === identity.deviceId,
        isSignedIn: session !== undefined,
      }
    })
  }

  async function renameDevice(deviceId: DeviceId, name: string): Promise<void> {
    if (name.length > limits.maxPersonNameLength) throw new ClientFailure('bad_request', 0, 'name')
    await accountState.update((state) => ({ ...state, deviceNames: { ...state.deviceNames, [deviceId]: name } }))
  }

  // Ending the session alone would last until the device signs in by its key: it also finds itself named in the state.
  async function signOutDevice(deviceId: DeviceId): Promise<void> {
    const at = clock.now()
    await accountState.update((state) => ({
      ...state,
      signedOutDevices: { ...state.signedOutDevices, [deviceId]: at },
    }))
    await http.signOutDevice(deviceId)
  }

  async function signOutOthers(): Promise<void> {
    const sessions = await http.sessions()
    for (const { deviceId } of sessions) if (deviceId !== identity.deviceId) await signOutDevice(deviceId)
  }

  async function leave(): Promise<void> {
    const append = { http, keyLog, identity, now: () => clock.now() }
    const body = { type: 'device-revoke' as const, deviceId: identity.rawDeviceId, reason: LOGOUT }
    await keyLog.refresh()
    const isActive = () => keyLog.device(identity.accountId, identity.deviceId)?.status === 'active'
    await appendEntry(append, () => (isActive() ? body : null))
    // The revoked device's session may already be over.
    await http.signOut().catch(() => undefined)
  }

  return {
    listDevices,
    renameDevice,
    signOutDevice,
    signOutOthers,
    leave,
  }
}
