import { parseBodyHeader } from '../crypto/body-header.ts'
import { type ChainId, type ConversationId, idFromBytes, type MessageId } from '../protocol/ids.ts'
import type { ClientContext } from './context.ts'
import type { Floor } from './lateness.ts'
import type { Step } from './steps.ts'

/** After so long nobody holds the key any more. */
const GIVE_UP_MS = 35 * 24 * 3_600_000
/** A key travels before its body and with it: one whose body did not follow opens nothing that is still there. */
const HELD_KEY_MS = 2 * 24 * 3_600_000

/** Table keys, w/<conversation>/<message>: a body whose key has not come yet. */
export type WaitingBody = {
  conversationId: ConversationId
  messageId: MessageId
  seq: number
  key: string
  receivedAt: number
  body: Uint8Array
  reason: string
  floor?: Floor | null
}
/** What is remembered of each in memory. */
type Waiter = {
  conversationId: ConversationId
  messageId: MessageId
  chainId: ChainId | null
  tries: number
  nextAt: number
}

const FIRST_ASK_MS = 1_500
/** So often an answer that did not help leads to a new question at once. */
const HASTY_TRIES = 3
const ASK_AGAIN_MS = [15_000, 120_000, 900_000, 3_600_000]

/** Bodies before their keys, and when to ask for those again. */
export class WaitingRoom {
  readonly #waiters = new Map<string, Waiter>()
  /** Something new waits: look again after `delayMs`. */
  onAdded: (delayMs: number) => void = () => undefined

  constructor(private readonly context: ClientContext) {}

  async open(): Promise<void> {
    const { store } = this.context
    const now = this.#now
    for (const { key, value } of await store.list<WaitingBody>('keys', { from: 'w/', before: 'w0' })) {
      this.#waiters.set(key, waiterOf(value, now + FIRST_ASK_MS))
    }
  }

  /** Keys without a body. */
  async prune(): Promise<void> {
    const { store } = this.context
    const held = await store.list<{ at: number }>('keys', { from: 'k/', before: 'k0' })
    const old = held.filter(({ value }) => this.#now - value.at > HELD_KEY_MS)
    if (old.length > 0) await store.commit(old.map(({ key }) => ({ table: 'keys', key, value: null })))
  }

  has(id: ConversationId, messageId: MessageId): boolean {
    return this.#waiters.has(rowKey(id, messageId))
  }

  get isEmpty(): boolean {
    return this.#waiters.size === 0
  }

  add(step: Step, { conversationId, messageId, seq, key, receivedAt, body, reason, floor = null }: WaitingBody): void {
    const waiting = { conversationId, messageId, seq, key, receivedAt, body, reason, floor }
    const place = rowKey(conversationId, messageId)
    step.put('keys', place, waiting)
    this.#waiters.set(place, waiterOf(waiting, this.#now + FIRST_ASK_MS))
    step.otherwise(() => this.#waiters.delete(place))
    step.afterwards(() => this.onAdded(FIRST_ASK_MS))
  }

  remove(step: Step, { conversationId, messageId }: { conversationId: ConversationId; messageId: MessageId }): void {
    const place = rowKey(conversationId, messageId)
    const waiter = this.#waiters.get(place)
    step.put('keys', place, null)
    this.#waiters.delete(place)
    step.otherwise(() => waiter && this.#waiters.set(place, waiter))
  }

  async of(step: Step, id: ConversationId, messageId: MessageId): Promise<WaitingBody[]> {
    return this.#load(step, (waiter) => waiter.conversationId === id && waiter.messageId === messageId)
  }
  ofChain(step: Step, chainId: ChainId): Promise<WaitingBody[]> {
    return this.#load(step, (waiter) => waiter.chainId === chainId)
  }
  ofConversation(step: Step, id: ConversationId): Promise<WaitingBody[]> {
    return this.#load(step, (waiter) => waiter.conversationId === id)
  }

  /** Those to ask for now; each call moves their next time further away. */
  async due(step: Step, isForced: boolean): Promise<WaitingBody[]> {
    const chosen = [...this.#waiters.values()].filter((waiter) => isForced || waiter.nextAt <= this.#now).slice(0, 64)
    for (const waiter of chosen) {
      waiter.nextAt = this.#now + (ASK_AGAIN_MS[Math.min(waiter.tries, ASK_AGAIN_MS.length - 1)] ?? 0)
      waiter.tries++
    }
    return this.#load(step, (waiter) => chosen.includes(waiter))
  }

  /** They could not be asked for after all. */
  putBack(bodies: readonly WaitingBody[]): void {
    for (const waiter of this.#waitersOf(bodies)) {
      waiter.nextAt = this.#now + FIRST_ASK_MS
      waiter.tries = Math.max(0, waiter.tries - 1)
    }
  }

  /** Their keys are here and do not open them: they were damaged on the way, and the home may hold them whole. */
  hasten(step: Step, bodies: readonly WaitingBody[]): void {
    const damaged = this.#waitersOf(bodies).filter(({ tries }) => tries < HASTY_TRIES)
    for (const waiter of damaged) waiter.nextAt = Math.min(waiter.nextAt, this.#now + FIRST_ASK_MS)
    if (damaged.length > 0) step.afterwards(() => this.onAdded(FIRST_ASK_MS))
  }

  #waitersOf(bodies: readonly WaitingBody[]): Waiter[] {
    const held = bodies.map((body) => this.#waiters.get(rowKey(body.conversationId, body.messageId)))
    return held.filter((waiter) => waiter !== undefined)
  }

  /** How long until the next is due; null when nothing waits. */
  nextDelayMs(): number | null {
    if (this.isEmpty) return null
    const nextAt = Math.min(...[...this.#waiters.values()].map((waiter) => waiter.nextAt))
    return Math.max(250, nextAt - this.#now)
  }

  isHopeless(waiting: WaitingBody): boolean {
    return this.#now - waiting.receivedAt > GIVE_UP_MS
  }

  async #load(step: Step, wanted: (waiter: Waiter) => boolean): Promise<WaitingBody[]> {
    const found: WaitingBody[] = []
    for (const [place, waiter] of this.#waiters) {
      const row = wanted(waiter) ? await step.get<WaitingBody>('keys', place) : null
      if (row) found.push(row)
    }
    return found.sort((left, right) => left.seq - right.seq)
  }

  get #now(): number {
    return this.context.platform.clock.now()
  }
}

function waiterOf({ conversationId, messageId, body }: WaitingBody, nextAt: number): Waiter {
  const header = parseBodyHeader(body)
  const chainId = header.mode === 2 ? idFromBytes<ChainId>(header.chainId) : null
  return { conversationId, messageId, chainId, tries: 0, nextAt }
}

function rowKey(id: ConversationId, messageId: MessageId): string {
  return `w/${id}/${messageId}`
}
