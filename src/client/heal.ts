import { concat } from '../crypto/bytes.ts'
import { leafHash } from '../crypto/tree.ts'
import { type AccountId, type ConversationId, type MessageId, toBase64Url } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import type { ServerFrame } from '../protocol/socket.ts'
import { ClientFailure } from './api.ts'
import type { ArchiveQueue } from './archive-queue.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import type { ConversationRecord } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import { type KeptBody, keptBodies } from './kept-bodies.ts'
import type { AccountParts } from './parts.ts'
import type { Steps } from './steps.ts'
import type { VoucherShelf } from './voucher-shelf.ts'

type Welcome = Extract<ServerFrame, { type: 'welcome' }>
const PAGE = 200
const BACKWARD = 1
const ENTRIES_A_LOT = 512
const BODIES_A_LOT = 100
const LOG_ENTRIES_A_LOT = 500
const LOG_BYTES_A_LOT = 400_000
/** Bodies travel as base64url inside JSON. */
const BYTES_A_LOT = Math.floor(limits.maxJsonBytes * 0.6)

/** Gives a home that was restored from a backup what the backup lacks (PROTOCOL 4.14). */
export class Healing {
  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly steps: Steps,
    private readonly connection: SocketConnection,
    private readonly conversations: Conversations,
    private readonly archive: ArchiveQueue,
    private readonly vouchers: VoucherShelf,
  ) {}

  /** Needs no session: this very device may be missing from the backup. Answers whether the home could be told. */
  async offerLog(): Promise<boolean> {
    const { http, keyLog } = this.parts
    const signed = keyLog.signedHead()
    if (signed === null) return false
    const { size } = keyLog.head()
    const treeHead = toBase64Url(signed)
    let from = (await http.healLog({ from: 0, entries: [], treeHead })).size
    while (from < size) {
      const missing = (await keyLog.entriesFrom(from)).slice(0, size - from)
      const count = Math.min(LOG_ENTRIES_A_LOT, countFitting(missing.map(toBase64Url), LOG_BYTES_A_LOT))
      const entries = missing.slice(0, count).map(toBase64Url)
      const rest = toBase64Url(concat(...missing.slice(count).map(leafHash)))
      const reached = (await http.healLog({ from, entries, treeHead, rest })).size
      if (reached <= from) break
      from = reached
    }
    return true
  }

  async run(welcome: Welcome): Promise<void> {
    await this.offerLog().catch(ignoreClosed)
    await this.parts.prekeys.replaceAll()
    await this.parts.healAccount().catch(ignoreClosed)
    await this.#healConversations(welcome)
    const broughtBack = await this.#healBodies()
    await this.vouchers.archiveAgain()
    await this.#forgetSequence(welcome.restoredFrom)
    await this.parts.home.rememberIncarnation(welcome.incarnation, { from: welcome.restoredFrom, broughtBack })
  }

  async #healConversations({ conversations }: Welcome): Promise<void> {
    const counts = new Map(conversations.map(({ conversationId, entryCount }) => [conversationId, entryCount]))
    for (const record of this.conversations.all().filter((held) => held.isMember)) {
      if (record.kind === 'direct') {
        if (!counts.has(record.conversationId)) await this.parts.http.openDirect(record.peerId as AccountId)
      } else await this.#healEntries(record, counts.get(record.conversationId) ?? 0).catch(ignoreClosed)
    }
  }

  async #healEntries({ conversationId, heads }: ConversationRecord, known: number): Promise<void> {
    for (let from = known; from < heads.length; from += ENTRIES_A_LOT) {
      const entries = (await this.conversations.entriesFrom(conversationId, from)).slice(0, ENTRIES_A_LOT)
      await this.parts.http.healConversation({ conversationId, from, entries: entries.map(toBase64Url) })
    }
  }

  async #healBodies(): Promise<number> {
    let broughtBack = 0
    for await (const lot of keptBodies(this.context.store)) {
      const members = lot.filter((kept) => this.conversations.find(kept.id)?.isMember)
      for (const [id, bodies] of byConversation(members)) broughtBack += await this.#healLot(id, bodies)
      await this.steps.run(async (step) => {
        for (const kept of members) if (kept.archive) this.archive.putAgain(step, kept.messageId, kept.archive)
      })
      this.context.emit({ type: 'progress', task: 'heal', done: broughtBack, total: broughtBack })
    }
    return broughtBack
  }

  async #healLot(conversationId: ConversationId, kept: readonly KeptBody[]): Promise<number> {
    const ids = kept.map((body) => body.messageId)
    const { missing } = await this.parts.http.healMissing(conversationId, ids)
    const wanted = new Set<MessageId>(missing)
    // Once each, however often it was kept.
    const bodies = kept.filter((body) => wanted.delete(body.messageId)).map((body) => toBase64Url(body.body))
    for (let at = 0; at < bodies.length; ) {
      const lot = bodies.slice(at, at + countFitting(bodies.slice(at, at + BODIES_A_LOT), BYTES_A_LOT))
      await this.parts.http.healBodies({ conversationId, bodies: lot })
      at += lot.length
    }
    return bodies.length
  }

  /** What the home numbered since the backup was numbered anew: ask again from where both agree, and sort behind it. */
  async #forgetSequence(restoredFrom: number): Promise<void> {
    for (const { conversationId, kind, isMember } of this.conversations.all()) {
      if (!isMember && kind === 'group') continue
      const base = await this.#agreedSeq(conversationId, restoredFrom)
      await this.conversations.change(conversationId, (record) => {
        if (record.oldestSeq === 0) return { ...record, ahead: [] }
        const lastSeq = Math.min(record.lastSeq, base)
        const oldestSeq = Math.min(record.oldestSeq, lastSeq + 1)
        return { ...record, generation: record.generation + 1, lastSeq, oldestSeq, ahead: [] }
      })
    }
  }

  async #agreedSeq(conversationId: ConversationId, restoredFrom: number): Promise<number> {
    let from = Number.MAX_SAFE_INTEGER
    for (;;) {
      const request = {
        type: 'fetchPage' as const,
        conversationId,
        from,
        direction: BACKWARD,
        count: PAGE,
        withArchive: false,
      }
      const { items, hasMore } = await this.connection.request(request, 'page')
      const agreed = items.find((item) => item.receivedAt < restoredFrom)
      if (agreed) return agreed.seq
      const lowest = items.at(-1)
      if (!lowest || !hasMore) return lowest ? lowest.seq - 1 : 0
      from = lowest.seq
    }
  }
}

function byConversation(kept: readonly KeptBody[]): Map<ConversationId, KeptBody[]> {
  const grouped = new Map<ConversationId, KeptBody[]>()
  for (const body of kept) grouped.set(body.id, [...(grouped.get(body.id) ?? []), body])
  return grouped
}

function countFitting(texts: readonly string[], maxBytes: number): number {
  let bytes = 0
  const over = texts.findIndex((text) => {
    bytes += text.length + 4
    return bytes > maxBytes
  })
  return over === -1 ? texts.length : Math.max(1, over)
}

/** The host has said that nobody's device is newer: what this device still had of its own is not taken any more. */
function ignoreClosed(error: unknown): void {
  const isClosed = error instanceof ClientFailure && ['not_allowed', 'conversation_moved'].includes(error.code)
  if (!isClosed) throw error
}
