import { expect } from 'bun:test'
import type { MessageView } from '../../src/client/api.ts'
import type { AccountId, ConversationId, DeviceId, MessageId } from '../../src/protocol/ids.ts'
import type { ClientFrame, ServerFrame } from '../../src/protocol/socket.ts'
import { Between } from '../hostile/between.ts'
import type { Member } from '../support/member.ts'
import { conversation } from '../support/talk.ts'
import type { Ledger } from './ledger.ts'

/** What happens on a line to the next sealed frames. */
export type Trouble = 'lose' | 'double' | 'reorder' | 'tamper'
type Said = { id: ConversationId; messageId: MessageId; text: string }
type Sealed = Extract<ServerFrame, { type: 'message' | 'envelopes' }>

/** Somebody of the family with all their devices. The last device is never removed. */
export class Person {
  readonly devices: Walker[] = []
  accountId = '' as AccountId

  constructor(
    readonly name: string,
    /** Knows passphrase and recovery code; may be gone as a device. */
    readonly owner: Member,
  ) {}

  get signInName(): string {
    return this.owner.name.toLowerCase()
  }
}

/** One device on a walk: the wire before it, and all it ever showed. */
export class Walker {
  readonly at: Between
  /** The newest state of every line. */
  readonly lines = new Map<ConversationId, Map<MessageId, MessageView>>()
  /** Every text that was ever shown here, as whoever's. */
  readonly everShown = new Set<string>()
  isAway = false
  /** Became a device in this walk: what was said before lies in its past, where somebody has to look. */
  isNew = false
  #carry = (frame: ServerFrame): ServerFrame[] => [frame]
  /** What it asked its home and was not answered yet. */
  #asked = new Set<unknown>()
  #calls = new Set<unknown>()
  #hasLost = false
  #held: ServerFrame[] = []

  /** The member's page must not have opened its line yet. */
  constructor(
    readonly member: Member,
    readonly person: Person,
    private readonly ledger: Ledger,
  ) {
    this.at = new Between(member)
    this.at.toHome = (frame) => {
      this.ledger.note(frame)
      this.#noteAsked(frame)
      return [frame]
    }
    this.at.toDevice = (frame) => {
      this.#noteAnswered(frame)
      return this.#carry(frame)
    }
    this.#listen()
  }

  get name(): string {
    return this.member.name
  }
  get deviceId(): DeviceId {
    return this.member.view.me!.me.deviceId
  }
  get isInside(): boolean {
    return this.member.view.phase?.phase.name === 'inside'
  }
  get isOnline(): boolean {
    return this.member.view.connection?.connection.state === 'online'
  }

  async restart(options?: { isCrash: boolean }): Promise<void> {
    await this.reopen(options)
    await this.comeBack()
  }
  /** Its page comes back, as a device or not. */
  async reopen(options?: { isCrash: boolean }): Promise<void> {
    await this.member.restart(options)
    this.at.attach()
    this.#listen()
    this.isAway = false
    await this.member.until('a phase', ({ view }) => view.phase?.phase.name !== 'starting')
  }
  /** It was removed elsewhere, and says so. */
  async seeItsEnd(): Promise<void> {
    this.member.platform.isOffline = false
    this.member.client.reconnect()
    const phase = await this.member.until('its end', ({ view: { phase: now } }) =>
      now?.phase.name === 'removed' ? now.phase : null,
    )
    expect(phase).toEqual({ name: 'removed', reason: 'device_removed' })
  }

  goAway(): void {
    this.isAway = true
    this.member.platform.goOffline()
  }

  /** Resolves when it is online. */
  async comeBack(): Promise<void> {
    this.isAway = false
    this.member.platform.isOffline = false
    if (!this.isOnline) this.member.client.reconnect()
    await this.member.until('being online', () => this.isOnline)
  }

  /** What was lost on the way comes with a new line. */
  async renewLine(): Promise<void> {
    this.at.cut()
    await this.member.until('the end of its line', () => !this.isOnline)
    await this.comeBack()
  }

  /** Changes the next `count` sealed frames on their way to this device; `bit` chooses what is tampered with. */
  trouble(how: Trouble, count: number, bit: number): void {
    let left = count
    this.#carry = (frame) => {
      const isSealed = frame.type === 'message' || frame.type === 'envelopes'
      if (!isSealed || left-- <= 0) return [frame]
      if (how === 'double') return [frame, frame]
      if (how === 'tamper') return [tampered(frame, bit + left)]
      if (how === 'reorder') this.#held.unshift(frame)
      else this.#hasLost = true
      return []
    }
  }

  /** The line is good again. Frames that were held back come now, the last first. */
  async mend(): Promise<void> {
    this.#carry = (frame) => [frame]
    const held = this.#held
    this.#held = []
    // On another line they would not come any more: the home brings them again by itself.
    if (this.isOnline) for (const frame of held) this.at.inject(frame)
    if (this.#hasLost && this.isOnline) await this.renewLine()
    this.#hasLost = false
  }

  /** It waits for no answer of its home. */
  get isAnswered(): boolean {
    return this.#asked.size + this.#calls.size === 0
  }
  /** Grows with everything that comes to this device, leaves it, is stored or shown. */
  get traffic(): number {
    const { fromHome, fromDevice, requests } = this.at
    const { events, storage } = this.member
    return fromHome.length + fromDevice.length + requests.length + events.length + storage.callCount
  }

  knows(id: ConversationId): boolean {
    return conversation(this.member, id)?.isMember === true
  }
  /** Somebody scrolls up. */
  async lookBack(id: ConversationId, lines: number): Promise<void> {
    const { items } = await this.member.client.loadOlder(id, '~', lines)
    this.#note(id, items)
  }
  /** Shows these words as a line that will stay. */
  shows(words: Said): boolean {
    const line = this.#lineOf(words)
    return line?.text === words.text && line.state !== 'sending' && line.state !== 'failed'
  }
  /** How far they came, if they are its own. */
  stateOf(words: Said): MessageView['state'] {
    return this.#lineOf(words)?.state ?? null
  }
  #lineOf({ id, messageId }: Said): MessageView | null {
    return this.lines.get(id)?.get(messageId) ?? null
  }

  /** For whoever reads why a walk failed. */
  describe(words: Said): string {
    const line = this.#lineOf(words)
    const state = line ? `${line.kind} ${line.state} ${line.reason}` : 'no line'
    const types = (frames: readonly { type: string; code?: string }[]) =>
      frames.slice(-20).map(({ type, code }) => code ?? type)
    const { fromHome, fromDevice, requests } = this.at
    const asked = requests.slice(-8).map(({ method, path }) => `${method} ${path}`)
    const traffic = { got: types(fromHome), sent: types(fromDevice), asked }
    const { connection } = this.member.view.connection!
    return `(${connection.state}) shows ${state} of "${words.text}" after ${JSON.stringify(traffic)}`
  }

  /** Forgets what it does not need for the next walk. */
  rest(): void {
    this.member.events.length = 0
    this.isNew = false
    this.everShown.clear()
    this.lines.clear()
    for (const list of [this.at.fromHome, this.at.fromDevice, this.at.requests]) list.length = 0
  }

  #noteAsked(frame: ClientFrame): void {
    if ('requestId' in frame) this.#asked.add(frame.requestId)
    else if (frame.type === 'ping') this.#asked.add('ping')
  }
  #noteAnswered(frame: ServerFrame): void {
    if (frame.type === 'welcome') this.#asked = new Set()
    else if (frame.type === 'pong') this.#asked.delete('ping')
    else if ('requestId' in frame) this.#asked.delete(frame.requestId)
  }
  #countRequests(): void {
    const asked = new Set<unknown>()
    this.#calls = asked
    this.#asked = new Set()
    const { platform } = this.member
    const request = platform.request.bind(platform)
    platform.request = (path, init) => {
      const answer = request(path, init)
      asked.add(answer)
      const settle = () => void asked.delete(answer)
      answer.then(settle, settle)
      return answer
    }
  }

  #listen(): void {
    this.#countRequests()
    this.member.client.subscribe((event) => {
      if (event.type !== 'messages') return
      this.#note(event.conversationId, event.items)
      for (const messageId of event.removedIds) this.lines.get(event.conversationId)?.delete(messageId)
    })
  }

  #note(id: ConversationId, items: readonly MessageView[]): void {
    const lines = this.lines.get(id) ?? new Map<MessageId, MessageView>()
    this.lines.set(id, lines)
    for (const item of items) {
      lines.set(item.messageId, item)
      if (item.text !== '') this.everShown.add(item.text)
    }
  }
}

/** The same with one bit turned in what is sealed: in the body, or in each envelope's frame. */
function tampered(frame: Sealed, bit: number): Sealed {
  if (frame.type === 'message') return { ...frame, body: turned(frame.body, bit) }
  return { ...frame, items: frame.items.map((item) => ({ ...item, frame: turned(item.frame, bit) })) }
}

function turned(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice()
  const at = bit % (bytes.length * 8)
  changed[at >> 3]! ^= 1 << (at & 7)
  return changed
}
