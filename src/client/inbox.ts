import { DecryptionFailed } from '../crypto/errors.ts'
import { type AccountId, type ConversationId, idFromBytes } from '../protocol/ids.ts'
import type { ServerFrame } from '../protocol/socket.ts'
import { ClientFailure } from './api.ts'
import type { Arrivals } from './arrivals.ts'
import type { Batch } from './batch.ts'
import { type BodyOpener, readHeader } from './body-opener.ts'
import type { ChainShelf } from './chains.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import type { Conversations } from './conversations.ts'
import type { EnvelopeQueue } from './envelope-queue.ts'
import type { HistoryTaking } from './history-taking.ts'
import type { Intake } from './intake.ts'
import type { Lateness } from './lateness.ts'
import type { AccountParts } from './parts.ts'
import { contentTypes } from './payloads.ts'
import type { OpenedFrame, Peer, SessionPool } from './sessions.ts'
import type { Typing } from './typing.ts'
import type { WaitingRoom } from './waiting-room.ts'

type FrameOf<Type extends ServerFrame['type']> = Extract<ServerFrame, { type: Type }>
type Sealed = FrameOf<'envelopes'> | FrameOf<'message'> | FrameOf<'transient'>
type Item = { sealed: Sealed } | { work: () => Promise<void> }

/** Frames that one step takes in together. */
const BATCH = 24
/** Envelope ids of late, so that one that is delivered again after a crash is only acknowledged. */
const REMEMBERED_IDS = 600
const ROW = 'envelopes-seen'

export type InboxParts = {
  arrivals: Arrivals
  chains: ChainShelf
  connection: SocketConnection
  conversations: Conversations
  envelopes: EnvelopeQueue
  history: HistoryTaking
  intake: Intake
  lateness: Lateness
  opener: BodyOpener
  sessions: SessionPool
  typing: Typing
  waiting: WaitingRoom
}

/** What the socket brings, in the order in which it came; an envelope is acknowledged after what it changed is on disk. */
export class Inbox {
  readonly #queue: Item[] = []
  #isRunning = false
  #seen: number[] = []
  onGap: (id: ConversationId, lastSeq: number) => void = () => undefined

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly engine: InboxParts,
  ) {}

  async open(): Promise<void> {
    this.#seen = (await this.context.store.get<number[]>('device', ROW)) ?? []
  }

  push(sealed: Sealed): void {
    this.#queue.push({ sealed })
    this.#start()
  }

  /** Runs in its turn among the frames. */
  inTurn(work: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push({ work: () => work().finally(resolve) })
      this.#start()
    })
  }

  /** Resolves when everything that has arrived so far was taken in. */
  drained(): Promise<void> {
    return this.inTurn(async () => undefined)
  }

  /** Envelope numbers of another incarnation of the home mean nothing any more. */
  async forgetEnvelopes(): Promise<void> {
    this.#seen = []
    await this.context.store.commit([{ table: 'device', key: ROW, value: null }])
  }

  #start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#run()
      .catch((error: unknown) => {
        console.error('what came could not be kept', String(error))
        this.engine.connection.startOver()
      })
      .finally(() => {
        this.#isRunning = false
        if (this.#queue.length > 0) this.#start()
      })
  }

  async #run(): Promise<void> {
    for (let item = this.#queue.shift(); item; item = this.#queue.shift()) {
      if ('work' in item) {
        await item.work().catch((error: unknown) => this.#report(error))
        continue
      }
      const batch = [item.sealed]
      for (let next = this.#queue[0]; batch.length < BATCH && next && 'sealed' in next; next = this.#queue[0]) {
        batch.push(next.sealed)
        this.#queue.shift()
      }
      await this.#takeAll(batch)
    }
  }

  #report(error: unknown): void {
    if (!(error instanceof ClientFailure)) console.error('inbox', String(error))
  }

  async #takeAll(frames: readonly Sealed[]): Promise<void> {
    const isUnknown = frames.some((frame) => 'conversationId' in frame && !this.#knows(frame.conversationId))
    if (isUnknown) await this.engine.conversations.refreshList().catch((error: unknown) => this.#report(error))
    await this.engine.sessions.learnOf(frames.flatMap(framesIn))
    const envelopeIds: number[] = []
    await this.engine.intake.run(async (batch) => {
      for (const [index, frame] of frames.entries()) {
        await this.#lookAhead(batch, frames, index)
        if (frame.type === 'envelopes') await this.#takeEnvelopes(batch, frame, envelopeIds)
        else if (frame.type === 'message')
          await this.engine.arrivals.takeNew(batch, frame.conversationId, {
            ...{ ...frame, archive: null },
            floor: this.engine.lateness.floor(frame.conversationId),
          })
        else await this.#takeTransient(batch, frame)
      }
      if (envelopeIds.length > 0) batch.step.put('device', ROW, [...this.#seen, ...envelopeIds].slice(-REMEMBERED_IDS))
    })
    this.#seen = [...this.#seen, ...envelopeIds].slice(-REMEMBERED_IDS)
    this.#acknowledge(frames)
    for (const frame of frames) if (frame.type === 'message') this.#lookForGap(frame)
  }

  /** Messages of one conversation that come in a row are begun together. */
  async #lookAhead(batch: Batch, frames: readonly Sealed[], index: number): Promise<void> {
    const idAt = (at: number) => {
      const frame = frames[at]
      return frame?.type === 'message' ? frame.conversationId : null
    }
    const id = idAt(index)
    if (id === null || idAt(index - 1) === id) return
    const row: { body: Uint8Array; archive: null }[] = []
    for (
      let at = index, frame = frames[at];
      frame?.type === 'message' && frame.conversationId === id;
      frame = frames[++at]
    ) {
      row.push({ body: frame.body, archive: null })
    }
    await this.engine.arrivals.lookAhead(batch, id, row)
  }

  #acknowledge(frames: readonly Sealed[]): void {
    const ids = frames.flatMap((frame) =>
      frame.type === 'envelopes' ? frame.items.map((item) => item.envelopeId) : [],
    )
    for (let at = 0; at < ids.length; at += 1_000) {
      this.engine.connection.send({ type: 'acknowledge', envelopeIds: ids.slice(at, at + 1_000) })
    }
  }

  #lookForGap({ conversationId, seq }: FrameOf<'message'>): void {
    const { lastSeq, ahead } = this.engine.conversations.find(conversationId) ?? { lastSeq: seq, ahead: [] }
    if (ahead.length > 0 || lastSeq < seq) this.onGap(conversationId, Math.max(seq, ...ahead))
  }

  #knows(id: ConversationId): boolean {
    return this.engine.conversations.find(id) !== null
  }

  async #takeEnvelopes(batch: Batch, frame: FrameOf<'envelopes'>, taken: number[]): Promise<void> {
    const toAnswer = new Map<string, Peer>()
    for (const { envelopeId, frame: bytes } of frame.items) {
      if (this.#seen.includes(envelopeId) || taken.includes(envelopeId)) continue
      taken.push(envelopeId)
      const opened = await this.engine.sessions.receive(batch.step, bytes)
      if (!opened) continue
      if (opened.wasInitial) toAnswer.set(opened.peer.deviceId, opened.peer)
      await this.#takePacket(batch, opened)
    }
    for (const peer of toAnswer.values()) await this.engine.envelopes.acknowledgeInitial(batch.step, peer)
  }

  #isOwnDevice({ accountId, deviceId }: Peer): boolean {
    const { identity, keyLog } = this.parts
    return accountId === identity.accountId && keyLog.device(accountId, deviceId)?.status === 'active'
  }

  async #takePacket(batch: Batch, { peer, packet }: OpenedFrame): Promise<void> {
    const { step } = batch
    const { opener, waiting, arrivals, chains } = this.engine
    switch (packet.kind) {
      case 'content-key': {
        opener.holdKey(step, peer, packet)
        const bodies = await waiting.of(step, idFromBytes(packet.convId), idFromBytes(packet.msgId))
        await arrivals.wake(batch, bodies)
        waiting.hasten(step, bodies)
        return
      }
      case 'sender-key': {
        const chainId = await chains.accept(step, peer, packet).catch((error: unknown) => {
          if (error instanceof DecryptionFailed) return null
          throw error
        })
        if (!chainId) return
        const bodies = await waiting.ofChain(step, chainId)
        await arrivals.wake(batch, bodies)
        waiting.hasten(step, bodies)
        return
      }
      case 'chain-request':
      case 'retry-request':
        batch.requests.push({ peer, packet })
        return
      case 'own-device-sync':
        // A device that ended still has its sessions; what it says about keys is a thief's word.
        if (this.#isOwnDevice(peer)) batch.syncs.push({ peer, content: packet.content })
        return
      case 'history-bundle':
        this.engine.history.offer(step, peer, packet)
        return
      case 'session-ack':
        return
    }
  }

  /** Typing: shown, never stored. In a direct conversation its key comes along. */
  async #takeTransient(batch: Batch, { conversationId, body, frame }: FrameOf<'transient'>): Promise<void> {
    const { step } = batch
    const { opener, sessions, conversations, typing } = this.engine
    const record = await conversations.read(step, conversationId)
    if (!record || readHeader(conversationId, body)?.class !== 3) return
    const opened = frame ? await sessions.receive(step, frame) : null
    if (opened?.packet.kind === 'content-key') opener.holdKey(step, opened.peer, opened.packet)
    const standing = { archive: null, seq: 0, floor: this.engine.lateness.floor(conversationId) }
    const opening = await opener.open(step, record, body, standing)
    if (opening.outcome !== 'opened' || opening.body.plaintext.contentType !== contentTypes.typing) return
    const sender = idFromBytes<AccountId>(opening.body.plaintext.senderUser)
    if (sender !== this.parts.identity.accountId) step.afterwards(() => typing.show(conversationId, sender))
  }
}

/** Of the sessions with other devices. */
function framesIn(sealed: Sealed): Uint8Array[] {
  if (sealed.type === 'envelopes') return sealed.items.map(({ frame }) => frame)
  return sealed.type === 'transient' && sealed.frame ? [sealed.frame] : []
}
