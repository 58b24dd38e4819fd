import { openArchiveRow } from '../crypto/archive.ts'
import { type OpenedBody, openBodyWithKey, verifyBodySignature } from '../crypto/body.ts'
import { type BodyHeader, parseBodyHeader } from '../crypto/body-header.ts'
import { checkSender } from '../crypto/body-plaintext.ts'
import { equal, toHex } from '../crypto/bytes.ts'
import { DecryptionFailed, insist, orNull } from '../crypto/errors.ts'
import type { ContentKey } from '../crypto/packets.ts'
import { type ReceivingChain, type StartedOpening, startOpening } from '../crypto/sender-chain.ts'
import { type ChainId, type ConversationId, idFromBytes, idToBytes, type MessageId } from '../protocol/ids.ts'
import type { Witness } from './batch.ts'
import type { ChainShelf, PeerChain } from './chains.ts'
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

/** The body's header if it is one of this conversation, else null: nobody could open it here. */
export function readHeader(id: ConversationId, body: Uint8Array): BodyHeader | null {
  const header = orNull(() => parseBodyHeader(body))
  return header && equal(header.convId, idToBytes(id)) ? header : null
}

/** Opens bodies by whichever key there is: a session's content key, a sender chain, the archive. */
export class BodyOpener {
  /** Where a key may be held: asked at every body and nearly always in vain, which a database answers slowly. */
  readonly #maybeHeld = new Set<string>()
  #heldAtStart: Promise<void> | null = null
  /** What was begun of each body, and with which key: it counts only where that is the key when its turn comes. */
  readonly #begun = new WeakMap<Uint8Array, { key: object; started: Started }>()

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly chains: ChainShelf,
    private readonly lateness: Lateness,
  ) {}

  holdKey(step: Step, peer: Peer, { convId, msgId, messageKey, bodyHash }: ContentKey): void {
    const held: HeldKey = { messageKey, bodyHash, peer, at: this.context.platform.clock.now() }
    const place = keyRow(idFromBytes(convId), idFromBytes(msgId))
    this.#maybeHeld.add(place)
    step.put('keys', place, held)
  }

  async #heldKey(step: Step, place: string): Promise<HeldKey | null> {
    this.#heldAtStart ??= this.#listHeld()
    await this.#heldAtStart
    return this.#maybeHeld.has(place) ? step.get<HeldKey>('keys', place) : null
  }

  // Once, however many ask together.
  async #listHeld(): Promise<void> {
    try {
      const rows = await this.context.store.list<HeldKey>('keys', { from: 'k/', before: 'k0' })
      for (const { key } of rows) this.#maybeHeld.add(key)
    } catch (error) {
      this.#heldAtStart = null
      throw error
    }
  }

  /**
   * Begins to open bodies whose turn in this step comes soon, so that ciphers run beside each other. It decides and
   * changes nothing: {@link open} takes what was begun where it would begin the same.
   */
  async lookAhead(step: Step, record: ConversationRecord, sealed: readonly WithArchive[]): Promise<void> {
    const found = await Promise.all(sealed.map((one) => this.#findKeys(step, record, one).catch(nothingFound)))
    const moved = new Map<PeerChain, ReceivingChain>()
    for (const keys of found) {
      if (!keys) continue
      const { held, peerChain } = keys
      if (held) this.#beginWithKey(keys.body, held)
      else if (peerChain) {
        const chain = this.#tryChain(keys.body, moved.get(peerChain) ?? peerChain.chain)
        if (chain) moved.set(peerChain, chain)
        else this.#beginWithArchive(keys)
      } else this.#beginWithArchive(keys)
    }
  }

  async #findKeys(step: Step, record: ConversationRecord, { body, archive }: WithArchive) {
    const header = readHeader(record.conversationId, body)
    if (!header || (header.mode === 2 && header.epoch >= record.heads.length)) return null
    const held = await this.#heldKey(step, keyRow(record.conversationId, idFromBytes(header.msgId)))
    const peerChain = header.mode === 2 ? await this.chains.receiving(step, idFromBytes<ChainId>(header.chainId)) : null
    return { header, body, archive, held, peerChain }
  }

  #tryChain(body: Uint8Array, chain: ReceivingChain): ReceivingChain | null {
    return orNull(() => this.#beginWithChain(body, chain).chain)
  }

  #beginWithKey(body: Uint8Array, key: HeldKey) {
    return this.#begin(body, key, () => ({ opened: openBodyWithKey(body, key) }))
  }
  #beginWithChain(body: Uint8Array, chain: ReceivingChain) {
    return this.#begin(body, chain, () => startOpening(chain, body, this.context.platform.clock.now()))
  }
  #beginWithArchive({ header, body, archive }: Sealed) {
    const key = archive && this.parts.archiveKeys.get(archive.epoch)
    if (!archive || !key || header.isEphemeral) return null
    const place = { userId: this.parts.identity.userId, msgId: header.msgId }
    const open = async () =>
      openBodyWithKey(body, await openArchiveRow({ epoch: archive.epoch, key }, place, archive.row))
    return this.#begin(body, archive, () => ({ opened: open() }))
  }

  /** What was begun of this body with this very key, or what is begun now. */
  #begin<Begun extends Started>(body: Uint8Array, key: object, start: () => Begun): Begun {
    const known = this.#begun.get(body)
    if (known?.key === key) return known.started as Begun
    const started = start()
    // Whoever comes for it hears of it.
    started.opened.catch(() => undefined)
    this.#begun.set(body, { key, started })
    return started
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
    const opened = await this.#beginWithKey(body, held).opened
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
    const started = this.#beginWithChain(body, held.chain)
    const opened = await started.opened
    this.#checkMember(record, opened)
    await this.chains.advance(step, chainId, started.chain)
    return opened
  }

  async #byArchive(_step: Step, record: ConversationRecord, sealed: Sealed): Promise<OpenedBody | null> {
    const opened = await this.#beginWithArchive(sealed)?.opened
    if (!opened) return null
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
type WithArchive = { body: Uint8Array; archive: ArchiveRow | null }
type Sealed = WithArchive & { header: BodyHeader }
type Started = Pick<StartedOpening, 'opened'>

/** A row that does not open is noticed, and judged, when the body's turn comes. */
function nothingFound(error: unknown): null {
  if (error instanceof DecryptionFailed) return null
  throw error
}

function keyRow(id: ConversationId, messageId: MessageId): string {
  return `k/${id}/${messageId}`
}
