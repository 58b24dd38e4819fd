import { openArchiveRow } from '../crypto/archive.ts'
import { type OpenedBody, openBodyWithKey, verifyBodySignature } from '../crypto/body.ts'
import { type BodyHeader, parseBodyHeader } from '../crypto/body-header.ts'
import { checkSender } from '../crypto/body-plaintext.ts'
import { equal, toHex } from '../crypto/bytes.ts'
import { DecryptionFailed, insist } from '../crypto/errors.ts'
import type { ContentKey } from '../crypto/packets.ts'
import { openWithChain } from '../crypto/sender-chain.ts'
import { type ChainId, type ConversationId, idFromBytes, idToBytes, type MessageId } from '../protocol/ids.ts'
import type { Witness } from './batch.ts'
import type { ChainShelf } from './chains.ts'
import type { ClientContext } from './context.ts'
import { type ConversationRecord, convIdOf, wasMember } from './conversation-record.ts'
import type { Lateness, Standing } from './lateness.ts'
import type { AccountParts } from './parts.ts'
import type { Peer } from './sessions.ts'
import type { Step } from './steps.ts'

export type ArchiveRow = { epoch: number; row: Uint8Array }
/** Table keys, k/<conversation>/<message>: a content key that came before its body. */
type HeldKey = { messageKey: Uint8Array; bodyHash: Uint8Array; peer: Peer; at: number }
export type Opening =
  | { outcome: 'opened'; body: OpenedBody; isArchived: boolean }
  /** no_key: it has not come yet. stale: the sender saw membership entries that this device has not. */
  | { outcome: 'waiting'; reason: 'no_key' | 'damaged' }
  | { outcome: 'waiting'; reason: 'stale'; witness: Witness | null }
  /** It opens, and comes when nothing may come from there any more. */
  | { outcome: 'refused'; reason: string }

/** Opens bodies by whichever key there is: a session's content key, a sender chain, the archive. */
export class BodyOpener {
  /** Where a key may be held: asked at every body and nearly always in vain, which a database answers slowly. */
  readonly #maybeHeld = new Set<string>()
  #areHeldKnown = false

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly chains: ChainShelf,
    private readonly lateness: Lateness,
  ) {}

  /** The body's header if it is one of this conversation, else null: nobody could open it here. */
  header(id: ConversationId, body: Uint8Array): BodyHeader | null {
    try {
      const header = parseBodyHeader(body)
      return equal(header.convId, idToBytes(id)) ? header : null
    } catch (error) {
      if (error instanceof DecryptionFailed) return null
      throw error
    }
  }

  holdKey(step: Step, peer: Peer, { convId, msgId, messageKey, bodyHash }: ContentKey): void {
    const held: HeldKey = { messageKey, bodyHash, peer, at: this.context.platform.clock.now() }
    const place = keyRow(idFromBytes(convId), idFromBytes(msgId))
    this.#maybeHeld.add(place)
    step.put('keys', place, held)
  }

  async #heldKey(step: Step, place: string): Promise<HeldKey | null> {
    if (!this.#areHeldKnown) {
      const rows = await this.context.store.list<HeldKey>('keys', { from: 'k/', before: 'k0' })
      for (const { key } of rows) this.#maybeHeld.add(key)
      this.#areHeldKnown = true
    }
    return this.#maybeHeld.has(place) ? step.get<HeldKey>('keys', place) : null
  }

  async open(
    step: Step,
    record: ConversationRecord,
    body: Uint8Array,
    { archive, ...standing }: Standing & { archive: ArchiveRow | null },
  ): Promise<Opening> {
    const header = parseBodyHeader(body)
    if (header.mode === 2 && header.epoch >= record.heads.length) {
      return { outcome: 'waiting', reason: 'stale', witness: await this.#witness(step, body, header) }
    }
    let isDamaged = false
    for (const attempt of [this.#byContentKey, this.#byChain, this.#byArchive]) {
      try {
        const opened = await attempt.call(this, step, record, { header, body, archive })
        if (!opened) continue
        // What an own device took in before was judged there.
        const isOwnWord = attempt === this.#byArchive
        const refusal = isOwnWord ? null : await this.lateness.judge(step, record, opened, standing)
        if (refusal !== null) return { outcome: 'refused', reason: refusal }
        return { outcome: 'opened', body: opened, isArchived: archive !== null }
      } catch (error) {
        if (!(error instanceof DecryptionFailed)) throw error
        isDamaged = true
      }
    }
    return { outcome: 'waiting', reason: isDamaged ? 'damaged' : 'no_key' }
  }

  /** Whoever signed a body of an epoch saw the entries up to it. */
  async #witness(step: Step, body: Uint8Array, { epoch, chainId, convId }: GroupHeader): Promise<Witness | null> {
    const held = await this.chains.receiving(step, idFromBytes<ChainId>(chainId))
    if (!held || held.chain.epoch !== epoch || !equal(held.chain.convId, convId)) return null
    return verifyBodySignature(body, held.chain.signingKey) ? { peer: held.peer, epoch } : null
  }

  async #byContentKey(step: Step, record: ConversationRecord, { header, body }: Sealed): Promise<OpenedBody | null> {
    const place = keyRow(record.conversationId, idFromBytes(header.msgId))
    const held = await this.#heldKey(step, place)
    if (!held) return null
    const opened = await openBodyWithKey(body, held)
    const { peer } = held
    checkSender(opened.plaintext, { userId: idToBytes(peer.accountId), deviceId: idToBytes(peer.deviceId) })
    this.#checkMember(record, opened)
    step.put('keys', place, null)
    step.afterwards(() => this.#maybeHeld.delete(place))
    return opened
  }

  async #byChain(step: Step, record: ConversationRecord, { header, body }: Sealed): Promise<OpenedBody | null> {
    if (header.mode !== 2) return null
    const chainId = idFromBytes<ChainId>(header.chainId)
    const held = await this.chains.receiving(step, chainId)
    if (!held) return null
    const { chain, ...opened } = await openWithChain(held.chain, body, this.context.platform.clock.now())
    this.#checkMember(record, opened)
    await this.chains.advance(step, chainId, chain)
    return opened
  }

  async #byArchive(
    _step: Step,
    record: ConversationRecord,
    { header, body, archive }: Sealed,
  ): Promise<OpenedBody | null> {
    const key = archive && this.parts.archiveKeys.get(archive.epoch)
    if (!archive || !key || header.isEphemeral) return null
    const place = { userId: this.parts.identity.userId, msgId: header.msgId }
    const archived = await openArchiveRow({ epoch: archive.epoch, key }, place, archive.row)
    const opened = await openBodyWithKey(body, archived)
    this.#checkMember(record, opened)
    return opened
  }

  /** The sender is who the inside says (the key proved it) and was a member; both saw the same membership. */
  #checkMember(record: ConversationRecord, { header, plaintext }: OpenedBody): void {
    const sender = idFromBytes<Peer['accountId']>(plaintext.senderUser)
    const epoch = header.mode === 2 ? header.epoch : 0
    insist((header.mode === 2) === (record.kind === 'group'), 'mode of another kind of conversation')
    insist(equal(header.convId, convIdOf(record)), 'another conversation')
    if (header.mode === 2 && !equal(header.convHead, record.heads[epoch]!)) {
      this.parts.raiseAlarm({
        ...{ kind: 'fork', personId: sender, deviceId: idFromBytes(plaintext.senderDevice) },
        detail: `conversation ${record.conversationId} epoch ${epoch}: ${toHex(header.convHead)} is not ${toHex(record.heads[epoch]!)}`,
      })
      throw new DecryptionFailed('another membership')
    }
    insist(wasMember(record, sender, this.parts.identity.accountId, epoch), 'sender was not a member')
  }
}

type GroupHeader = Extract<BodyHeader, { mode: 2 }>
type Sealed = { header: BodyHeader; body: Uint8Array; archive: ArchiveRow | null }

function keyRow(id: ConversationId, messageId: MessageId): string {
  return `k/${id}/${messageId}`
}
