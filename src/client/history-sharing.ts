import { openArchiveRow } from '../crypto/archive.ts'
import { sealAttachment } from '../crypto/attachment.ts'
import { SALT_BYTES } from '../crypto/cobblestone.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import { type BundleMessage, encodeHistoryBundle } from '../crypto/history-bundle.ts'
import { encodeHistoryBundlePointer } from '../crypto/packets.ts'
import { type AccountId, type AttachmentId, type ChainId, type ConversationId, idFromBytes } from '../protocol/ids.ts'
import type { ArchiveQueue } from './archive-queue.ts'
import type { Arrival } from './arrivals.ts'
import type { BodyOpener } from './body-opener.ts'
import type { ChainShelf, ChainVoucher } from './chains.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, convIdOf } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { EnvelopeQueue } from './envelope-queue.ts'
import type { AccountParts } from './parts.ts'
import { reportAs } from './quiet.ts'

const PAGE = 200
const FORWARD = 0
/** More go into another bundle. */
const BUNDLE_MESSAGES = 50_000
/** An addition that did not happen within this was given up. */
const ADDED_WITHIN_MS = 3_600_000
const RETRY_MS = 15_000

/** Table keys, hs/<conversation>/<account>: history that this device owes somebody it added. */
type Debt = { id: ConversationId; accountId: AccountId; at: number }

/** Gives newcomers the keys of what was said before them, where a conversation's policy is `share` (PROTOCOL 4.6). */
export class HistorySharing {
  #isRunning = false

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly connection: SocketConnection,
    private readonly conversations: Conversations,
    private readonly opener: BodyOpener,
    private readonly chains: ChainShelf,
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
    const vouchers = await this.chains.vouchers(record.conversationId)
    let messages: BundleMessage[] = []
    let used = new Map<ChainId, ChainVoucher>()
    for await (const item of this.#itemsBefore(record, joined)) {
      const header = this.opener.header(record.conversationId, item.body)
      const chainId = header?.mode === 2 ? idFromBytes<ChainId>(header.chainId) : null
      const voucher = chainId && vouchers.get(chainId)
      const key = voucher && !header!.isEphemeral ? await this.#keyOf(header!.msgId, item) : null
      if (!chainId || !voucher || !key) continue
      messages.push({ msgId: header!.msgId, ...key })
      used.set(chainId, voucher)
      if (messages.length < BUNDLE_MESSAGES) continue
      await this.#send(record, accountId, { messages, chains: [...used.values()] })
      messages = []
      used = new Map()
    }
    if (messages.length > 0) await this.#send(record, accountId, { messages, chains: [...used.values()] })
  }

  /** What the home holds of the time before entry `joined`, oldest first. */
  async *#itemsBefore({ conversationId }: ConversationRecord, joined: number): AsyncGenerator<Arrival> {
    for (let from = 0; ; ) {
      const request = { type: 'fetchPage' as const, conversationId, from, direction: FORWARD, count: PAGE }
      const { items, hasMore } = await this.connection.request({ ...request, withArchive: true }, 'page')
      for (const item of items) {
        const header = this.opener.header(conversationId, item.body)
        if (header?.mode === 2 && header.epoch >= joined) return
        yield item
      }
      if (!hasMore || items.length === 0) return
      from = items.at(-1)!.seq
    }
  }

  async #keyOf(msgId: Uint8Array, { archive }: Arrival) {
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

  async #send(
    record: ConversationRecord,
    accountId: AccountId,
    bundle: { messages: BundleMessage[]; chains: ChainVoucher[] },
  ): Promise<void> {
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
