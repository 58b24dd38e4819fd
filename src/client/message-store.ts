import { concat } from '../crypto/bytes.ts'
import { type AccountId, type ConversationId, idFromBytes, idToBytes, type MessageId } from '../protocol/ids.ts'
import type { MessageView, Notice } from './api.ts'
import type { ClientContext } from './context.ts'
import { findIdBlock, type IdBlock, idBlock, neighbours } from './id-blocks.ts'
import type { Step } from './steps.ts'

const BLOCK_SIZE = 100
const MAX_TAIL = 2 * BLOCK_SIZE
const MAX_BLOCK = 2 * BLOCK_SIZE

/** Of a disappearing message: how long it lasts, and when it goes; at null: it was not seen yet. */
export type Expiry = { seconds: number; at: number | null }

/** One line of a thread as it rests on this device. */
export type StoredMessage = {
  messageId: MessageId
  key: string
  senderId: AccountId
  kind: MessageView['kind']
  text: string
  notice: Notice | null
  sentAt: number
  reason: string | null
  expiry?: Expiry
}

type Change = Partial<StoredMessage> & Pick<StoredMessage, 'messageId'>
type Block = { firstKey: string; items: StoredMessage[] }
/** What is kept opened of one conversation: its single records, and on demand the ids of its blocks. */
type Shelf = { tail: StoredMessage[]; sealedTo: string; blocks: IdBlock[] | null }

/**
 * Messages at rest (table messages): sealed blocks of about a hundred, b/<conversation>/<key of the first>, their ids
 * beside them (i/…), and behind the newest block a tail of single records, t/<conversation>/<key>.
 * Everything runs inside a step, so that reading and writing never see each other half done.
 */
export class MessageStore {
  readonly #shelves = new Map<ConversationId, Shelf>()

  constructor(private readonly context: ClientContext) {}

  /** Adds new messages anywhere. A message id is stored once: those that are there are left as they are. */
  async add(step: Step, id: ConversationId, messages: readonly StoredMessage[]): Promise<void> {
    const fresh: StoredMessage[] = []
    for (const message of messages) {
      if ((await this.#place(step, id, message.messageId)) === null) fresh.push(message)
    }
    await this.#addFresh(step, id, fresh)
  }

  /** Adds a message, or changes the one of this id that is there, at its place: then it answers true. */
  async put(step: Step, id: ConversationId, message: StoredMessage): Promise<boolean> {
    const place = await this.#place(step, id, message.messageId)
    if (place === null) await this.#addFresh(step, id, [message])
    else await this.#changeAt(step, id, place, message)
    return place !== null
  }

  async #addFresh(step: Step, id: ConversationId, fresh: readonly StoredMessage[]): Promise<void> {
    const shelf = await this.#shelf(step, id)
    const inTail = fresh.filter((message) => message.key > shelf.sealedTo)
    for (const message of inTail) {
      const place = `t/${id}/${message.key}`
      if (shelf.tail.some(({ key }) => key === message.key)) step.put('messages', place, message)
      else step.create('messages', place, message)
      insert(shelf.tail, message)
    }
    await this.#addToBlocks(step, id, fresh.filter((message) => message.key <= shelf.sealedTo).sort(byKey))
    while (shelf.tail.length >= MAX_TAIL) await this.#sealOldest(step, id, shelf)
  }

  /** Changes one message; its key stays. false when there is none of that id. */
  async change(step: Step, id: ConversationId, messageId: MessageId, change: Partial<StoredMessage>): Promise<boolean> {
    const place = await this.#place(step, id, messageId)
    if (place !== null) await this.#changeAt(step, id, place, { ...change, messageId })
    return place !== null
  }

  async #changeAt(step: Step, id: ConversationId, place: string, change: Change): Promise<void> {
    if (place === 'tail') {
      const { tail } = await this.#shelf(step, id)
      const at = tail.findIndex((message) => message.messageId === change.messageId)
      const changed = { ...tail[at]!, ...change }
      tail[at] = changed
      step.put('messages', `t/${id}/${changed.key}`, changed)
    } else {
      const items = (await step.get<StoredMessage[]>('messages', place)) ?? []
      const changed = items.map((item) => (item.messageId === change.messageId ? { ...item, ...change } : item))
      this.#putBlock(step, place, changed)
    }
  }

  /** Takes a message out for good. Its block stays, if need be empty. */
  async remove(step: Step, id: ConversationId, messageId: MessageId): Promise<void> {
    const place = await this.#place(step, id, messageId)
    if (place === null) return
    const shelf = await this.#shelf(step, id)
    if (place === 'tail') {
      const at = shelf.tail.findIndex((message) => message.messageId === messageId)
      const [gone] = shelf.tail.splice(at, 1)
      step.put('messages', `t/${id}/${gone!.key}`, null)
      return
    }
    const items = (await step.get<StoredMessage[]>('messages', place)) ?? []
    const kept = items.filter((item) => item.messageId !== messageId)
    const ids = concat(...kept.map((message) => idToBytes(message.messageId)))
    this.#putBlock(step, place, kept)
    step.put('messages', `i${place.slice(1)}`, ids)
    const others = (await this.#idBlocks(step, id)).filter((block) => block.blockKey !== place)
    shelf.blocks = [...others, idBlock(place, ids)]
  }

  async has(step: Step, id: ConversationId, messageId: MessageId): Promise<boolean> {
    return (await this.#place(step, id, messageId)) !== null
  }

  async find(step: Step, id: ConversationId, messageId: MessageId): Promise<StoredMessage | null> {
    const place = await this.#place(step, id, messageId)
    if (place === null) return null
    const items =
      place === 'tail' ? (await this.#shelf(step, id)).tail : await step.get<StoredMessage[]>('messages', place)
    return items?.find((message) => message.messageId === messageId) ?? null
  }

  /** At most `limit` messages with key < before, the newest of them, in order. before null: from the end. */
  async before(step: Step, id: ConversationId, before: string | null, limit: number): Promise<StoredMessage[]> {
    const shelf = await this.#shelf(step, id)
    const isBefore = (message: StoredMessage) => before === null || message.key < before
    let found = shelf.tail.filter(isBefore).slice(-limit)
    let bound = before !== null && before < shelf.sealedTo ? before : `${shelf.sealedTo}~`
    while (found.length < limit && shelf.sealedTo !== '') {
      const block = await this.#blockBelow(id, bound)
      if (block === null) break
      found = [...block.items.filter(isBefore), ...found].slice(-limit)
      bound = block.firstKey
    }
    return found
  }

  /** At most `limit` messages with key > after, the oldest of them, in order. */
  async after(step: Step, id: ConversationId, after: string, limit: number): Promise<StoredMessage[]> {
    const shelf = await this.#shelf(step, id)
    const found: StoredMessage[] = []
    if (after < shelf.sealedTo) {
      const containing = after === '' ? null : await this.#blockBelow(id, `${after}~`)
      if (containing) found.push(...containing.items.filter((message) => message.key > after))
      let next = await this.#blockAbove(id, containing?.firstKey ?? '')
      while (next !== null && found.length < limit) {
        found.push(...next.items)
        next = found.length < limit ? await this.#blockAbove(id, next.firstKey) : null
      }
    }
    found.push(...shelf.tail.filter((message) => message.key > after))
    return found.slice(0, limit)
  }

  /** The newest records, which are kept opened: what a mark changes is looked for here. */
  async tail(step: Step, id: ConversationId): Promise<readonly StoredMessage[]> {
    return (await this.#shelf(step, id)).tail
  }

  async #addToBlocks(step: Step, id: ConversationId, messages: readonly StoredMessage[]): Promise<void> {
    let rest = [...messages]
    while (rest.length > 0) {
      const first = rest[0]!
      const { below, above } = await this.#around(step, id, first.key)
      const inside = rest.filter((message) => above === null || message.key < above)
      if (below === null) await this.#writeBlock(step, id, inside.slice(0, BLOCK_SIZE))
      else {
        const merged = [...below.items, ...inside].sort(byKey)
        // Under its own name, though the line it was named after may be gone.
        await this.#writeBlock(step, id, merged.slice(0, MAX_BLOCK), below.firstKey)
        for (let at = MAX_BLOCK; at < merged.length; at += MAX_BLOCK) {
          await this.#writeBlock(step, id, merged.slice(at, at + MAX_BLOCK))
        }
      }
      rest = rest.slice(below === null ? Math.min(BLOCK_SIZE, inside.length) : inside.length)
    }
  }

  /** The block a key belongs to, or none if all lie above, and where the next one begins. */
  async #around(step: Step, id: ConversationId, key: string): Promise<{ below: Block | null; above: string | null }> {
    const prefix = `b/${id}/`
    const { below, above } = neighbours(await this.#idBlocks(step, id), prefix, key)
    if (below === null) return { below, above }
    const items = await step.get<StoredMessage[]>('messages', prefix + below)
    return { below: { firstKey: below, items: items ?? [] }, above }
  }

  async #sealOldest(step: Step, id: ConversationId, shelf: Shelf): Promise<void> {
    const items = shelf.tail.splice(0, BLOCK_SIZE)
    for (const message of items) step.put('messages', `t/${id}/${message.key}`, null)
    shelf.sealedTo = items.at(-1)!.key
    await this.#writeBlock(step, id, items)
  }

  async #writeBlock(
    step: Step,
    id: ConversationId,
    items: readonly StoredMessage[],
    firstKey = items[0]!.key,
  ): Promise<void> {
    const blockKey = `b/${id}/${firstKey}`
    const ids = concat(...items.map((message) => idToBytes(message.messageId)))
    this.#putBlock(step, blockKey, items)
    step.put('messages', `i/${id}/${firstKey}`, ids)
    const others = (await this.#idBlocks(step, id)).filter((block) => block.blockKey !== blockKey)
    ;(await this.#shelf(step, id)).blocks = [...others, idBlock(blockKey, ids)]
  }

  #putBlock(step: Step, blockKey: string, items: readonly StoredMessage[]): void {
    step.put('messages', blockKey, items)
    this.#fresh.set(blockKey, [...items])
    step.afterwards(() => this.#fresh.delete(blockKey))
  }

  /** Blocks as this step leaves them: the storage does not list them yet. */
  readonly #fresh = new Map<string, StoredMessage[]>()

  async #blockBelow(id: ConversationId, before: string): Promise<Block | null> {
    const prefix = `b/${id}/`
    const range = { from: prefix, before: prefix + before, descending: true, limit: 1 }
    const [row] = await this.context.store.list<StoredMessage[]>('messages', range)
    const freshKey = [...this.#fresh.keys()]
      .filter((key) => key.startsWith(prefix) && key < prefix + before)
      .sort()
      .at(-1)
    if (freshKey !== undefined && (!row || freshKey >= row.key)) {
      return { firstKey: freshKey.slice(prefix.length), items: this.#fresh.get(freshKey)! }
    }
    return row ? { firstKey: row.key.slice(prefix.length), items: row.value } : null
  }

  async #blockAbove(id: ConversationId, key: string): Promise<Block | null> {
    const prefix = `b/${id}/`
    const range = { from: `${prefix}${key}\u0001`, before: `${prefix}~`, limit: 1 }
    const [row] = await this.context.store.list<StoredMessage[]>('messages', range)
    const [freshKey] = [...this.#fresh.keys()]
      .filter((fresh) => fresh.startsWith(prefix) && fresh > prefix + key)
      .sort()
    if (freshKey !== undefined && (!row || freshKey <= row.key)) {
      return { firstKey: freshKey.slice(prefix.length), items: this.#fresh.get(freshKey)! }
    }
    return row ? { firstKey: row.key.slice(prefix.length), items: row.value } : null
  }

  /** Where a message rests: 'tail', the key of its block, or null. */
  async #place(step: Step, id: ConversationId, messageId: MessageId): Promise<string | null> {
    const shelf = await this.#shelf(step, id)
    if (shelf.tail.some((message) => message.messageId === messageId)) return 'tail'
    if (shelf.sealedTo === '') return null
    return findIdBlock(await this.#idBlocks(step, id), idToBytes(messageId))?.blockKey ?? null
  }

  async #idBlocks(step: Step, id: ConversationId): Promise<IdBlock[]> {
    const shelf = await this.#shelf(step, id)
    if (shelf.blocks === null) {
      const rows = await this.context.store.list<Uint8Array>('messages', { from: `i/${id}/`, before: `i/${id}/~` })
      shelf.blocks = rows.map((row) => idBlock(`b${row.key.slice(1)}`, row.value))
    }
    return shelf.blocks
  }

  async #shelf(step: Step, id: ConversationId): Promise<Shelf> {
    // Whatever a failed step did to the opened records is forgotten with it.
    step.otherwise(() => {
      this.#shelves.delete(id)
      this.#fresh.clear()
    })
    const known = this.#shelves.get(id)
    if (known) return known
    const rows = await this.context.store.list<StoredMessage>('messages', { from: `t/${id}/`, before: `t/${id}/~` })
    const newest = { from: `b/${id}/`, before: `b/${id}/~`, descending: true, limit: 1 }
    const [block] = await this.context.store.list<StoredMessage[]>('messages', newest)
    const sealedTo = block ? (block.value.at(-1)?.key ?? block.key.slice(`b/${id}/`.length)) : ''
    const shelf: Shelf = { tail: rows.map((row) => row.value), sealedTo, blocks: null }
    this.#shelves.set(id, shelf)
    return shelf
  }
}

/** The id under which a line without a message of its own (a notice) rests. */
export function noticeId(hash: Uint8Array): MessageId {
  return idFromBytes<MessageId>(hash.slice(0, 16))
}

function byKey(left: StoredMessage, right: StoredMessage): number {
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0
}

function insert(tail: StoredMessage[], message: StoredMessage): void {
  let at = tail.length
  while (at > 0 && tail[at - 1]!.key > message.key) at--
  tail.splice(at, 0, message)
}
