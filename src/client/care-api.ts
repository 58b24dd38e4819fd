import type { AccountId, DeviceId } from '../protocol/ids.ts'
import type { FailureCode } from './api.ts'
import type { OwnDataApi } from './own-data-api.ts'

/** Where a link between two devices stands (PROTOCOL 4.8). */
export type LinkView = {
  /** new: this browser becomes a device. old: it is one and adds the other. */
  side: 'new' | 'old'
  stage:
    | 'opening'
    /** The code is to be scanned or copied. */
    | 'showing'
    /** The devices found each other; `digits` are the same on both. Old: waits for confirmLink. New: waits for the old one. */
    | 'comparing'
    | 'adding'
    | 'finishing'
    | 'done'
    | 'failed'
  /** The code as text; null on the device that scanned. */
  code: string | null
  expiresAt: number
  digits: string | null
  /** Whose device it becomes, as their old device says. */
  personName: string | null
  problem: FailureCode | null
  /** On which device the remedy is. */
  lookAt: 'this' | 'other' | null
}

export type DeviceEntry = {
  deviceId: DeviceId
  name: string
  createdAt: number
  /** null: signed out; it still holds its keys until it is removed. */
  lastSeenAt: number | null
  isThis: boolean
  isOnline: boolean
  isSignedIn: boolean
}

/** What a person does about their devices and their recovery. `secret`: passphrase or recovery code. Part of ClientApi. */
export type CareCommands = OwnDataApi & {
  /** This browser becomes a device of whoever links it: shows a code (null) or takes the text of one. Resolves when it is one. */
  linkAsNew(code: string | null): Promise<void>
  listDevices(): Promise<DeviceEntry[]>
  renameDevice(deviceId: DeviceId, name: string): Promise<void>
  signOutDevice(deviceId: DeviceId): Promise<void>
  signOutOthers(): Promise<void>
  /** Takes a lost device out for good. `secret`: passphrase or recovery code, as for all that touches the root. */
  removeDevice(deviceId: DeviceId, secret: string): Promise<void>
  /** Adds another browser: shows a code (null) or takes the text of one. Resolves when the other is a device. */
  linkOther(code: string | null): Promise<void>
  /** The digits are the same on both: goes on, and the new device gets this name. */
  confirmLink(deviceName: string): Promise<void>
  /** Ends a link under way, or puts away how the last one ended. */
  cancelLink(): Promise<void>

  changePassphrase(secret: string, passphrase: string): Promise<void>
  /** The kit before dies. Answers the new one's text, shown once. */
  makeNewKit(secret: string): Promise<{ recoveryCode: string }>
  /** Somebody may know passphrase or kit: everything is made anew. */
  replaceRoot(secret: string, passphrase: string): Promise<{ recoveryCode: string }>
  /** Not now: asks again in three months. */
  dismissKitReminder(): Promise<void>
  /** The person who began anew is really them, compared by safety number or known otherwise. */
  acceptReset(accountId: AccountId, how: 'numbers' | 'known'): Promise<void>
}
