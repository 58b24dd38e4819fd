import { parseBodyHeader } from '../../src/crypto/body-header.ts'
import { toHex } from '../../src/crypto/bytes.ts'
import { parseConversationEntry } from '../../src/crypto/conversation-log.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { parseSessionFrame } from '../../src/crypto/session-frame.ts'
import { type AccountId, type ConversationId, fromBase64Url, idFromBytes, toBase64Url } from '../../src/protocol/ids.ts'
import type { ClientFrame } from '../../src/protocol/socket.ts'
import type { RealHome } from '../support/real-home.ts'

/** Everything that devices sealed, as their home saw it go by: which key for what, and for whom. */
export class Ledger {
  /** A message key by its place (session, ratchet key, counter; or chain, iteration) and what it sealed. */
  readonly #sealed = new Map<string, string>()
  readonly faults: string[] = []
  readonly #posts: { epoch: number; conversationId: ConversationId; deviceIds: string[] }[] = []

  note(frame: ClientFrame): void {
    if (!('envelopes' in frame)) return
    for (const envelope of frame.envelopes) this.#noteEnvelope(envelope.frame)
    if (!('body' in frame)) return
    const header = parseBodyHeader(frame.body)
    if (header.mode !== 2) return
    this.#use(`chain ${toHex(header.chainId)} ${header.iteration}`, frame.body)
    const deviceIds = frame.envelopes.map(({ deviceId }) => deviceId as string)
    this.#posts.push({ epoch: header.epoch, conversationId: frame.conversationId, deviceIds })
  }
  #noteEnvelope(bytes: Uint8Array): void {
    const { sessionId, prefixLength } = parseSessionFrame(bytes)
    const ratchet = bytes.subarray(prefixLength, prefixLength + 32)
    const counter = bytes.subarray(prefixLength + 36, prefixLength + 40)
    this.#use(`session ${toHex(sessionId)} ${toHex(ratchet)} ${toHex(counter)}`, bytes)
  }
  /** The same bytes may be sent again; other bytes under the same key must never be. */
  #use(key: string, bytes: Uint8Array): void {
    const hash = toHex(sha256(bytes))
    const before = this.#sealed.get(key)
    if (before !== undefined && before !== hash) this.faults.push(`used twice: ${key}`)
    this.#sealed.set(key, hash)
  }

  /** Whoever got a chain of an epoch was a member in it, by the signed entries. */
  async checkReaders(home: RealHome): Promise<number> {
    let count = 0
    for (const { epoch, conversationId, deviceIds } of this.#posts) {
      const members = await membersAt(home, conversationId, epoch)
      const devices = new Set([...members].flatMap((accountId) => devicesOf(home, accountId)))
      for (const deviceId of deviceIds) {
        count++
        if (!devices.has(deviceId)) this.faults.push(`${deviceId} got a chain of epoch ${epoch} of ${conversationId}`)
      }
    }
    return count
  }
  get keyCount(): number {
    return this.#sealed.size
  }
}

async function membersAt(home: RealHome, id: ConversationId, epoch: number): Promise<Set<AccountId>> {
  const sql = 'SELECT entry FROM conversation_entries WHERE conversation_id = ? ORDER BY entry_index'
  const rows = await home.context.database.all<{ entry: Uint8Array }>(sql, id)
  const members = new Set<AccountId>()
  for (const { entry } of rows.slice(0, epoch + 1)) {
    const { body, signerUser } = parseConversationEntry(entry)
    if (body.type === 'create') members.add(idFromBytes(signerUser))
    if (body.type === 'add') members.add(idFromBytes(body.userId))
    if (body.type === 'remove') members.delete(idFromBytes(body.userId))
    if (body.type === 'leave') members.delete(idFromBytes(signerUser))
  }
  return members
}

function devicesOf(home: RealHome, accountId: AccountId): string[] {
  const user = home.context.keyLog.state.users.get(toHex(fromBase64Url(accountId)!))
  return (user?.devices ?? []).map(({ deviceId }) => toBase64Url(deviceId))
}
