import { openArchiveRow } from '../crypto/archive.ts'
import { sealAttachment } from '../crypto/attachment.ts'
import { SALT_BYTES } from '../crypto/cobblestone.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import { encodeHistoryBundle, type HistoryBundle } from '../crypto/history-bundle.ts'
import { encodeHistoryBundlePointer } from '../crypto/packets.ts'
import { type AccountId, type AttachmentId, type ChainId, type ConversationId, idFromBytes } from '../protocol/ids.ts'
import type { ArchiveQueue } from './archive-queue.ts'
import type { Arrival } from './arrivals.ts'
import { readHeader } from './body-opener.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, convIdOf } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { EnvelopeQueue } from './envelope-queue.ts'
import { HistoryLots } from './history-lots.ts'
import type { AccountParts } from './parts.ts'
import { reportAs } from './quiet.ts'
import type { ChainVoucher, VoucherShelf } from './voucher-shelf.ts'

const PAGE = 200
const FORWARD = 0
/** An addition that did not happen within this was given up. */
const ADDED_WITHIN_MS = 3_600_000
const RETRY_MS = 15_000

/** Table keys, hs/<conversation>/<account>: history that this device owes somebody it added. */
type Debt = { id: ConversationId; accountId: AccountId; at: number }
/** null: nobody has it, here or at the home. */
type Vouchers = Map<ChainId, ChainVoucher | null>
type Sealed = Arrival & { chainId: ChainId; msgId: Uint8Array }

/** Gives newcomers the keys of what was said before them, where a conversation's policy is `share` (PROTOCOL 4.6). */
export class HistorySharing {
  #isRunning = false

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly connection: SocketConnection,
    private readonly conversations: Conversations,
    private readonly vouchers: VoucherShelf,
    private readonly archive: ArchiveQueue,
    private readonly envelopes: EnvelopeQueue,
  ) {}

  /** On disk before the entry that adds them is written, so that a crash between the two takes nothing from the newcomer. */
  async owe(id: ConversationId, accountId: AccountId): Promise<void> {
    const value: Debt = { id, accountId, at: this.#now }
    await this.context.store.commit([{ table: 'keys', key: debtKey(value), value }])
  }

  pump(): void {
    if (this.#isRunning || !this.connection.isOnline) return
    this.#isRunning = true
    this.#run()
      .catch((error: unknown) => {
        reportAs('history was not shared yet')(error)
        this.context.platform.clock.schedule(RETRY_MS, () => this.pump())
      })
      .finally(() => {
        this.#isRunning = false
      })
  }

  async #run(): Promise<void> {
    const rows = await this.context.store.list<Debt>('keys', { from: 'hs/', before: 'hs0' })
    for (const { value } of rows) {
      const record = this.conversations.find(value.id)
      const joined = record?.tenures.find(({ accountId, to }) => accountId === value.accountId && to === null)
      const mayShare = record?.isMember && record.group?.historyPolicy === 'share'
      if (!joined && mayShare && this.#now - value.at < ADDED_WITHIN_MS) continue
      if (joined && mayShare) await this.#share(record, value.accountId, joined.from)
      await this.context.store.commit([{ table: 'keys', key: debtKey(value), value: null }])
    }
  }

  async #share(record: ConversationRecord, accountId: AccountId, joined: number): Promise<void> {
    // Rows of the newest messages may still be on their way to where they are read from.
    await this.archive.flush()
    const vouchers: Vouchers = await this.vouchers.held(record.conversationId)
    const lots = new HistoryLots()
    for await (const page of this.#pagesBefore(record, joined)) {
      await this.#fetchLacking(record, page, vouchers)
      for (const item of page) {
        const voucher = vouchers.get(item.chainId)
        const key = voucher ? await this.#keyOf(item) : null
        const full = voucher && key ? lots.add({ msgId: item.msgId, ...key }, voucher) : null
        if (full) await this.#send(record, accountId, full)
      }
    }
    const rest = lots.take()
    if (rest) await this.#send(record, accountId, rest)
  }

  /** What the home holds of the time before entry `joined`, oldest first, but for what disappears. */
  async *#pagesBefore({ conversationId }: ConversationRecord, joined: number): AsyncGenerator<Sealed[]> {
    for (let from = 0; ; ) {
      const request = { type: 'fetchPage' as const, conversationId, from, direction: FORWARD, count: PAGE }
      const { items, hasMore } = await this.connection.request({ ...request, withArchive: true }, 'page')
      const read = items.flatMap((item) => {
        const header = readHeader(conversationId, item.body)
        return header?.mode === 2 ? [{ item, header }] : []
      })
      const end = read.findIndex(({ header }) => header.epoch >= joined)
      const before = end === -1 ? read : read.slice(0, end)
      yield before
        .filter(({ header }) => !header.isEphemeral)
        .map(({ item, header }) => ({ ...item, chainId: idFromBytes(header.chainId), msgId: header.msgId }))
      if (end !== -1 || !hasMore || items.length === 0) return
      from = items.at(-1)!.seq
    }
  }

  /** Chains from before this device came, or that it never met: its person's other devices may have archived them. */
  async #fetchLacking(record: ConversationRecord, page: readonly Sealed[], vouchers: Vouchers): Promise<void> {
    const lacking = [...new Set(page.map(({ chainId }) => chainId))].filter((chainId) => !vouchers.has(chainId))
    if (lacking.length === 0) return
    const fetched = await this.vouchers.fetch(record, lacking)
    for (const chainId of lacking) vouchers.set(chainId, fetched.get(chainId) ?? null)
  }

  async #keyOf({ msgId, archive }: Sealed) {
    const key = archive && this.parts.archiveKeys.get(archive.epoch)
    if (!archive || !key) return null
    const place = { userId: this.parts.identity.userId, msgId }
    try {
      return await openArchiveRow({ epoch: archive.epoch, key }, place, archive.row)
    } catch (error) {
      if (error instanceof DecryptionFailed) return null
      throw error
    }
  }

  async #send(record: ConversationRecord, accountId: AccountId, bundle: HistoryBundle): Promise<void> {
    const { random } = this.context.platform
    const content = encodeHistoryBundle(bundle)
    const place = { convId: convIdOf(record), attachmentId: random(16) }
    const fileKey = random(32)
    const file = await sealAttachment(place, { fileKey, salt: random(SALT_BYTES) }, content)
    const fileId = idFromBytes<AttachmentId>(place.attachmentId)
    await this.parts.http.putFile(fileId, record.conversationId, file)
    const packet = encodeHistoryBundlePointer({ ...place, fileKey, size: content.length })
    await this.envelopes.send(this.parts.keyLog.activeDevices(accountId), packet)
  }

  get #now(): number {
    return this.context.platform.clock.now()
  }
}

function debtKey({ id, accountId }: Debt): string {
  return `hs/${id}/${accountId}`
}
