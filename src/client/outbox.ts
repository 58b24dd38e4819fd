import { parseBodyHeader } from '../crypto/body-header.ts'
import { type ConversationId, idFromBytes, type MessageId } from '../protocol/ids.ts'
import { ClientFailure, type Notice } from './api.ts'
import type { ChainShelf } from './chains.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, messageKey, withSeq } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import { type Disappearing, lifetimeHoursOf } from './disappearing.ts'
import { keepBody } from './kept-bodies.ts'
import type { MessageStore, StoredMessage } from './message-store.ts'
import { lineOf, type OutboxRow, rowKey } from './outbox-row.ts'
import type { AccountParts } from './parts.ts'
import { classOf, contentTypeOf, encodePayload, type Payload } from './payloads.ts'
import type { SentKey } from './peer-requests.ts'
import { withPreview } from './previews.ts'
import type { Sealer } from './sealer.ts'
import type { Step, Steps } from './steps.ts'

/** The home cannot take it now, or the world changed under it: seal again or wait, never give up. */
const RESEAL = ['conversation_moved', 'recipients_changed']
const PERMANENT = ['not_found', 'not_allowed', 'message_id_taken', 'too_large', 'bad_request']
const RETRY_MS = 3_000
const MAX_RESEALS = 8

type SendOptions = { messageId?: MessageId; notice?: Notice | null }

/** What is to be said, durable and in order per conversation; a message id is stored by the home once, whatever happens between. */
export class Outbox {
  #rows: OutboxRow[] = []
  #next = 1
  #isStopped = false
  /** While the home is being healed nothing is posted. */
  isPaused = false
  readonly #pumping = new Set<ConversationId>()
  onChanged: (id: ConversationId, lines: StoredMessage[], removedIds: MessageId[]) => void = () => undefined

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly steps: Steps,
    private readonly connection: SocketConnection,
    private readonly conversations: Conversations,
    private readonly sealer: Sealer,
    private readonly chains: ChainShelf,
    private readonly store: MessageStore,
    private readonly disappearing: Disappearing,
  ) {}

  async open(): Promise<void> {
    const rows = await this.context.store.list<OutboxRow>('outbox', { from: 'p/', before: 'p0' })
    this.#rows = rows.map((row) => row.value)
    this.#next = (this.#rows.at(-1)?.place ?? 0) + 1
  }

  /** Own messages of a conversation that the home has not stored, in order. */
  pending(id: ConversationId): OutboxRow[] {
    return this.#rows.filter((row) => row.conversationId === id && row.text !== null)
  }
  isPending(messageId: MessageId): boolean {
    return this.#rows.some((row) => row.messageId === messageId)
  }
  find(messageId: MessageId): OutboxRow | null {
    return this.#rows.find((row) => row.messageId === messageId) ?? null
  }

  /** Resolves when it is on disk here. A text is on screen before that: the event comes before anything is awaited. */
  async send(id: ConversationId, payload: Payload, { messageId, notice = null }: SendOptions = {}): Promise<void> {
    const bodyClass = classOf(payload)
    if (bodyClass === 3) throw new ClientFailure('bad_request', 0, 'not to be stored')
    const row: OutboxRow = {
      ...{ place: this.#next++, conversationId: id, bodyClass, contentType: contentTypeOf(payload) },
      messageId: messageId ?? idFromBytes<MessageId>(this.context.platform.random(16)),
      payload: encodePayload(payload),
      text: payload.kind === 'text' ? payload.text : null,
      sentAt: this.context.platform.clock.now(),
      expirySeconds: payload.kind === 'text' ? this.conversations.get(id).expirySeconds : 0,
      ...{ notice, sealed: null, state: 'queued', reason: null },
    }
    if (this.isPending(row.messageId)) throw new ClientFailure('message_id_taken')
    const replaced = payload.kind === 'receipt' ? this.#unsentReceipts(id) : []
    this.#rows = [...this.#rows.filter((other) => !replaced.includes(other)), row]
    this.#tell(row)
    const dropped = replaced.map((old) => ({ table: 'outbox' as const, key: rowKey(old), value: null }))
    await this.context.store.commit([...dropped, { table: 'outbox', key: rowKey(row), value: row }])
    this.pump(id)
  }

  async retry(messageId: MessageId): Promise<void> {
    const row = this.find(messageId)
    if (!row) throw new ClientFailure('not_found')
    if (row.state !== 'failed') return this.pump(row.conversationId)
    await this.#replace({ ...row, state: 'queued', reason: null, sealed: null })
    this.pump(row.conversationId)
  }

  async discard(messageId: MessageId): Promise<void> {
    const row = this.find(messageId)
    if (row?.state !== 'failed') throw new ClientFailure('not_found')
    this.#rows = this.#rows.filter((other) => other !== row)
    await this.context.store.commit([{ table: 'outbox', key: rowKey(row), value: null }])
    this.onChanged(row.conversationId, [], [messageId])
  }

  pumpAll(): void {
    for (const id of new Set(this.#rows.map((row) => row.conversationId))) this.pump(id)
  }

  stop(): void {
    this.#isStopped = true
  }

  pump(id: ConversationId): void {
    if (this.#pumping.has(id) || !this.#mayPost) return
    this.#pumping.add(id)
    this.#drain(id)
      .catch((error: unknown) => console.error('outbox', String(error)))
      .finally(() => this.#pumping.delete(id))
  }

  get #mayPost(): boolean {
    return !this.#isStopped && !this.isPaused && this.connection.isOnline
  }

  async #drain(id: ConversationId): Promise<void> {
    for (;;) {
      const row = this.#rows.find((candidate) => candidate.conversationId === id && candidate.state === 'queued')
      if (!row || !this.#mayPost) return
      try {
        await this.#post(row)
      } catch (error) {
        if (!(error instanceof ClientFailure)) throw error
        if (PERMANENT.includes(error.code)) await this.#giveUp(row, error.code)
        else {
          // offline ends it until the next connection; anything else is tried again before long.
          if (error.code !== 'offline' || this.connection.isOnline) this.#pumpLater(id, error.retryAfterMs)
          return
        }
      }
    }
  }

  async #post(row: OutboxRow): Promise<void> {
    const id = row.conversationId
    for (let attempt = 0; ; attempt++) {
      const sealed = this.find(row.messageId)?.sealed ?? (await this.#seal(row))
      const { body, envelopes, archive } = sealed
      try {
        const post = { conversationId: id, body, envelopes }
        const request = sealed.isEphemeral
          ? { type: 'postEphemeral' as const, ...post, lifetimeHours: lifetimeHoursOf(row.expirySeconds) }
          : { type: 'post' as const, ...post, archive }
        const { seq, receivedAt } = await this.connection.request(request, 'posted')
        return await this.#finish(row.messageId, seq, receivedAt)
      } catch (error) {
        const isMoved = error instanceof ClientFailure && RESEAL.includes(error.code)
        if (!isMoved || attempt >= MAX_RESEALS) throw error
        // Refused means not stored: the same id may be sealed anew, with keys that were never used.
        await this.#replace({ ...row, sealed: null })
        if (error.code === 'conversation_moved') await this.conversations.refreshEntries(id)
        await this.parts.keyLog.refresh()
      }
    }
  }

  #seal(row: OutboxRow) {
    return this.sealer.sealPost(row.conversationId, row, (step, sealed) => {
      const kept = { ...row, sealed }
      step.put('outbox', rowKey(row), kept)
      step.afterwards(() => this.#swap(kept))
    })
  }

  /** The home has it: from the outbox into the thread. */
  #finish(messageId: MessageId, seq: number, receivedAt: number): Promise<void> {
    return this.steps.run(async (step) => {
      const row = this.find(messageId)
      if (!row?.sealed) return
      const { conversationId: id, sealed } = row
      const record = await this.conversations.read(step, id)
      if (!record) return
      if (sealed.chainId) {
        const devices = sealed.envelopes.map((envelope) => envelope.deviceId)
        await this.chains.markSent(step, id, sealed.chainId, devices)
      }
      const { messageKey: key, bodyHash, body } = sealed
      const { isEphemeral } = sealed
      const sent: SentKey = { messageKey: key, bodyHash, epoch: epochOf(body), at: receivedAt, isEphemeral }
      step.put('keys', `m/${id}/${messageId}`, sent)
      const now = this.context.platform.clock.now()
      if (!isEphemeral) keepBody(step, now, { id, messageId, body, receivedAt, archive: sealed.archive })
      step.put('outbox', rowKey(row), null)
      const line = this.#stored(step, record, row, messageKey(record.generation, seq))
      const next = withSeq(record, seq)
      if (line) await this.store.add(step, id, [line])
      this.conversations.write(step, line ? withPreview(next, line) : next)
      step.afterwards(() => {
        this.#rows = this.#rows.filter((other) => other.messageId !== messageId)
        if (line) this.onChanged(id, [line], [])
      })
    })
  }

  /** The line that stays in the thread; null for what is silent. */
  #stored(step: Step, record: ConversationRecord, row: OutboxRow, key: string): StoredMessage | null {
    const line = { ...lineOf(row, this.parts.identity.accountId), key, reason: null }
    if (row.notice) return { ...line, kind: 'notice', notice: row.notice }
    if (row.text === null || row.expirySeconds === 0) return row.text === null ? null : line
    const { messageId, expirySeconds } = row
    const startedAt = this.context.platform.clock.now()
    const expiry = this.disappearing.begin(step, record, { messageId, key, expirySeconds, startedAt })
    return expiry ? { ...line, expiry } : line
  }

  /** A person can try again or take it back; what nobody saw is dropped. */
  async #giveUp(row: OutboxRow, reason: string): Promise<void> {
    if (row.text !== null) return this.#replace({ ...row, state: 'failed', reason })
    console.warn(`a silent body was refused: ${reason}`)
    this.#rows = this.#rows.filter((other) => other.messageId !== row.messageId)
    await this.context.store.commit([{ table: 'outbox', key: rowKey(row), value: null }])
  }

  async #replace(row: OutboxRow): Promise<void> {
    await this.context.store.commit([{ table: 'outbox', key: rowKey(row), value: row }])
    this.#swap(row)
    this.#tell(row)
  }

  #swap(row: OutboxRow): void {
    this.#rows = this.#rows.map((other) => (other.messageId === row.messageId ? row : other))
  }

  #tell(row: OutboxRow): void {
    if (row.text !== null) this.onChanged(row.conversationId, [lineOf(row, this.parts.identity.accountId)], [])
  }

  #unsentReceipts(id: ConversationId): OutboxRow[] {
    const receipt = contentTypeOf({ kind: 'receipt', delivered: null, read: null })
    const isUnsent = (row: OutboxRow) => row.contentType === receipt && row.sealed === null && !this.#pumping.has(id)
    return this.#rows.filter((row) => row.conversationId === id && isUnsent(row))
  }

  #pumpLater(id: ConversationId, delayMs: number): void {
    this.context.platform.clock.schedule(Math.max(delayMs, RETRY_MS), () => this.pump(id))
  }
}

function epochOf(body: Uint8Array): number {
  const header = parseBodyHeader(body)
  return header.mode === 2 ? header.epoch : 0
}
