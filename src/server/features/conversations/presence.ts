import type { AccountId } from '../../../protocol/ids.ts'
import { serverFrames } from '../../../protocol/socket.ts'
import type { Hub, Line } from '../../hub.ts'
import type { Reader } from '../../storage/database.ts'
import { listPeers } from './store.ts'

function presenceFrame(hub: Hub, accountId: AccountId): Uint8Array {
  const deviceIds = hub.onlineDevices(accountId)
  return serverFrames.encode({ type: 'presence', accountId, deviceIds, isActive: hub.isActive(accountId) })
}

/** Tells this account's own devices and everybody in a common conversation, nobody else, who of it is connected now. */
export async function announcePresence(database: Reader, hub: Hub, accountId: AccountId): Promise<void> {
  const peers = await listPeers(database, accountId)
  const frame = presenceFrame(hub, accountId)
  for (const peer of [accountId, ...peers]) hub.sendToAccount(peer, frame)
}

/** Tells one fresh line who of its account's peers is connected. */
export async function tellPresence(database: Reader, hub: Hub, line: Line): Promise<void> {
  for (const peer of await listPeers(database, line.accountId)) {
    if (hub.onlineDevices(peer).length > 0) line.send(presenceFrame(hub, peer))
  }
}

/** Those who just came into a conversation and those who are in it see each other from now on. */
export function exchangePresence(hub: Hub, newcomers: readonly AccountId[], members: readonly AccountId[]): void {
  const isOnline = (accountId: AccountId) => hub.onlineDevices(accountId).length > 0
  const fresh = new Set(newcomers)
  const online = members.filter(isOnline)
  for (const about of online) {
    const frame = presenceFrame(hub, about)
    for (const to of online) {
      if (to !== about && (fresh.has(to) || fresh.has(about))) hub.sendToAccount(to, frame)
    }
  }
}
