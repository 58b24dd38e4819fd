import { equal } from '../crypto/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import { parseLogEntry } from '../crypto/key-log.ts'
import { signLogEntry } from '../crypto/key-log-signing.ts'
import { findUser, type UserKeys } from '../crypto/key-log-validator.ts'
import type { RootSecretKey } from '../crypto/key-types.ts'
import type { Leaving } from '../protocol/accounts.ts'
import { type ConversationId, toBase64Url } from '../protocol/ids.ts'
import { ClientFailure, type Conversation, type Me } from './api.ts'
import type { HttpCaller } from './http.ts'
import type { RemovedReason } from './login.ts'
import type { Identity, KeyLog } from './parts.ts'
import type { OwnPeople } from './people.ts'
import type { WithRoot } from './root-access.ts'

/** Why a device ends when its person leaves the home (PROTOCOL 5.17). */
const LEFT = 4
const MAX_TRIES = 5
const RETRY_MS = 700

type Needs = {
  caller: HttpCaller
  identity: Identity
  keyLog: KeyLog
  people: OwnPeople
  withRoot: WithRoot
  me(): Me
  now(): number
  pause(delayMs: number): Promise<void>
  conversations(): Conversation[]
  leaveGroup(conversationId: ConversationId): Promise<void>
}

/** Leaves the home: every group by a signed entry, every device by the root, and with the last of them the account. */
export function createLeaving(needs: Needs): (signInName: string, secret: string) => Promise<void> {
  const { identity, keyLog, people, withRoot } = needs

  // Asked before anything is done: who must stay has not left half of the groups.
  async function assertMayGo(): Promise<void> {
    await people.refresh()
    const others = people.list().filter((person) => person.accountId !== identity.accountId && person.leftAt === null)
    if (others.length > 0 && !others.some(({ role }) => role === 'host')) throw new ClientFailure('last_host')
  }

  async function close(secretKey: RootSecretKey, ticket: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      const own = findUser(keyLog.state(), identity.userId)
      if (own === null) throw new ClientFailure('untrusted_server', 0, 'the log does not know this account')
      try {
        const request: Leaving = { ticket, entries: endDevices(own, secretKey).map(toBase64Url) }
        return await needs.caller.call<void>('DELETE', '/api/accounts/me', request)
      } catch (error) {
        const code = error instanceof ClientFailure ? error.code : ''
        // The answer to the first try was lost on its way.
        if (code === 'account_gone') return
        if ((code !== 'log_moved' && code !== 'offline') || tries === MAX_TRIES) throw error
        if (code === 'offline') await needs.pause(RETRY_MS)
        else await keyLog.refresh()
      }
    }
  }

  /** This device last. */
  function endDevices(own: UserKeys, secretKey: RootSecretKey): Uint8Array[] {
    const isThis = (deviceId: Uint8Array) => equal(deviceId, identity.rawDeviceId)
    const active = own.devices.filter((device) => device.status === 'active').map(({ deviceId }) => deviceId)
    const inOrder = [...active.filter((deviceId) => !isThis(deviceId)), ...active.filter(isThis)]
    let [useq, prev] = [own.useq, own.head]
    return inOrder.map((deviceId) => {
      const place = {
        userId: identity.userId,
        useq: ++useq,
        prev,
        signer: { kind: 'root' as const },
        time: needs.now(),
      }
      const entry = signLogEntry(secretKey, { ...place, body: { type: 'device-revoke', deviceId, reason: LEFT } })
      prev = sha256(entry)
      return entry
    })
  }

  return async (signInName, secret) => {
    if (signInName.trim().toLowerCase() !== needs.me().signInName)
      throw new ClientFailure('bad_request', 0, 'sign-in name')
    await withRoot(secret, async ({ secretKey, ticket }) => {
      await assertMayGo()
      const groups = needs.conversations().filter(({ kind, isMember }) => kind === 'group' && isMember)
      for (const { conversationId } of groups) await needs.leaveGroup(conversationId)
      await close(secretKey, ticket)
    })
  }
}

/** Why this device ended, by the entry that ended it. */
export async function reasonOfEnd(keyLog: KeyLog, identity: Identity, from: number): Promise<RemovedReason> {
  const entries = (await keyLog.entriesFrom(from)).map(parseLogEntry)
  const isLeaving = entries.some(
    ({ body }) => body.type === 'device-revoke' && body.reason === LEFT && equal(body.deviceId, identity.rawDeviceId),
  )
  return isLeaving ? 'account_gone' : 'device_removed'
}
