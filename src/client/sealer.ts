import { sealDmBody } from '../crypto/body.ts'
import type { BodyPlaintext } from '../crypto/body-plaintext.ts'
import { sha256 } from '../crypto/hash.ts'
import { type ChainClass, encodeContentKey } from '../crypto/packets.ts'
import { sealWithChain } from '../crypto/sender-chain.ts'
import { type DeviceId, idToBytes, type MessageId } from '../protocol/ids.ts'
import { ClientFailure } from './api.ts'
import type { ArchiveQueue } from './archive-queue.ts'
import type { ChainShelf } from './chains.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, convIdOf } from './conversation-record.ts'
import type { Conversations } from './conversations.ts'
import type { SealedPost } from './outbox-row.ts'
import type { AccountParts, LogDevice } from './parts.ts'
import type { SessionPool } from './sessions.ts'
import type { Step, Steps } from './steps.ts'

/** Before each send the key log must have been confirmed this lately (PROTOCOL 4.5). */
const FRESH_LOG_MS = 60_000

export type Content = {
  messageId: MessageId
  bodyClass: 0 | 1 | 2 | 3
  contentType: number
  payload: Uint8Array
  sentAt: number
  /** For how long it lasts; 0: for good. */
  expirySeconds: number
}
type Sealed = Omit<SealedPost, 'archive'>

/** Seals a body for a conversation as it stands now, with the envelopes its readers need. */
export class Sealer {
  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly steps: Steps,
    private readonly conversations: Conversations,
    private readonly sessions: SessionPool,
    private readonly chains: ChainShelf,
    private readonly archive: ArchiveQueue,
  ) {}

  /** `keep` stores the result in the step that moved the ratchets: it is on disk before anybody can send it. */
  async sealPost(
    id: ConversationRecord['conversationId'],
    content: Content,
    keep: (step: Step, sealed: SealedPost) => void,
  ): Promise<SealedPost> {
    const { keyLog } = this.parts
    await keyLog.ensureFresh(FRESH_LOG_MS)
    if (keyLog.isAlarmed()) throw new ClientFailure('alarm')
    await this.sessions.prepare(await this.#readersInNeed(id, classOfChain(content)))
    return this.steps.run(async (step) => {
      const record = await this.#sendable(step, id)
      const recipients = this.conversations.recipients(record)
      const sealed =
        record.kind === 'direct'
          ? await this.#sealDirect(step, record, content, recipients, true)
          : await this.#sealGroup(step, record, content, recipients)
      const archive = sealed.isEphemeral ? null : await this.archive.seal(idToBytes(content.messageId), sealed)
      const post = { ...sealed, archive }
      keep(step, post)
      return post
    })
  }

  /** Only for devices that are online, and in a group only where they hold this device's chain; null when nobody could read it. */
  sealTransient(
    id: ConversationRecord['conversationId'],
    content: Content,
    isOnline: (deviceId: DeviceId) => boolean,
  ): Promise<Sealed | null> {
    return this.steps.run(async (step) => {
      const record = await this.#sendable(step, id)
      if (this.parts.keyLog.isAlarmed()) return null
      const all = this.conversations.recipients(record)
      if (record.kind === 'group') {
        const own = await this.chains.own(step, id, 0)
        const missing = await this.chains.missing(step, id, record.group!, all, 0)
        const isUsable = own !== null && missing.length < all.length
        return isUsable ? this.#sealGroup(step, record, content, all) : null
      }
      const online = all.filter((device) => isOnline(device.deviceId))
      return online.length > 0 ? this.#sealDirect(step, record, content, online, false) : null
    })
  }

  #readersInNeed(id: ConversationRecord['conversationId'], klass: ChainClass): Promise<LogDevice[]> {
    return this.steps.run(async (step) => {
      const record = await this.#sendable(step, id)
      const recipients = this.conversations.recipients(record)
      return record.kind === 'direct' ? recipients : this.chains.missing(step, id, record.group!, recipients, klass)
    })
  }

  async #sendable(step: Step, id: ConversationRecord['conversationId']): Promise<ConversationRecord> {
    const record = await this.conversations.read(step, id)
    if (!record) throw new ClientFailure('not_found')
    if (!record.isMember) throw new ClientFailure('not_allowed')
    return record
  }

  async #sealDirect(
    step: Step,
    record: ConversationRecord,
    content: Content,
    recipients: readonly LogDevice[],
    isComplete: boolean,
  ): Promise<Sealed> {
    const messageKey = this.context.platform.random(32)
    const ids = { convId: convIdOf(record), msgId: idToBytes(content.messageId) }
    const fields = { ...ids, class: content.bodyClass, isEphemeral: content.expirySeconds > 0 }
    const { body, contentKey } = await sealDmBody(messageKey, fields, this.#plaintext(content))
    const envelopes = await this.#envelopes(step, recipients, encodeContentKey(contentKey))
    if (isComplete) this.#insistOnAll(recipients, envelopes)
    const { isEphemeral } = fields
    return { body, envelopes, chainId: null, messageKey, bodyHash: contentKey.bodyHash, isEphemeral }
  }

  /** Left out may be only who was away for so long that no session can be begun; they ask for the key when they are back. */
  #insistOnAll(recipients: readonly LogDevice[], envelopes: SealedPost['envelopes']): void {
    const reached = new Set(envelopes.map(({ deviceId }) => deviceId))
    const isMissing = ({ deviceId }: LogDevice) => !reached.has(deviceId) && !this.sessions.isAsleep(deviceId)
    if (recipients.some(isMissing)) throw new ClientFailure('unavailable', 0, 'no session')
  }

  async #sealGroup(
    step: Step,
    record: ConversationRecord,
    content: Content,
    recipients: readonly LogDevice[],
  ): Promise<Sealed> {
    const id = record.conversationId
    const klass = classOfChain(content)
    const own = await this.chains.sending(step, id, record.group!, recipients, klass)
    const missing = recipients.filter((device) => !own.sentTo.includes(device.deviceId))
    // The chain as it stands before this body: who gets it reads from this body on.
    const isTransient = content.bodyClass === 3
    const envelopes = isTransient ? [] : await this.#envelopes(step, missing, this.chains.packet(own))
    const fields = { class: content.bodyClass, msgId: idToBytes(content.messageId) }
    const { chain, body, messageKey } = await sealWithChain(own.chain, fields, this.#plaintext(content))
    this.chains.put(step, id, { ...own, chain })
    return { body, envelopes, chainId: chain.chainId, messageKey, bodyHash: sha256(body), isEphemeral: klass === 1 }
  }

  async #envelopes(step: Step, devices: readonly LogDevice[], packet: Uint8Array): Promise<SealedPost['envelopes']> {
    const envelopes: SealedPost['envelopes'] = []
    for (const device of devices) {
      const frame = await this.sessions.seal(step, device, packet)
      if (frame) envelopes.push({ deviceId: device.deviceId, frame })
    }
    return envelopes
  }

  #plaintext({ contentType, payload, sentAt, expirySeconds }: Content): BodyPlaintext {
    const { identity, keyLog } = this.parts
    const head = keyLog.head()
    const sender = { senderUser: identity.userId, senderDevice: identity.rawDeviceId }
    return { contentType, payload, sentAt, ...sender, sthSize: head.size, sthRoot: head.root, expirySeconds }
  }
}

/** Disappearing messages have a chain of their own, whose keys are never archived. */
function classOfChain({ expirySeconds }: Content): ChainClass {
  return expirySeconds > 0 ? 1 : 0
}
