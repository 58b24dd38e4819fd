import { parseBodyHeader } from '../../src/crypto/body-header.ts'
import { toHex } from '../../src/crypto/bytes.ts'
import { parseConversationEntry } from '../../src/crypto/conversation-log.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { parseSessionFrame } from '../../src/crypto/session-frame.ts'
import {
  type AccountId,
  type ConversationId,
  type DeviceId,
  fromBase64Url,
  idFromBytes,
  toBase64Url,
} from '../../src/protocol/ids.ts'
import type { ClientFrame } from '../../src/protocol/socket.ts'
import type { RealHome } from '../support/real-home.ts'

/** A body that was posted, and for whom its keys were sealed. epoch null: in a direct conversation. */
type Post = { epoch: number | null; conversationId: ConversationId; deviceIds: DeviceId[] }

/** Everything that devices sealed, as their home saw it go by: which key for what, and for whom. */
export class Ledger {
  /** A message key by its place (session, ratchet key, counter; or chain, iteration) and what it sealed. */
  readonly #sealed = new Map<string, string>()
  readonly faults: string[] = []
  #unchecked: Post[] = []

  note(frame: ClientFrame): void {
    if (!('envelopes' in frame)) return
    for (const envelope of frame.envelopes) this.#noteEnvelope(envelope.frame)
    if (!('body' in frame)) return
    const header = parseBodyHeader(frame.body)
    const deviceIds = frame.envelopes.map(({ deviceId }) => deviceId)
    const { conversationId } = frame
    this.#unchecked.push({ epoch: header.mode === 2 ? header.epoch : null, conversationId, deviceIds })
    if (header.mode === 2) this.#use(`chain ${toHex(header.chainId)} ${header.iteration}`, frame.body)
  }
  #noteEnvelope(frame: Uint8Array): void {
    const { sessionId, prefixLength } = parseSessionFrame(frame)
    const ratchet = frame.subarray(prefixLength, prefixLength + 32)
    const counter = frame.subarray(prefixLength + 36, prefixLength + 40)
    this.#use(`session ${toHex(sessionId)} ${toHex(ratchet)} ${toHex(counter)}`, frame)
  }
  /** The same bytes may be sent again; other bytes under the same key must never be. */
  #use(key: string, bytes: Uint8Array): void {
    const hash = toHex(sha256(bytes))
    const before = this.#sealed.get(key)
    if (before !== undefined && before !== hash) this.faults.push(`used twice: ${key}`)
    this.#sealed.set(key, hash)
  }

  /** Whoever got a chain of an epoch was a member in it, by the signed entries; a direct key went to the two alone. */
  async checkReaders(home: RealHome): Promise<number> {
    let count = 0
    const known = new Map<ConversationId, Set<AccountId>[]>()
    const posts = this.#unchecked
    this.#unchecked = []
    for (const { epoch, conversationId, deviceIds } of posts) {
      const tenures = known.get(conversationId) ?? (await membersByEpoch(home, conversationId))
      known.set(conversationId, tenures)
      const members = tenures[epoch ?? 0] ?? new Set()
      const devices = new Set([...members].flatMap((accountId) => devicesOf(home, accountId)))
      for (const deviceId of deviceIds) {
        count++
        if (!devices.has(deviceId)) this.faults.push(`${deviceId} got a key of epoch ${epoch} of ${conversationId}`)
      }
    }
    return count
  }
  get keyCount(): number {
    return this.#sealed.size
  }
}

/** Of a group after each of its entries; a direct conversation has the same two for good. */
async function membersByEpoch(home: RealHome, id: ConversationId): Promise<Set<AccountId>[]> {
  const { database } = home.context
  const sql = 'SELECT entry FROM conversation_entries WHERE conversation_id = ? ORDER BY entry_index'
  const rows = await database.all<{ entry: Uint8Array }>(sql, id)
  if (rows.length === 0) {
    const two = 'SELECT account_id AS accountId FROM conversation_members WHERE conversation_id = ?'
    return [new Set((await database.all<{ accountId: AccountId }>(two, id)).map(({ accountId }) => accountId))]
  }
  const members = new Set<AccountId>()
  return rows.map(({ entry }) => {
    const { body, signerUser } = parseConversationEntry(entry)
    if (body.type === 'create') members.add(idFromBytes(signerUser))
    if (body.type === 'add') members.add(idFromBytes(body.userId))
    if (body.type === 'remove') members.delete(idFromBytes(body.userId))
    if (body.type === 'leave') members.delete(idFromBytes(signerUser))
    return new Set(members)
  })
}

function devicesOf(home: RealHome, accountId: AccountId): DeviceId[] {
  const user = home.context.keyLog.state.users.get(toHex(fromBase64Url(accountId)!))
  return (user?.devices ?? []).map(({ deviceId }) => toBase64Url(deviceId) as DeviceId)
}
