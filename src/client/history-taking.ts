import { openAttachment } from '../crypto/attachment.ts'
import { type OpenedBody, openBodyWithKey, verifyBodySignature } from '../crypto/body.ts'
import { checkSender } from '../crypto/body-plaintext.ts'
import { equal } from '../crypto/bytes.ts'
import { sealedLength } from '../crypto/cobblestone.ts'
import { directoryOf } from '../crypto/conversation-log-validator.ts'
import { DecryptionFailed, insist } from '../crypto/errors.ts'
import { type BundleMessage, parseHistoryBundle } from '../crypto/history-bundle.ts'
import type { HistoryBundlePointer } from '../crypto/packets.ts'
import { type AttachmentId, type ConversationId, idFromBytes } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { ClientFailure } from './api.ts'
import type { Arrival, Arrivals } from './arrivals.ts'
import { readHeader } from './body-opener.ts'
import { type Proof, proveChains } from './chain-proofs.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, convIdOf, memberIds, wasMember } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { Intake } from './intake.ts'
import type { AccountParts } from './parts.ts'
import { reportAs } from './quiet.ts'
import type { Peer } from './sessions.ts'
import type { Step } from './steps.ts'
import type { VoucherShelf } from './voucher-shelf.ts'

const PAGE = 200
const FORWARD = 0
const RETRY_MS = 15_000
/** The home keeps a bundle for 30 days. */
const KEEP_MS = 30 * 24 * 3_600_000

/** Table keys, hb/<conversation>/<attachment>: a bundle that somebody sent and that is not taken in yet. */
type Offer = { peer: Peer; pointer: HistoryBundlePointer; at: number }
type Proven = { item: Arrival; opened: OpenedBody; chain: Proof['chain'] }

/**
 * Takes in what was said before this account came. Nothing in a bundle is believed: each body was signed by a chain that a
 * member's device certified, under the membership that was in force; so whoever sends the bundle cannot invent history.
 */
export class HistoryTaking {
  #isRunning = false

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly connection: SocketConnection,
    private readonly conversations: Conversations,
    private readonly arrivals: Arrivals,
    private readonly intake: Intake,
    private readonly vouchers: VoucherShelf,
  ) {}

  /** Packet 0x40 came through the session with `peer`. */
  offer(step: Step, peer: Peer, pointer: HistoryBundlePointer): void {
    if (pointer.size > limits.maxFileBytes) return
    const offer: Offer = { peer, pointer, at: this.#now }
    step.put('keys', offerKey(offer), offer)
    step.afterwards(() => this.pump())
  }

  pump(): void {
    if (this.#isRunning || !this.connection.isOnline) return
    this.#isRunning = true
    this.#run()
      .catch((error: unknown) => {
        reportAs('earlier messages were not taken in yet')(error)
        this.context.platform.clock.schedule(RETRY_MS, () => this.pump())
      })
      .finally(() => {
        this.#isRunning = false
      })
  }

  async #run(): Promise<void> {
    for (;;) {
      const rows = await this.context.store.list<Offer>('keys', { from: 'hb/', before: 'hb0' })
      const [due] = rows.filter(({ value }) => !this.#isEarly(value))
      if (!due) return
      await this.#take(due.value).catch((error: unknown) => {
        const isBroken = error instanceof DecryptionFailed
        const isGone = error instanceof ClientFailure && ['not_found', 'not_allowed'].includes(error.code)
        if (!isBroken && !isGone) throw error
        console.warn('a history bundle was refused', String(error))
      })
      await this.context.store.commit([{ table: 'keys', key: due.key, value: null }])
    }
  }

  /** The conversation is not known here yet; its entries come before long. */
  #isEarly({ pointer, at }: Offer): boolean {
    return this.conversations.find(idFromBytes(pointer.convId)) === null && this.#now - at < KEEP_MS
  }

  async #take({ peer, pointer }: Offer): Promise<void> {
    const id = idFromBytes<ConversationId>(pointer.convId)
    const selfId = this.parts.identity.accountId
    await this.conversations.refreshEntries(id)
    const record = this.conversations.get(id)
    insist(record.isMember && record.group?.historyPolicy === 'share', 'history is not shared here')
    insist(memberIds(record, selfId).includes(peer.accountId), 'not from a member')
    const file = await this.parts.http.getFile(idFromBytes<AttachmentId>(pointer.attachmentId))
    insist(file.length === sealedLength(pointer.size), 'length of the bundle')
    const content = await openAttachment(
      { convId: convIdOf(record), attachmentId: pointer.attachmentId },
      pointer.fileKey,
      file,
    )
    const { messages, chains } = parseHistoryBundle(content)
    const proofs = proveChains(this.parts.keyLog.state(), convIdOf(record), chains)
    await this.#takeBodies(record, new Map(messages.map((message) => [idFromBytes(message.msgId), message])), proofs)
  }

  async #takeBodies(
    record: ConversationRecord,
    keys: ReadonlyMap<string, BundleMessage>,
    proofs: ReadonlyMap<string, Proof>,
  ): Promise<void> {
    const { conversationId } = record
    for (let from = 0; ; ) {
      const request = { type: 'fetchPage' as const, conversationId, from, direction: FORWARD, count: PAGE }
      const { items, hasMore } = await this.connection.request({ ...request, withArchive: false }, 'page')
      const proven: Proven[] = []
      for (const item of items) {
        const found = await this.#prove(record, item.body, keys, proofs)
        if (found) proven.push({ item, ...found })
      }
      await this.intake.run(async (batch) => {
        for (const { item, opened, chain } of proven) {
          await this.arrivals.takeProven(batch, conversationId, item, opened)
          // Whom this account adds one day needs it as well.
          await this.vouchers.keep(batch.step, conversationId, chain)
        }
      })
      if (!hasMore || items.length === 0) return
      from = items.at(-1)!.seq
    }
  }

  /** The opened body if everything about it holds; else null, and it is as if it had not been in the bundle. */
  async #prove(
    record: ConversationRecord,
    body: Uint8Array,
    keys: ReadonlyMap<string, BundleMessage>,
    proofs: ReadonlyMap<string, Proof>,
  ): Promise<Pick<Proven, 'opened' | 'chain'> | null> {
    const header = readHeader(record.conversationId, body)
    if (header?.mode !== 2 || header.isEphemeral) return null
    const key = keys.get(idFromBytes(header.msgId))
    const proof = proofs.get(idFromBytes(header.chainId))
    if (!key || !proof) return null
    const { chain, owner } = proof
    try {
      const head = record.heads[header.epoch]
      insist(header.epoch === chain.epoch && head !== undefined && equal(header.convHead, head), 'another membership')
      insist(verifyBodySignature(body, chain.signingKey), 'signature')
      const opened = await openBodyWithKey(body, key)
      checkSender(opened.plaintext, owner)
      const { userId, deviceId } = owner
      const senderId = idFromBytes<Peer['accountId']>(userId)
      insist(wasMember(record, senderId, this.parts.identity.accountId, header.epoch), 'sender was not a member')
      const directory = directoryOf(this.parts.keyLog.state())
      const wasActive = directory.activeDevice(userId, deviceId, opened.plaintext.sthSize) !== null
      insist(wasActive, 'the device was not active')
      return { opened, chain }
    } catch (error) {
      if (error instanceof DecryptionFailed) return null
      throw error
    }
  }

  get #now(): number {
    return this.context.platform.clock.now()
  }
}

function offerKey({ pointer }: Offer): string {
  return `hb/${idFromBytes(pointer.convId)}/${idFromBytes(pointer.attachmentId)}`
}
