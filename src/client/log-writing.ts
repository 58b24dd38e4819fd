import type { LogEntryBody } from '../crypto/key-log.ts'
import { signLogEntry } from '../crypto/key-log-signing.ts'
import { findUser, type UserKeys } from '../crypto/key-log-validator.ts'
import { ClientFailure } from './api.ts'
import { bytesOf, textOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { Identity, KeyLog } from './parts.ts'

const MAX_TRIES = 5

/**
 * Appends an entry of this person, signed by this device. `write` sees the newest state and may answer null: nothing is
 * left to say. When another own device appended first, it is asked again.
 */
export async function appendEntry(
  { http, keyLog, identity, now }: { http: Http; keyLog: KeyLog; identity: Identity; now: () => number },
  write: (own: UserKeys) => LogEntryBody | null,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const own = findUser(keyLog.state(), identity.userId)
    if (own === null) throw new ClientFailure('untrusted_server', 0, 'the log does not know this account')
    const body = write(own)
    if (body === null) return false
    const entry = signLogEntry(identity.dsk.secretKey, {
      userId: identity.userId,
      useq: own.useq + 1,
      prev: own.head,
      signer: { kind: 'device', deviceId: identity.rawDeviceId },
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
