import { Refusal } from '../../../protocol/errors.ts'
import type { AccountId, ConversationId, DeviceId, MessageId } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import { type ClientFrame, type ServerFrame, serverFrames } from '../../../protocol/socket.ts'
import type { Hub } from '../../hub.ts'
import type { Database, SyncTransaction } from '../../storage/database.ts'
import type { Roster, RosterConversation } from '../conversations/conversations.ts'
import type { Allowance } from './allowance.ts'
import { deliverEnvelopes, deliverPost } from './deliver.ts'
import { type Header, isHeaderOf, readHeader } from './header.ts'
import { readPage } from './page.ts'
import {
  type Accepted,
  acceptPost,
  checkHead,
  checkSender,
  type PostFrame,
  type Sender,
  storeEnvelopes,
} from './post.ts'
import { findReturned, storeReturned } from './returned.ts'
import { deleteEnvelope, findMessage, insertArchiveRow, listEnvelopes } from './store.ts'
import type { VoucherRow } from './voucher-store.ts'
import { keepVouchers, readVouchers } from './vouchers.ts'

type FrameOf<Type extends ClientFrame['type']> = Extract<ClientFrame, { type: Type }>

export interface MessagesHost {
  database: Database
  hub: Hub
  roster: Roster
  now(): number
  allowance: Allowance
}

const waitingBatchBytes = 512 * 1024

/** A body that was given back after a restore, and the sequence number it got. */
export interface ReturnedBody {
  messageId: MessageId
  seq: number
}

/** Stores and forwards what it cannot read. */
export class Messages {
  readonly #host: MessagesHost

  constructor(host: MessagesHost) {
    this.#host = host
  }

  /** On disk when it resolves; delivered in the same turn, in the order of sequence numbers. */
  async post(sender: Sender, post: PostFrame, answer: (accepted: Accepted) => void): Promise<void> {
    const { hub, roster, now, allowance } = this.#host
    const header = readHeader(post.body)
    await this.#write((sync) => {
      const accepted = acceptPost(sync, roster, { sender, post, header, nowMs: now(), allowance })
      sync.onCommit(() => {
        answer(accepted)
        if (!accepted.isNew) return
        deliverPost(hub, { ...post, accepted, exceptDeviceId: sender.deviceId })
      })
    })
  }

  async #write(work: (sync: SyncTransaction) => void): Promise<void> {
    try {
      await this.#host.database.writeBatch(work)
    } catch (error) {
      if (!(error instanceof Refusal)) this.#host.roster.forgetAll()
      throw error
    }
  }

  /** To whoever is there now. Whatever does not fit is dropped: nobody waits for it. */
  async transient(sender: Sender, frame: FrameOf<'transient'>): Promise<void> {
    const header = readHeader(frame.body)
    if (header.class !== 3) throw new Refusal('bad_request')
    // It is sent on to everybody at once: a flood of them would push others off their lines.
    const frames = frame.envelopes.map((envelope) => envelope.frame)
    this.#host.allowance.takeTransient(sender.accountId, [frame.body, ...frames])
    const conversation = await this.#conversationFor(sender, frame.conversationId)
    if (!isHeaderOf(header, conversation)) throw new Refusal('bad_request')
    if (conversation.kind === 'group') {
      checkHead(conversation, header)
      this.#passToAll(sender, conversation, frame)
    } else this.#passToEach(conversation, frame)
  }

  #passToAll(sender: Sender, conversation: RosterConversation, { conversationId, body }: FrameOf<'transient'>): void {
    const bytes = serverFrames.encode({ type: 'transient', conversationId, body, frame: null })
    for (const member of conversation.members.keys()) this.#host.hub.sendToAccount(member, bytes, sender.deviceId)
  }

  #passToEach(conversation: RosterConversation, { conversationId, body, envelopes }: FrameOf<'transient'>): void {
    const { hub } = this.#host
    const online = new Set([...conversation.members.keys()].flatMap((member) => hub.onlineDevices(member)))
    for (const { deviceId, frame } of envelopes) {
      if (!online.has(deviceId)) continue
      hub.sendToDevice(deviceId, serverFrames.encode({ type: 'transient', conversationId, body, frame }))
    }
  }

  // Through the writer, though it writes nothing: the roster is its own, and a transient stays behind the posts before it.
  async #conversationFor(sender: Sender, conversationId: ConversationId): Promise<RosterConversation> {
    const { roster } = this.#host
    let found: RosterConversation | null = null
    await this.#write((sync) => {
      checkSender(sync, roster, sender)
      found = roster.conversationOf(sync, conversationId, sender.accountId)
    })
    if (!found) throw new Refusal('not_found')
    return found
  }

  async sendEnvelopes(sender: Sender, { envelopes }: FrameOf<'sendEnvelopes'>): Promise<void> {
    const { hub, roster, now, allowance } = this.#host
    const frames = envelopes.map(({ frame }) => frame)
    await this.#write((sync) => {
      checkSender(sync, roster, sender)
      for (const { deviceId } of envelopes) {
        if (deviceId === sender.deviceId || !roster.isActiveDevice(sync, deviceId)) {
          throw new Refusal('recipients_changed')
        }
      }
      allowance.takeWaiting(sync, sender.accountId, frames)
      allowance.takeStored(sender.accountId, frames)
      const stored = storeEnvelopes(sync, envelopes, { sender: sender.accountId, nowMs: now() })
      sync.onCommit(() => deliverEnvelopes(hub, stored))
    })
  }

  acknowledge(deviceId: DeviceId, { envelopeIds }: FrameOf<'acknowledge'>): Promise<void> {
    return this.#write((sync) => {
      for (const envelopeId of envelopeIds) deleteEnvelope(sync, deviceId, envelopeId)
    })
  }

  async putArchive(accountId: AccountId, { rows }: FrameOf<'putArchive'>): Promise<void> {
    const parts = rows.map(({ row }) => row)
    this.#host.allowance.takeStored(accountId, parts)
    await this.#write((sync) => {
      for (const row of rows) insertArchiveRow(sync, accountId, row)
    })
  }

  async putVouchers(sender: Sender, { rows }: FrameOf<'putVouchers'>): Promise<void> {
    const parts = rows.map(({ row }) => row)
    const { allowance, roster } = this.#host
    allowance.takeStored(sender.accountId, parts)
    await this.#write((sync) => {
      // Of whom the home just forgot nothing may come back.
      checkSender(sync, roster, sender)
      keepVouchers(sync, sender.accountId, { rows })
    })
  }

  fetchVouchers(accountId: AccountId, frame: FrameOf<'fetchVouchers'>): Promise<VoucherRow[]> {
    return readVouchers(this.#host.database, accountId, frame)
  }

  fetchPage(accountId: AccountId, frame: FrameOf<'fetchPage'>): Promise<Extract<ServerFrame, { type: 'page' }>> {
    return readPage(this.#host.database, { accountId, nowMs: this.#host.now() }, frame)
  }

  /** Everything that waits for a device, oldest first, in frames of bounded size; `pass` sets the pace. */
  async deliverWaiting(
    deviceId: DeviceId,
    pass: (frame: Extract<ServerFrame, { type: 'envelopes' }>, lastId: number) => Promise<boolean>,
  ): Promise<void> {
    let after = 0
    for (;;) {
      const rows = await listEnvelopes(this.#host.database, deviceId, { after, count: 64 })
      if (rows.length === 0) return
      for (const items of cutByBytes(rows)) {
        after = items.at(-1)!.envelopeId
        if (!(await pass({ type: 'envelopes', items }, after))) return
      }
    }
  }

  /** Which of these the server does not hold in this conversation. */
  async listMissing(conversationId: ConversationId, messageIds: readonly MessageId[]): Promise<MessageId[]> {
    let missing: MessageId[] = []
    await this.#write((sync) => {
      missing = messageIds.filter((messageId) => findMessage(sync, messageId)?.conversationId !== conversationId)
    })
    return missing
  }

  /** Takes bodies back after a restore: by message id, under new sequence numbers, from any member that holds them. */
  async takeBack(
    sender: Sender,
    conversationId: ConversationId,
    bodies: readonly Uint8Array[],
  ): Promise<ReturnedBody[]> {
    const { hub, roster, now } = this.#host
    const headers = bodies.map(readHeader)
    const returned: ReturnedBody[] = []
    await this.#write((sync) => {
      const conversation = roster.conversationOf(sync, conversationId, sender.accountId)
      if (!conversation) throw new Refusal('not_found')
      const isFit = (header: Header) => isHeaderOf(header, conversation) && header.class !== 3 && !header.isEphemeral
      if (!headers.every(isFit)) throw new Refusal('bad_request')
      let { lastSeq } = conversation
      for (const [index, header] of headers.entries()) {
        const held = findReturned(sync, header)
        if (!held) lastSeq++
        returned.push({ messageId: header.messageId, seq: held?.seq ?? lastSeq })
        if (held) continue
        const accepted = storeReturned(sync, conversation, { header, body: bodies[index]!, seq: lastSeq, nowMs: now() })
        const delivery = { conversationId, body: bodies[index]!, accepted, exceptDeviceId: sender.deviceId }
        sync.onCommit(() => deliverPost(hub, delivery))
      }
      conversation.lastSeq = lastSeq
    })
    return returned
  }
}

function cutByBytes<Row extends { frame: Uint8Array }>(rows: readonly Row[]): Row[][] {
  const parts: Row[][] = [[]]
  let bytes = 0
  for (const row of rows) {
    const isFull =
      bytes > 0 && (bytes + row.frame.length > waitingBatchBytes || parts.at(-1)!.length >= limits.maxEnvelopes)
    if (isFull) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)!.push(row)
    bytes += row.frame.length
  }
  return parts
}
