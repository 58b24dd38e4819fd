import { parseBodyHeader } from '../crypto/body-header.ts'
import { equal } from '../crypto/bytes.ts'
import { encodeChainRequest, encodeContentKey, encodeRetryRequest } from '../crypto/packets.ts'
import {
  type ChainId,
  type ConversationId,
  type DeviceId,
  idFromBytes,
  idToBytes,
  type MessageId,
} from '../protocol/ids.ts'
import type { PeerRequest } from './batch.ts'
import type { ChainShelf } from './chains.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, wasMember } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { EnvelopeQueue } from './envelope-queue.ts'
import type { AccountParts, LogDevice } from './parts.ts'
import type { Peer, SessionPool } from './sessions.ts'
import type { Steps } from './steps.ts'
import type { WaitingBody } from './waiting-room.ts'

const KEEP_KEYS_MS = 35 * 24 * 3_600_000
/** `reason` of a retry request. */
const NO_KEY = 1
const SESSION_BROKEN = 2
/** Not the whole home is woken for one message. */
const MAX_ASKED = 16
const NO_ID = new Uint8Array(16)

/** Table keys, m/<conversation>/<message>: the key of a message this device sent, for those who did not get it. */
export type SentKey = { messageKey: Uint8Array; bodyHash: Uint8Array; epoch: number; at: number; isEphemeral: boolean }

/** Asking other devices for keys that did not come, and answering them: only those who were meant to read. */
export class PeerRequests {
  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly steps: Steps,
    private readonly conversations: Conversations,
    private readonly sessions: SessionPool,
    private readonly chains: ChainShelf,
    private readonly envelopes: EnvelopeQueue,
  ) {}

  async prune(): Promise<void> {
    const { store, platform } = this.context
    const rows = await store.list<SentKey>('keys', { from: 'm/', before: 'm0' })
    const old = rows.filter(({ value }) => platform.clock.now() - value.at > KEEP_KEYS_MS)
    if (old.length > 0) await store.commit(old.map(({ key }) => ({ table: 'keys', key, value: null })))
  }

  /** Asks whoever may have sealed this body. */
  async ask({ conversationId, body }: WaitingBody): Promise<void> {
    const record = this.conversations.find(conversationId)
    if (!record?.isMember) return
    const { convId, msgId, ...header } = parseBodyHeader(body)
    const recipients = this.conversations.recipients(record)
    const owner = header.mode === 2 ? await this.#chainOwner(header.chainId) : null
    const asked = owner ? recipients.filter((device) => device.deviceId === owner) : recipients.slice(0, MAX_ASKED)
    await this.envelopes.send(asked, encodeRetryRequest({ convId, msgId, reason: NO_KEY }))
    if (header.mode === 2 && owner === null) {
      await this.envelopes.send(asked, encodeChainRequest({ convId, epoch: header.epoch, chainId: header.chainId }))
    }
  }

  /** After too many frames that could not be opened: a fresh session, which the peer learns of at once. */
  async renewSession(peer: Peer): Promise<void> {
    const device = this.parts.keyLog.device(peer.accountId, peer.deviceId)
    if (device?.status !== 'active') return
    await this.sessions.renew(device)
    await this.envelopes.send([device], encodeRetryRequest({ convId: NO_ID, msgId: NO_ID, reason: SESSION_BROKEN }))
  }

  async answer({ peer, packet }: PeerRequest): Promise<void> {
    const device = this.parts.keyLog.device(peer.accountId, peer.deviceId)
    const record = this.conversations.find(idFromBytes<ConversationId>(packet.convId))
    if (!record || device?.status !== 'active') return
    await this.sessions.prepare([device])
    if (packet.kind === 'retry-request') await this.#sendContentKey(record, device, idFromBytes(packet.msgId))
    if (record.kind === 'group') {
      const chainId = packet.kind === 'chain-request' ? packet.chainId : null
      await this.#sendChain(record, device, chainId)
    }
  }

  async #sendContentKey(record: ConversationRecord, device: LogDevice, messageId: MessageId): Promise<void> {
    const id = record.conversationId
    await this.steps.run(async (step) => {
      const sent = await step.get<SentKey>('keys', `m/${id}/${messageId}`)
      // A device that came later gets no disappearing message.
      if (sent?.isEphemeral && device.addedAt > sent.at) return
      if (!sent || !wasMember(record, device.accountId, this.parts.identity.accountId, sent.epoch)) return
      const { messageKey, bodyHash } = sent
      const ids = { convId: idToBytes(id), msgId: idToBytes(messageId) }
      const frame = await this.sessions.seal(step, device, encodeContentKey({ ...ids, messageKey, bodyHash }))
      if (frame) this.envelopes.put(step, device.deviceId, frame)
    })
  }

  /** The chain in use, for what comes next; an old one is not handed out. */
  async #sendChain(record: ConversationRecord, device: LogDevice, chainId: Uint8Array | null): Promise<void> {
    const isRecipient = this.conversations.recipients(record).some((other) => other.deviceId === device.deviceId)
    if (!isRecipient) return
    for (const klass of [0, 1] as const) {
      await this.steps.run(async (step) => {
        const own = await this.chains.own(step, record.conversationId, klass)
        const isCurrent = own?.chain.epoch === record.group?.epoch
        if (!own || !isCurrent || (chainId && !equal(chainId, own.chain.chainId))) return
        const frame = await this.sessions.seal(step, device, this.chains.packet(own))
        if (!frame) return
        this.envelopes.put(step, device.deviceId, frame)
        await this.chains.markSent(step, record.conversationId, own.chain.chainId, [device.deviceId])
      })
    }
  }

  #chainOwner(chainId: Uint8Array): Promise<DeviceId | null> {
    return this.steps.run(async (step) => {
      const held = await this.chains.receiving(step, idFromBytes<ChainId>(chainId))
      return held?.peer.deviceId ?? null
    })
  }
}
