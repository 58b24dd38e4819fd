import { Z32 } from '../crypto/bytes.ts'
import {
  type ConversationEntryBody,
  nextConversationHead,
  type UnsignedConversationEntry,
} from '../crypto/conversation-log.ts'
import { signConversationEntry } from '../crypto/conversation-log-signing.ts'
import { type AccountId, type ConversationId, idToBytes, toBase64Url } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { ClientFailure } from './api.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, memberIds } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { HistorySharing } from './history-sharing.ts'
import { adminIds } from './membership.ts'
import { isFairExpiry, type Meta, metaNotice, metaOf, withMeta } from './meta.ts'
import type { Outbox } from './outbox.ts'
import type { AccountParts } from './parts.ts'
import { type Introduced, MAX_INTRODUCED } from './payloads.ts'

const FRESH_LOG_MS = 60_000
const MAX_TRIES = 6

/** What members do to conversations. Every change of membership is a signed entry; names and pictures are sealed bodies. */
export class GroupCommands {
  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly conversations: Conversations,
    private readonly outbox: Outbox,
    private readonly sharing: HistorySharing,
  ) {}

  async openDirect(accountId: AccountId): Promise<ConversationId> {
    const held = this.conversations.all().find((record) => record.kind === 'direct' && record.peerId === accountId)
    if (held) return held.conversationId
    if (this.parts.keyLog.uikHash(accountId) === null) await this.parts.keyLog.refresh()
    const record = await this.conversations.take(await this.parts.http.openDirect(accountId))
    if (record.peerId !== accountId) throw new ClientFailure('untrusted_server')
    return record.conversationId
  }

  createGroup(name: string, photo: Uint8Array | null, members: readonly AccountId[]): Promise<ConversationId> {
    return this.#create('group', { name, photo }, members)
  }

  /** An open group: its kind, which is signed, is what lets the software of its admins take in whoever is verified. */
  createOpenGroup(name: string): Promise<ConversationId> {
    return this.#create('open', { name, photo: null }, [])
  }

  async #create(
    kind: 'group' | 'open',
    { name, photo }: { name: string; photo: Uint8Array | null },
    members: readonly AccountId[],
  ): Promise<ConversationId> {
    checkFace(name, photo)
    await this.parts.keyLog.ensureFresh(FRESH_LOG_MS)
    const others = [...new Set(members)].filter((accountId) => accountId !== this.parts.identity.accountId)
    if (others.length >= limits.maxMembers) throw new ClientFailure('too_many')
    const convId = this.context.platform.random(16)
    const bodies: ConversationEntryBody[] = [{ type: 'create', kind, historyPolicy: 'none' }]
    for (const accountId of others) bodies.push(this.#addition(accountId))
    const entries: string[] = []
    let prev = Z32
    for (const [seq, body] of bodies.entries()) {
      const entry = this.#sign({ convId, seq, prev, body })
      prev = nextConversationHead(prev, entry)
      entries.push(toBase64Url(entry))
    }
    const { conversationId } = await this.conversations.take(await this.parts.http.createGroup({ entries }))
    await this.#sendMeta(conversationId, { name, photo, expirySeconds: 0 })
    await this.#introduce(conversationId)
    return conversationId
  }

  async rename(id: ConversationId, name: string): Promise<void> {
    const record = this.#group(id)
    checkFace(name, record.photo)
    await this.#sendMeta(id, { ...metaOf(record), name })
  }

  async setPhoto(id: ConversationId, photo: Uint8Array | null): Promise<void> {
    const record = this.#group(id)
    checkFace(record.title, photo)
    await this.#sendMeta(id, { ...metaOf(record), photo })
  }

  /** For how long new messages last: admins say it in a group, either side in a direct conversation. */
  async setDisappearing(id: ConversationId, expirySeconds: number): Promise<void> {
    if (!isFairExpiry(expirySeconds)) throw new ClientFailure('bad_request', 0, 'expiry')
    const record = this.conversations.get(id)
    const selfId = this.parts.identity.accountId
    const mayChange = record.kind === 'direct' || adminIds(record, this.parts).includes(selfId)
    if (!record.isMember || !mayChange) throw new ClientFailure('not_allowed')
    if (expirySeconds !== record.expirySeconds) await this.#sendMeta(id, { ...metaOf(record), expirySeconds })
  }

  /** Whether newcomers see what was said before them. */
  setHistoryPolicy(id: ConversationId, historyPolicy: 'none' | 'share'): Promise<void> {
    return this.#append(id, (record) =>
      record.group?.historyPolicy === historyPolicy ? null : { type: 'policy', historyPolicy },
    )
  }

  async addMembers(id: ConversationId, members: readonly AccountId[]): Promise<void> {
    for (const accountId of members) {
      if (this.#group(id).group?.historyPolicy === 'share') await this.sharing.owe(id, accountId)
      await this.#append(id, (record) => {
        const isMember = memberIds(record, this.parts.identity.accountId).includes(accountId)
        const member = record.group?.members.find((held) => toBase64Url(held.userId) === accountId)
        const addition = this.#addition(accountId)
        const isSame = member?.uikHash && toBase64Url(member.uikHash) === toBase64Url(addition.uikHash)
        return isMember && isSame ? null : addition
      })
    }
    // A newcomer sees nothing from before: what this is called and who everybody is comes once more.
    // Unless this device does not know it itself: an empty name would take the true one from everybody.
    const record = this.#group(id)
    if (record.metaAt > 0) await this.outbox.send(id, { kind: 'meta', ...metaOf(record) })
    await this.#introduce(id)
    this.sharing.pump()
  }

  removeMember(id: ConversationId, memberId: AccountId): Promise<void> {
    return this.#append(id, (record) =>
      memberIds(record, this.parts.identity.accountId).includes(memberId)
        ? { type: 'remove', userId: idToBytes(memberId) }
        : null,
    )
  }

  setAdmin(id: ConversationId, memberId: AccountId, isAdmin: boolean): Promise<void> {
    const role = isAdmin ? 'admin' : 'member'
    return this.#append(id, (record) => {
      const member = record.group?.members.find((held) => toBase64Url(held.userId) === memberId)
      return !member || member.role === role ? null : { type: 'role', userId: idToBytes(memberId), role }
    })
  }

  leave(id: ConversationId): Promise<void> {
    return this.#append(id, (record) => (record.isMember ? { type: 'leave' } : null))
  }

  /** Signs and appends an entry; when another came first, looks again whether it is still wanted. */
  async #append(
    id: ConversationId,
    wanted: (record: ConversationRecord) => ConversationEntryBody | null,
  ): Promise<void> {
    await this.parts.keyLog.ensureFresh(FRESH_LOG_MS)
    if (wanted(this.#group(id)) === null) {
      // Another device may have undone it a moment ago, and this one has not heard.
      await this.conversations.refreshEntries(id)
    }
    for (let attempt = 1; ; attempt++) {
      const record = this.#group(id)
      const body = wanted(record)
      if (body === null) return
      const mayChange = body.type === 'leave' || adminIds(record, this.parts).includes(this.parts.identity.accountId)
      if (!mayChange || !record.group) throw new ClientFailure('not_allowed')
      const seq = record.group.epoch + 1
      const entry = this.#sign({ convId: record.group.convId, seq, prev: record.group.head, body })
      try {
        await this.parts.http.appendEntry(id, toBase64Url(entry))
        await this.conversations.applyOwn(id, seq, entry)
        return
      } catch (error) {
        const isMoved = error instanceof ClientFailure && error.code === 'conversation_moved'
        if (!isMoved || attempt === MAX_TRIES) throw error
        await this.conversations.refreshEntries(id)
      }
    }
  }

  #sign(entry: Pick<UnsignedConversationEntry, 'convId' | 'seq' | 'prev' | 'body'>): Uint8Array {
    const { identity, keyLog } = this.parts
    const signer = { signerUser: identity.userId, signerDevice: identity.rawDeviceId }
    return signConversationEntry(identity.dsk.secretKey, { ...entry, ...signer, sthSize: keyLog.head().size })
  }

  #addition(accountId: AccountId): Extract<ConversationEntryBody, { type: 'add' }> {
    const uikHash = this.parts.keyLog.uikHash(accountId)
    if (!uikHash) throw new ClientFailure('not_found')
    return { type: 'add', userId: idToBytes(accountId), uikHash, role: 'member' }
  }

  #group(id: ConversationId): ConversationRecord {
    const record = this.conversations.get(id)
    if (record.kind !== 'group' || !record.isMember) throw new ClientFailure('not_allowed')
    return record
  }

  async #sendMeta(id: ConversationId, meta: Meta): Promise<void> {
    const before = this.conversations.get(id)
    const after = withMeta(before, meta, this.context.platform.clock.now())
    const isFirst = before.kind === 'group' && before.metaAt === 0
    const notice = isFirst ? null : metaNotice(before, after, this.parts.identity.accountId)
    await this.outbox.send(id, { kind: 'meta', ...meta }, { notice })
    await this.conversations.change(id, (record) => withMeta(record, meta, after.metaAt))
  }

  async #introduce(id: ConversationId): Promise<void> {
    const { people, identity } = this.parts
    const known = memberIds(this.#group(id), identity.accountId).map((accountId) => people.find(accountId))
    const introduced: Introduced[] = known
      .filter((person) => person !== null)
      .map(({ accountId, name, photo }) => ({ accountId, name, photo, sentAt: 0 }))
    for (let at = 0; at < introduced.length; at += MAX_INTRODUCED) {
      await this.outbox.send(id, { kind: 'introductions', people: introduced.slice(at, at + MAX_INTRODUCED) })
    }
  }
}

function checkFace(name: string, photo: Uint8Array | null): void {
  if (name.length > limits.maxHomeNameLength || (photo?.length ?? 0) > limits.maxPhotoBytes) {
    throw new ClientFailure('too_large')
  }
}
