import type { LogEntryBody } from '../crypto/key-log.ts'
import { signLogEntry } from '../crypto/key-log-signing.ts'
import { findUser, type UserKeys } from '../crypto/key-log-validator.ts'
import type { RootSecretKey } from '../crypto/key-types.ts'
import { ClientFailure } from './api.ts'
import { bytesOf, textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { Identity, KeyLog } from './parts.ts'

const MAX_TRIES = 5

type Writing = { http: Http; keyLog: KeyLog; identity: Identity; now: () => number; root?: RootSecretKey }

/**
 * Appends an entry of this person, signed by this device, or by the root where it was unlocked for it. `write` sees the newest state and may answer null: nothing is
 * left to say. When another own device appended first, it is asked again.
 */
export async function appendEntry(
  { http, keyLog, identity, now, root }: Writing,
  write: (own: UserKeys) => LogEntryBody | null,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const own = findUser(keyLog.state(), identity.userId)
    if (own === null) throw new ClientFailure('untrusted_server', 0, 'the log does not know this account')
    const body = write(own)
    if (body === null) return false
    const entry = signLogEntry(root ?? identity.dsk.secretKey, {
      userId: identity.userId,
      useq: own.useq + 1,
      prev: own.head,
      signer: root ? { kind: 'root' } : { kind: 'device', deviceId: identity.rawDeviceId },
      time: now(),
      body,
    })
    try {
      const { index, treeHead } = await http.appendLog(textOf(entry))
      await keyLog.applyGrown(index, [entry], bytesOf(treeHead, 144))
      return true
    } catch (error) {
      if (!(error instanceof ClientFailure && error.code === 'log_moved') || tries === MAX_TRIES) throw error
      await keyLog.refresh()
    }
  }
}
