import { equal } from '../crypto/bytes.ts'
import { findUser } from '../crypto/key-log-validator.ts'
import type { AccountId, ConversationId, MessageId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, markOf } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { Expiry, MessageStore, StoredMessage } from './message-store.ts'
import type { AccountParts } from './parts.ts'
import { withPreview } from './previews.ts'
import { reportAs } from './quiet.ts'
import type { Step, Steps } from './steps.ts'

const HOUR_MS = 3_600_000
const LONGEST_SECONDS = 366 * 24 * 3_600
/** A timer stands still while its machine sleeps: whatever is due is looked for every minute. */
const LOOK_AGAIN_MS = 60_000
const LOT = 200

/** Table keys, x/<time>/<conversation>/<message>: when a line goes. */
type Due = { id: ConversationId; messageId: MessageId; seconds: number }
/** Table keys, y/<conversation>/<order key>: a line that nobody here has seen yet. */
type Unseen = { messageId: MessageId; seconds: number }
/** Table keys, g/<conversation>/<message>: it was here and is gone; the home may still show its ciphertext for a while. */
type Gone = { key: string; until: number }

/** For how long the home keeps the ciphertext of a message with this timer: whoever is away for a day still gets a short one. */
export function lifetimeHoursOf(expirySeconds: number): number {
  const hours = Math.ceil((expirySeconds * 1_000) / HOUR_MS)
  return Math.min(Math.max(hours, limits.minLifetimeHours), limits.maxLifetimeHours)
}

/** Deletes disappearing messages: the sender's from sending on, others' from when they were first seen (PROTOCOL 4.7). */
export class Disappearing {
  #cancel: (() => void) | null = null
  #nextAt = 0
  #isSweeping = false
  readonly #readKeys = new Map<ConversationId, string>()
  onChanged: (id: ConversationId, lines: StoredMessage[], removedIds: MessageId[]) => void = () => undefined

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly steps: Steps,
    private readonly conversations: Conversations,
    private readonly store: MessageStore,
  ) {}

  /** What ran out while this device was off is gone before anything is shown. */
  async open(): Promise<void> {
    for (const record of this.conversations.all()) {
      this.#readKeys.set(record.conversationId, markOf(record, this.#selfId).readKey)
      await this.#startSeen(record.conversationId)
    }
    await this.#sweep()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  /** The expiry of a line that comes in now; null when its time was over before it came. */
  begin(
    step: Step,
    record: ConversationRecord,
    line: { messageId: MessageId; key: string; expirySeconds: number; startedAt: number | null },
  ): Expiry | null {
    const { conversationId: id } = record
    const { messageId, key } = line
    const seconds = Math.min(Math.max(line.expirySeconds, 1), LONGEST_SECONDS)
    const isSeen = key <= markOf(record, this.#selfId).readKey
    const startedAt = line.startedAt ?? (isSeen ? this.#now : null)
    if (startedAt === null) {
      step.put('keys', `y/${id}/${key}`, { messageId, seconds } satisfies Unseen)
      step.afterwards(() => this.#look(id))
      return { seconds, at: null }
    }
    const at = Math.min(startedAt, this.#now) + seconds * 1_000
    if (at <= this.#now) {
      this.#bury(step, id, { messageId, key, seconds })
      return null
    }
    this.#putDue(step, at, { id, messageId, seconds })
    return { seconds, at }
  }

  /** Own read marks moved: what they passed was seen, here or on another own device. */
  recordChanged(id: ConversationId): void {
    const record = this.conversations.find(id)
    if (!record) return
    const { readKey } = markOf(record, this.#selfId)
    if (this.#readKeys.get(id) === readKey) return
    this.#readKeys.set(id, readKey)
    this.#look(id)
  }

  isGone(step: Step, id: ConversationId, messageId: MessageId): Promise<Gone | null> {
    return step.get<Gone>('keys', goneKey(id, messageId))
  }

  /** A disappearing message from before this device was added never comes: its key was given to those that were there. */
  isBeforeThisDevice(receivedAt: number): boolean {
    const { userId, rawDeviceId } = this.parts.identity
    const devices = findUser(this.parts.keyLog.state(), userId)?.devices ?? []
    const own = devices.find((device) => equal(device.deviceId, rawDeviceId))
    return own !== undefined && receivedAt < own.addedAt
  }

  #look(id: ConversationId): void {
    this.#startSeen(id).catch(reportAs('a timer was not started'))
  }

  async #startSeen(id: ConversationId): Promise<void> {
    const { store } = this.context
    const before = (readKey: string) => ({ from: `y/${id}/`, before: `y/${id}/${readKey}\u0001` })
    if ((await store.list('keys', { ...before('~'), limit: 1 })).length === 0) return
    const lines = await this.steps.run(async (step) => {
      const record = await this.conversations.read(step, id)
      if (!record) return []
      const rows = await store.list<Unseen>('keys', before(markOf(record, this.#selfId).readKey))
      const started: StoredMessage[] = []
      for (const { key, value } of rows) {
        const { messageId, seconds } = value
        const at = this.#now + seconds * 1_000
        step.put('keys', key, null)
        if (!(await this.store.change(step, id, messageId, { expiry: { seconds, at } }))) continue
        this.#putDue(step, at, { id, messageId, seconds })
        const line = await this.store.find(step, id, messageId)
        if (line) started.push(line)
      }
      return started
    })
    if (lines.length > 0) this.onChanged(id, lines, [])
  }

  #putDue(step: Step, at: number, due: Due): void {
    step.put('keys', `x/${timeKey(at)}/${due.id}/${due.messageId}`, due)
    step.afterwards(() => this.#schedule(at))
  }

  #bury(step: Step, id: ConversationId, gone: { messageId: MessageId; key: string; seconds: number }): void {
    const until = this.#now + (lifetimeHoursOf(gone.seconds) + 24) * HOUR_MS
    step.put('keys', goneKey(id, gone.messageId), { key: gone.key, until } satisfies Gone)
    // The key with which this device would have answered who asks for it.
    step.put('keys', `m/${id}/${gone.messageId}`, null)
  }

  #schedule(at: number): void {
    if (this.#cancel && at >= this.#nextAt) return
    this.#cancel?.()
    this.#nextAt = at
    const delayMs = Math.min(Math.max(at - this.#now, 0), LOOK_AGAIN_MS)
    this.#cancel = this.context.platform.clock.schedule(delayMs, () => {
      this.#cancel = null
      this.sweepSoon()
    })
  }

  /** The machine may have slept: what ran out meanwhile goes now. */
  sweepSoon(): void {
    this.#sweep().catch(reportAs('disappearing messages stay for now'))
  }

  async #sweep(): Promise<void> {
    if (this.#isSweeping) return
    this.#isSweeping = true
    try {
      for (;;) {
        const range = { from: 'x/', before: `x/${timeKey(this.#now + 1)}`, limit: LOT }
        const rows = await this.context.store.list<Due>('keys', range)
        if (rows.length === 0) break
        const ids = new Set(rows.map((row) => row.value.id))
        for (const id of ids)
          await this.#remove(
            id,
            rows.filter((row) => row.value.id === id),
          )
      }
      await this.#forgetGone()
    } finally {
      this.#isSweeping = false
    }
    const [next] = await this.context.store.list<Due>('keys', { from: 'x/', before: 'x0', limit: 1 })
    if (next) this.#schedule(Number(next.key.split('/')[1]))
  }

  async #remove(id: ConversationId, rows: { key: string; value: Due }[]): Promise<void> {
    const removedIds = rows.map((row) => row.value.messageId)
    await this.steps.run(async (step) => {
      for (const { key, value } of rows) {
        const line = await this.store.find(step, id, value.messageId)
        step.put('keys', key, null)
        if (!line) continue
        this.#bury(step, id, { ...value, key: line.key })
        await this.store.remove(step, id, value.messageId)
      }
      const record = await this.conversations.read(step, id)
      if (record?.preview && removedIds.includes(record.preview.messageId)) {
        const newest = await this.store.before(step, id, null, rows.length + 1)
        const line = newest.findLast(({ messageId }) => !removedIds.includes(messageId))
        const bare = { ...record, preview: null }
        this.conversations.write(step, line ? withPreview(bare, line) : bare)
      }
    })
    this.onChanged(id, [], removedIds)
  }

  async #forgetGone(): Promise<void> {
    const rows = await this.context.store.list<Gone>('keys', { from: 'g/', before: 'g0' })
    const old = rows.filter(({ value }) => value.until < this.#now)
    if (old.length > 0) {
      await this.context.store.commit(old.map(({ key }) => ({ table: 'keys', key, value: null })))
    }
  }

  get #selfId(): AccountId {
    return this.parts.identity.accountId
  }
  get #now(): number {
    return this.context.platform.clock.now()
  }
}

function goneKey(id: ConversationId, messageId: MessageId): string {
  return `g/${id}/${messageId}`
}

function timeKey(at: number): string {
  return String(Math.max(0, Math.floor(at))).padStart(15, '0')
}
