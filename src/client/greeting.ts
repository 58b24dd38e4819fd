import type { ConversationId } from '../protocol/ids.ts'
import type { ChangedThing, ServerFrame } from '../protocol/socket.ts'
import type { Announcer } from './announcer.ts'
import { ClientFailure } from './api.ts'
import type { ArchiveQueue } from './archive-queue.ts'
import type { Arrivals } from './arrivals.ts'
import type { Asking } from './asking.ts'
import type { CatchUp } from './catch-up.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import type { Conversations } from './conversations.ts'
import type { Disappearing } from './disappearing.ts'
import type { EnvelopeQueue } from './envelope-queue.ts'
import type { Healing } from './heal.ts'
import type { HistorySharing } from './history-sharing.ts'
import type { HistoryTaking } from './history-taking.ts'
import type { Inbox } from './inbox.ts'
import type { Intake } from './intake.ts'
import type { Lateness } from './lateness.ts'
import type { Outbox } from './outbox.ts'
import type { AccountParts } from './parts.ts'
import type { PeerRequests } from './peer-requests.ts'
import type { SessionPool } from './sessions.ts'
import type { Typing } from './typing.ts'
import type { VoucherShelf } from './voucher-shelf.ts'
import type { WaitingRoom } from './waiting-room.ts'

type FrameOf<Type extends ServerFrame['type']> = Extract<ServerFrame, { type: Type }>
const TRY_AGAIN_MS = 10_000
const OFFER_EVERY_MS = 60_000
const HEALS_WITHIN_MS = 24 * 3_600_000
/** Since when this device tries to heal the home. */
const HEALING_ROW = 'healing-since'

export type GreetingParts = {
  context: ClientContext
  parts: AccountParts
  connection: SocketConnection
  conversations: Conversations
  inbox: Inbox
  intake: Intake
  arrivals: Arrivals
  waiting: WaitingRoom
  outbox: Outbox
  lateness: Lateness
  envelopes: EnvelopeQueue
  archive: ArchiveQueue
  asking: Asking
  catchUp: CatchUp
  healing: Healing
  announcer: Announcer
  requests: PeerRequests
  sessions: SessionPool
  typing: Typing
  disappearing: Disappearing
  history: HistoryTaking
  sharing: HistorySharing
  vouchers: VoucherShelf
}

/** Who is told what: hands frames to their readers, and brings the device up to date after each welcome. */
export class Greeting {
  #isGreeting = false
  #offeredAt = 0

  constructor(private readonly all: GreetingParts) {}

  connect(): void {
    const { connection, conversations, inbox, waiting, outbox, announcer, sessions, typing, parts } = this.all
    const { disappearing } = this.all
    connection.onFrame = (frame) => this.#take(frame)
    connection.onLost = () => this.#lost()
    connection.onRefusedEntry = (error) => this.#refusedEntry(error)
    conversations.onChanged = (id) => {
      announcer.conversations()
      disappearing.recordChanged(id)
    }
    disappearing.onChanged = (id, lines, removedIds) => announcer.messages(id, lines, removedIds)
    conversations.onNew = (id, lastSeq) => this.#attempt(this.#fill(id, lastSeq))
    conversations.onEntries = (id) => this.#attempt(this.#entriesCame(id))
    inbox.onGap = (id, seq) => this.#attempt(this.#fillGap(id, seq))
    waiting.onAdded = () => this.all.asking.start()
    outbox.onChanged = (id, lines, removedIds) => announcer.messages(id, lines, removedIds)
    sessions.onBroken = (peer) => {
      this.#attempt(this.all.requests.renewSession(peer).then(() => this.all.asking.askSoon(true)))
    }
    typing.onChanged = () => announcer.conversations()
    parts.people.onChanged(() => announcer.conversations())
  }

  #take(frame: ServerFrame): void {
    const { inbox, parts, conversations, typing, lateness } = this.all
    if (frame.type === 'envelopes' || frame.type === 'message' || frame.type === 'transient') inbox.push(frame)
    else if (frame.type === 'welcome') {
      this.#attempt(inbox.inTurn(() => this.#sawWelcome(frame)))
      this.#attempt(this.#greet(frame))
    } else if (frame.type === 'logGrew') {
      this.#attempt(
        inbox.inTurn(async () => {
          await parts.keyLog.applyGrown(frame.from, frame.entries, frame.treeHead)
          lateness.sawLog(frame.from + frame.entries.length)
          if (!this.#isGreeting && frame.entries.length > 0) await this.all.sessions.dropEnded()
        }),
      )
    } else if (frame.type === 'conversationGrew') {
      const { conversationId, index, entry } = frame
      this.#attempt(
        inbox.inTurn(async () => {
          await conversations.applyGrown(conversationId, index, entry)
          lateness.sawEntry(conversationId, index)
        }),
      )
    } else if (frame.type === 'presence') {
      typing.setOnline(frame.accountId, frame.deviceIds)
      parts.people.setOnline(frame.accountId, frame.deviceIds, frame.isActive)
    } else if (frame.type === 'signedOut') parts.login.end(frame.code)
    else if (frame.type === 'changed') {
      if (frame.what === 'conversations') this.#attempt(conversations.refreshList())
      parts.onChanged(frame.what as ChangedThing)
    }
  }

  /** Nothing of this line came before it, and all of the one before was taken in. */
  async #sawWelcome(frame: FrameOf<'welcome'>): Promise<void> {
    const { lateness, catchUp, parts } = this.all
    lateness.sawWelcome(frame)
    if (parts.home.incarnation() === frame.incarnation) await catchUp.forgetUncounted(frame.conversations)
  }

  async #greet(frame: FrameOf<'welcome'>): Promise<void> {
    const { parts, outbox, context, connection } = this.all
    const known = parts.home.incarnation()
    this.#isGreeting = true
    try {
      if (known !== null && known !== frame.incarnation) await this.#heal(frame)
      else {
        if (known === null) await parts.home.rememberIncarnation(frame.incarnation, null)
        await parts.keyLog.applyGrown(parts.keyLog.head().size, [], frame.treeHead)
      }
      outbox.isPaused = false
      await this.#catchUp(frame)
    } catch (error) {
      if (outbox.isPaused) await this.#countHealing()
      if (!(error instanceof ClientFailure) || error.code !== 'offline') {
        context.platform.clock.schedule(TRY_AGAIN_MS, () => {
          if (connection.isOnline) this.#attempt(this.#greet(frame))
        })
      }
      throw error
    } finally {
      this.#isGreeting = false
    }
    parts.onCaughtUp()
  }

  async #heal(frame: FrameOf<'welcome'>): Promise<void> {
    const { parts, outbox, inbox, healing, context } = this.all
    outbox.isPaused = true
    await inbox.forgetEnvelopes()
    await healing.run(frame)
    // The head of the greeting is that of before: only what the home shows now tells whether it took back what it lost.
    await parts.keyLog.refresh()
    await context.store.commit([{ table: 'device', key: HEALING_ROW, value: null }])
  }

  /** A home may be restored; one that says so and for a day takes back nothing hides what it lost (PROTOCOL 4.14). */
  async #countHealing(): Promise<void> {
    const { context, parts } = this.all
    const now = context.platform.clock.now()
    const since = await context.store.get<number>('device', HEALING_ROW)
    if (since === null) await context.store.commit([{ table: 'device', key: HEALING_ROW, value: now }])
    else if (now - since >= HEALS_WITHIN_MS) {
      const detail = 'the home says that it was restored, and takes nothing back'
      parts.raiseAlarm({ kind: 'rollback', personId: null, deviceId: null, detail })
    }
  }

  async #catchUp({ conversations: listed }: FrameOf<'welcome'>): Promise<void> {
    const { conversations, outbox, envelopes, archive, asking } = this.all
    const isUnknown = ({ conversationId }: { conversationId: ConversationId }) =>
      !conversations.find(conversationId)?.isMember
    const held = conversations.all().filter((record) => record.isMember).length
    if (listed.some(isUnknown) || held > listed.length) await conversations.refreshList()
    for (const { conversationId, entryCount } of listed) {
      const record = conversations.find(conversationId)
      if (record && entryCount > record.heads.length) await conversations.refreshEntries(conversationId)
    }
    envelopes.flushSoon()
    outbox.pumpAll()
    const activeAt = (id: ConversationId) => conversations.find(id)?.activeAt ?? 0
    const newestFirst = [...listed].sort(
      (left, right) => activeAt(right.conversationId) - activeAt(left.conversationId),
    )
    for (const { conversationId, lastSeq } of newestFirst) await this.#fill(conversationId, lastSeq)
    await this.all.vouchers.archiveHeld()
    archive.schedule()
    asking.start()
    this.all.sharing.pump()
    this.all.history.pump()
  }

  async #fill(id: ConversationId, lastSeq: number): Promise<void> {
    if (this.all.connection.isOnline) await this.all.catchUp.fill(id, lastSeq)
  }

  async #fillGap(id: ConversationId, seq: number): Promise<void> {
    if (this.all.connection.isOnline) await this.all.catchUp.fillGap(id, seq)
  }

  /** New entries: their lines, and what could not be opened before them. */
  async #entriesCame(id: ConversationId): Promise<void> {
    const { catchUp, intake, waiting, arrivals } = this.all
    if (!this.#isGreeting && !catchUp.isRunning(id)) await catchUp.placeRest(id)
    if (waiting.isEmpty) return
    await intake.run(async (batch) => arrivals.wake(batch, await waiting.ofConversation(batch.step, id)))
  }

  #lost(): void {
    const { parts, typing, asking } = this.all
    parts.people.forgetOnline()
    typing.forgetOnline()
    asking.stop()
  }

  /** A home restored from a backup may not know this device: it must be told of it before it lets it in. */
  #refusedEntry(error: unknown): void {
    const isUnknown =
      error instanceof ClientFailure && ['not_signed_in', 'not_found', 'bad_signature'].includes(error.code)
    const { healing, connection, context } = this.all
    const now = context.platform.clock.now()
    if (!isUnknown || now - this.#offeredAt < OFFER_EVERY_MS) return
    this.#offeredAt = now
    this.#attempt(healing.offerLog().then((hasGrown) => hasGrown && connection.reconnect()))
  }

  /** What failed for want of a network is done again at the next welcome. */
  #attempt(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!(error instanceof ClientFailure)) console.error('engine', String(error))
    })
  }
}
