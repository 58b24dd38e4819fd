import type { OpenedBody } from '../crypto/body.ts'
import type { BodyHeader } from '../crypto/body-header.ts'
import { type AccountId, type ConversationId, idFromBytes, type MessageId } from '../protocol/ids.ts'
import type { ArchiveQueue } from './archive-queue.ts'
import type { Batch } from './batch.ts'
import { type ArchiveRow, type BodyOpener, type Opening, readHeader } from './body-opener.ts'
import type { ClientContext } from './context.ts'
import {
  type ConversationRecord,
  isFromBefore,
  isKnownSeq,
  markOf,
  messageKey,
  withSeq,
} from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { Disappearing } from './disappearing.ts'
import { keepBody } from './kept-bodies.ts'
import type { Floor } from './lateness.ts'
import { advanceMark, unreadAfter } from './marks.ts'
import { adminIds } from './membership.ts'
import type { MessageStore, StoredMessage } from './message-store.ts'
import { type Meta, metaNotice, withMeta } from './meta.ts'
import { placeNotices } from './notices.ts'
import type { AccountParts } from './parts.ts'
import { type Payload, readPayload } from './payloads.ts'
import { withPreview } from './previews.ts'
import type { Step } from './steps.ts'
import type { WaitingBody, WaitingRoom } from './waiting-room.ts'

/** A stored body as the socket or a page brings it. */
export type Arrival = { seq: number; receivedAt: number; body: Uint8Array; archive: ArchiveRow | null; floor?: Floor }
type Place = { key: string; seq: number; receivedAt: number; isOld: boolean }

/** Takes bodies in: each once, opened where a key is there, kept waiting where not. */
export class Arrivals {
  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly conversations: Conversations,
    private readonly store: MessageStore,
    private readonly opener: BodyOpener,
    private readonly waiting: WaitingRoom,
    private readonly archive: ArchiveQueue,
    private readonly disappearing: Disappearing,
    private readonly isOwnPending: (messageId: MessageId) => boolean,
  ) {}

  /** These come next in this batch: what of them can be opened is begun at once. */
  async lookAhead(
    batch: Batch,
    id: ConversationId,
    sealed: readonly Pick<Arrival, 'body' | 'archive'>[],
  ): Promise<void> {
    const record = await this.conversations.read(batch.step, id)
    if (record && sealed.length > 1) await this.opener.lookAhead(batch.step, record, sealed)
  }

  /** A message in its turn (live, or from a page of what was missed). */
  async takeNew(batch: Batch, id: ConversationId, arrival: Arrival): Promise<void> {
    const record = await this.conversations.read(batch.step, id)
    const header = readHeader(id, arrival.body)
    // Damaged on the way, perhaps: what has this number is what the home's page brings.
    if (arrival.floor && (!isStored(header) || (record && isFromBefore(record, header, this.parts.identity.accountId))))
      return
    // A number alone is the home's word: one that lied about how far it counted could silence a conversation for good.
    const isKnown = record && isKnownSeq(record, arrival.seq) && !(await this.#isMissing(batch.step, id, header))
    if (!record || isKnown) return
    const tools = { conversations: this.conversations, store: this.store, now: () => this.#now() }
    if (header?.mode === 2) await placeNotices(tools, batch, record, header.epoch, arrival.seq - 1)
    await this.#take(batch, id, arrival, false)
    const after = await this.conversations.read(batch.step, id)
    if (after) this.conversations.write(batch.step, withSeq(after, arrival.seq))
  }

  /** A message of a page from before what this device holds; the page's reader keeps count of the sequence. */
  async takeOld(batch: Batch, id: ConversationId, arrival: Arrival, isQuiet: boolean): Promise<void> {
    const record = await this.conversations.read(batch.step, id)
    // It came live while its page was on the way: its key was used, and asking for it would be in vain.
    if (record && isKnownSeq(record, arrival.seq)) return
    return this.#take(batch, id, arrival, isQuiet)
  }

  /** A body from before this account came, whose maker and place were proven (history-taking.ts). */
  async takeProven(batch: Batch, id: ConversationId, arrival: Arrival, opened: OpenedBody): Promise<void> {
    const { step } = batch
    const record = await this.conversations.read(step, id)
    const messageId = idFromBytes<MessageId>(opened.header.msgId)
    if (!record || (await this.store.has(step, id, messageId))) return
    const { seq, receivedAt, body } = arrival
    const archive = await this.archive.put(step, opened)
    keepBody(step, this.#now(), { id, messageId, body, receivedAt, archive })
    const key = messageKey(record.oldestGeneration, seq)
    await this.#apply(batch, record, opened, { key, seq, receivedAt, isOld: true })
    const line = await this.store.find(step, id, messageId)
    if (line) batch.tell(id, line)
  }

  /** A key came: opens what waited for it. */
  async wake(batch: Batch, bodies: readonly WaitingBody[], archive: ArchiveRow | null = null): Promise<void> {
    const sealed = bodies.map(({ body }) => ({ body, archive }))
    if (bodies[0]) await this.lookAhead(batch, bodies[0].conversationId, sealed)
    for (const waiting of bodies) {
      const record = await this.conversations.read(batch.step, waiting.conversationId)
      if (!record) continue
      const standing = { archive, seq: waiting.seq, floor: waiting.floor ?? null }
      const opening = await this.opener.open(batch.step, record, waiting.body, standing)
      if (opening.outcome === 'waiting' && opening.reason === 'stale') {
        batch.staleEntries.set(waiting.conversationId, opening.witness)
      }
      if (opening.outcome === 'waiting') continue
      this.waiting.remove(batch.step, waiting)
      const place = { key: waiting.key, seq: waiting.seq, receivedAt: waiting.receivedAt, isOld: false }
      if (opening.outcome === 'refused') {
        await this.#refuse(batch, record, waiting, { place, reason: opening.reason })
        continue
      }
      await this.#apply(batch, record, opening.body, place)
      this.#keepFor(batch, waiting.conversationId, opening, { ...waiting, archive })
    }
  }

  async #isMissing(step: Step, id: ConversationId, header: BodyHeader | null): Promise<boolean> {
    if (header?.class !== 0) return false
    const messageId = idFromBytes<MessageId>(header.msgId)
    return !this.waiting.has(id, messageId) && !(await this.store.has(step, id, messageId))
  }

  async #take(batch: Batch, id: ConversationId, arrival: Arrival, isOld: boolean): Promise<void> {
    const { step } = batch
    const record = await this.conversations.read(step, id)
    const header = readHeader(id, arrival.body)
    if (!record || !isStored(header)) return
    const messageId = idFromBytes<MessageId>(header.msgId)
    if (this.isOwnPending(messageId) || this.waiting.has(id, messageId)) return
    if (await this.store.has(step, id, messageId)) return
    if (header.isEphemeral && (await this.disappearing.isGone(step, id, messageId))) return
    const generation = isOld ? record.oldestGeneration : record.generation
    const place = { key: messageKey(generation, arrival.seq), seq: arrival.seq, receivedAt: arrival.receivedAt, isOld }
    const floor = arrival.floor ?? null
    const opening = await this.opener.open(step, record, arrival.body, { ...arrival, floor })
    if (opening.outcome === 'refused') {
      return this.#refuse(batch, record, { messageId, body: arrival.body }, { place, reason: opening.reason })
    }
    if (opening.outcome === 'opened') {
      this.#keepFor(batch, id, opening, arrival)
      return this.#apply(batch, record, opening.body, place)
    }
    const { body, receivedAt, archive } = arrival
    if (!header.isEphemeral) keepBody(step, this.#now(), { id, messageId, body, receivedAt, archive })
    if (header.isEphemeral && this.disappearing.isBeforeThisDevice(receivedAt)) return
    // Its key comes in a bundle, if at all.
    if (isFromBefore(record, header, this.parts.identity.accountId)) return
    if (opening.reason === 'stale') batch.staleEntries.set(id, opening.witness)
    this.waiting.add(step, { conversationId: id, messageId, ...arrival, floor, key: place.key, reason: opening.reason })
    if (header.class === 0)
      await this.#keep(batch, record, { ...blank(messageId, place), reason: opening.reason }, place)
  }

  /** An opened body rests here with its archive row: the one it came with, or a new one, sealed while others are opened. */
  #keepFor(
    batch: Batch,
    id: ConversationId,
    { body: opened, isArchived }: Extract<Opening, { outcome: 'opened' }>,
    { body, receivedAt, archive }: Pick<Arrival, 'body' | 'receivedAt' | 'archive'>,
  ): void {
    const { step } = batch
    const { msgId, isEphemeral } = opened.header
    const kept = { id, messageId: idFromBytes<MessageId>(msgId), body, receivedAt }
    const keep = (row: ArchiveRow | null) => isEphemeral || keepBody(step, this.#now(), { ...kept, archive: row })
    if (isArchived) keep(archive)
    else batch.beside(this.archive.put(step, opened).then(keep))
  }

  #now(): number {
    return this.context.platform.clock.now()
  }

  /** Something stands there, so that people see that something was tried; what it said is nobody's word. */
  async #refuse(
    batch: Batch,
    record: ConversationRecord,
    { messageId, body }: { messageId: MessageId; body: Uint8Array },
    { place, reason }: { place: Place; reason: string },
  ): Promise<void> {
    if (readHeader(record.conversationId, body)?.class !== 0) return
    await this.#keep(batch, record, { ...blank(messageId, place), kind: 'unreadable', reason }, place)
  }

  async #apply(batch: Batch, record: ConversationRecord, opened: OpenedBody, place: Place): Promise<void> {
    const { plaintext, header } = opened
    const sender = idFromBytes<AccountId>(plaintext.senderUser)
    const { sthSize: size, sthRoot: root, sentAt } = plaintext
    batch.heads.set(`${size}/${idFromBytes(root.slice(0, 16))}`, { size, root })
    const messageId = idFromBytes<MessageId>(header.msgId)
    const line = { ...blank(messageId, place), senderId: sender, sentAt }
    const expiry = header.isEphemeral ? this.#expiry(batch.step, record, opened, place) : undefined
    // Its time was over before it came here.
    if (expiry === null) return
    const payload = readPayload(plaintext.contentType, plaintext.payload)
    if (payload === null) {
      if (header.class === 0)
        await this.#keep(batch, record, { ...line, kind: 'unreadable', reason: 'unsupported', ...expiry }, place)
      return
    }
    if (payload.kind === 'text') {
      await this.#keep(batch, record, { ...line, kind: 'text', text: payload.text, reason: null, ...expiry }, place)
      batch.stoppedTyping.push({ id: record.conversationId, accountId: sender })
    } else await this.#applySilent(batch, record, payload, { line, sender, place })
  }

  async #applySilent(
    batch: Batch,
    record: ConversationRecord,
    payload: Exclude<Payload, { kind: 'text' }>,
    { line, sender, place }: { line: StoredMessage; sender: AccountId; place: Place },
  ): Promise<void> {
    const { store, conversations, disappearing } = this
    const tools = { store, conversations, disappearing, selfId: this.parts.identity.accountId }
    const { sentAt } = line
    switch (payload.kind) {
      case 'receipt':
        return advanceMark(tools, batch, record, { accountId: sender, ...payload })
      case 'profile':
        batch.profiles.push({ accountId: sender, name: payload.name, photo: payload.photo, sentAt })
        return
      case 'introductions':
        batch.introductions.push(...payload.people)
        return
      case 'meta':
        return this.#applyMeta(batch, record, { ...payload, sender }, { line, place })
      case 'typing':
        return
    }
  }

  async #applyMeta(
    batch: Batch,
    record: ConversationRecord,
    { sender, ...meta }: Meta & { sender: AccountId },
    { line, place }: { line: StoredMessage; place: Place },
  ): Promise<void> {
    const mayChange = record.kind === 'direct' || adminIds(record, this.parts).includes(sender)
    if (!mayChange || line.sentAt < record.metaAt) return
    const changed = withMeta(record, meta, line.sentAt)
    this.conversations.write(batch.step, changed)
    // The first one of a group belongs to its founding.
    const isFirst = record.kind === 'group' && record.metaAt === 0
    const notice = isFirst || place.isOld ? null : metaNotice(record, changed, sender)
    if (notice) await this.#keep(batch, changed, { ...line, kind: 'notice', notice, reason: null }, place)
  }

  #expiry(step: Step, record: ConversationRecord, { header, plaintext }: OpenedBody, { key, receivedAt }: Place) {
    const isOwn = idFromBytes<AccountId>(plaintext.senderUser) === this.parts.identity.accountId
    const expiry = this.disappearing.begin(step, record, {
      ...{ messageId: idFromBytes<MessageId>(header.msgId), key, expirySeconds: plaintext.expirySeconds },
      startedAt: isOwn ? receivedAt : null,
    })
    return expiry && { expiry }
  }

  /** Puts a line into the thread and what follows from it into the record. */
  async #keep(batch: Batch, record: ConversationRecord, line: StoredMessage, place: Place): Promise<void> {
    const { step } = batch
    const id = record.conversationId
    const isFilled = await this.store.put(step, id, line)
    let next = withPreview(record, line)
    if (place.isOld) {
      if (next !== record) this.conversations.write(step, next)
      return
    }
    batch.tell(id, line)
    const selfId = this.parts.identity.accountId
    if (line.senderId === selfId && line.kind === 'text') {
      const mark = markOf(next, selfId)
      // Whoever answers has read what was there, on whichever of their devices.
      if (line.key > mark.readKey) {
        next = { ...next, readId: line.messageId, marks: { ...next.marks, [selfId]: { ...mark, readKey: line.key } } }
      }
    } else if (line.kind !== 'notice' && line.key > next.inboundKey) {
      next = { ...next, inboundKey: line.key, inboundId: line.messageId }
      batch.toAcknowledge.add(id)
    }
    const unreadCount = await unreadAfter(this.store, step, { before: record, after: next, line, isFilled, selfId })
    this.conversations.write(step, { ...next, unreadCount })
  }
}

/** Of the kinds of body that a home keeps. */
export function isStored(header: BodyHeader | null): header is BodyHeader {
  return header !== null && header.class !== 3
}

function blank(messageId: MessageId, { key, receivedAt }: Place): StoredMessage {
  const senderId = '' as AccountId
  return { messageId, key, senderId, kind: 'waiting', text: '', notice: null, sentAt: receivedAt, reason: null }
}
