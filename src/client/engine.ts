import { encodeOwnDeviceSync } from '../crypto/packets.ts'
import type { ConversationId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { Announcer } from './announcer.ts'
import { ClientFailure } from './api.ts'
import { ArchiveQueue } from './archive-queue.ts'
import { Arrivals } from './arrivals.ts'
import { Asking } from './asking.ts'
import { BodyOpener } from './body-opener.ts'
import { CatchUp } from './catch-up.ts'
import { ChainShelf } from './chains.ts'
import { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import { memberIds } from './conversation-record.ts'
import { Conversations } from './conversations.ts'
import { Disappearing } from './disappearing.ts'
import { EnvelopeQueue } from './envelope-queue.ts'
import { createHistory } from './export-history.ts'
import { Greeting } from './greeting.ts'
import { GroupCommands } from './group-commands.ts'
import { Healing } from './heal.ts'
import { HistorySharing } from './history-sharing.ts'
import { HistoryTaking } from './history-taking.ts'
import { Inbox } from './inbox.ts'
import { Intake } from './intake.ts'
import { pruneBodies } from './kept-bodies.ts'
import { Lateness } from './lateness.ts'
import { adminIds, isPresent } from './membership.ts'
import { MessageStore } from './message-store.ts'
import { Outbox } from './outbox.ts'
import type { AccountParts, Engine } from './parts.ts'
import { PeerRequests } from './peer-requests.ts'
import { Receipts } from './receipts.ts'
import { Sealer } from './sealer.ts'
import { SessionPool } from './sessions.ts'
import { Steps } from './steps.ts'
import { withStoppableClock } from './stoppable-clock.ts'
import { Threads } from './threads.ts'
import { Typing } from './typing.ts'
import { VoucherShelf } from './voucher-shelf.ts'
import { WaitingRoom } from './waiting-room.ts'

/** Puts the messaging half of a device together. Nothing runs before `open` and `start`. */
export function createEngine(outer: ClientContext, parts: AccountParts): Engine {
  const { context, stop: stopTimers } = withStoppableClock(outer)
  const steps = new Steps(context)
  const connection = new SocketConnection(context, parts.login)
  const conversations = new Conversations(context, parts, steps)
  const sessions = new SessionPool(context, parts, steps)
  const vouchers = new VoucherShelf(context, parts, connection)
  const chains = new ChainShelf(context, parts, vouchers)
  const store = new MessageStore(context)
  const waiting = new WaitingRoom(context)
  const archive = new ArchiveQueue(context, parts, connection, vouchers)
  const envelopes = new EnvelopeQueue(context, connection, sessions, steps)
  const sealer = new Sealer(context, parts, steps, conversations, sessions, chains, archive)
  const disappearing = new Disappearing(context, parts, steps, conversations, store)
  const outbox = new Outbox(context, parts, steps, connection, conversations, sealer, chains, store, disappearing)
  const typing = new Typing(context, connection, sealer)
  const announcer = new Announcer(context, parts, conversations, {
    pending: (id) => outbox.pending(id),
    typing: (id) => typing.of(id),
  })
  const requests = new PeerRequests(context, parts, steps, conversations, sessions, chains, envelopes)
  const receipts = new Receipts(context, parts, steps, conversations, store, outbox)
  const intake = new Intake(parts, steps, {
    ...{ announcer, typing },
    answer: (request) => requests.answer(request),
    refreshEntries: async (id, witness) => {
      await conversations.refreshEntries(id, witness)
      // They may have come by another way meanwhile: what waits for them is to be looked at in either case.
      conversations.onEntries(id)
    },
    acknowledge: (id) => receipts.schedule(id),
  })
  const lateness = new Lateness(parts)
  const opener = new BodyOpener(context, parts, chains, lateness)
  const isOwnPending = outbox.isPending.bind(outbox)
  const arrivals = new Arrivals(
    ...([context, parts, conversations, store, opener, waiting, archive, disappearing, isOwnPending] as const),
  )
  const history = new HistoryTaking(context, parts, connection, conversations, arrivals, intake, vouchers)
  const sharing = new HistorySharing(context, parts, connection, conversations, vouchers, archive, envelopes)
  const inbox = new Inbox(context, parts, {
    ...{ arrivals, chains, connection, conversations, envelopes, history },
    ...{ intake, lateness, opener, sessions, typing, waiting },
  })
  const drained = () => inbox.drained()
  const catchUp = new CatchUp(context, parts, connection, conversations, store, arrivals, intake, drained)
  const asking = new Asking(context, steps, connection, intake, requests, {
    ...{ arrivals, conversations, store, waiting, selfId: parts.identity.accountId },
  })
  const healing = new Healing(context, parts, steps, connection, conversations, archive, vouchers)
  const groups = new GroupCommands(context, parts, conversations, outbox, sharing)
  const threads = new Threads(parts, steps, conversations, store, outbox, announcer, catchUp)
  const greeting = new Greeting({
    ...{ context, parts, connection, conversations, inbox, intake, arrivals, waiting, outbox },
    ...{ lateness, envelopes, archive, asking, catchUp, healing, announcer, requests, sessions, typing, disappearing },
    ...{ history, sharing, vouchers },
  })
  greeting.connect()

  async function forgetOld(): Promise<void> {
    const now = context.platform.clock.now()
    const timerOf = (id: ConversationId) => conversations.find(id)?.expirySeconds ?? 0
    await Promise.all([chains.prune(timerOf), requests.prune(), waiting.prune(), pruneBodies(context.store, now)])
  }

  return {
    commands: {
      openDirect: (accountId) => groups.openDirect(accountId),
      createGroup: (name, photo, memberIdList) => groups.createGroup(name, photo, memberIdList),
      renameGroup: (id, name) => groups.rename(id, name),
      setGroupPhoto: (id, photo) => groups.setPhoto(id, photo),
      addMembers: (id, members) => groups.addMembers(id, members),
      removeMember: (id, memberId) => groups.removeMember(id, memberId),
      setAdmin: (id, memberId, isAdmin) => groups.setAdmin(id, memberId, isAdmin),
      leaveGroup: (id) => groups.leave(id),
      setDisappearing: (id, expirySeconds) => groups.setDisappearing(id, expirySeconds),
      setHistoryPolicy: (id, policy) => groups.setHistoryPolicy(id, policy),
      openThread: (id, limit) => threads.openThread(id, limit),
      loadOlder: (id, key, limit) => threads.loadOlder(id, key, limit),
      loadNewer: (id, key, limit) => threads.loadNewer(id, key, limit),
      sendText: (id, messageId, text) => {
        const { isMember, peerId } = conversations.get(id)
        if (!isMember) return Promise.reject(new ClientFailure('not_allowed'))
        const peer = peerId ? parts.people.find(peerId) : null
        if (peer?.wasReset) return Promise.reject(new ClientFailure('was_reset'))
        if (peer && peer.leftAt !== null) return Promise.reject(new ClientFailure('person_left'))
        if (text.length > limits.maxTextLength) return Promise.reject(new ClientFailure('too_large'))
        return outbox.send(id, { kind: 'text', text }, { messageId })
      },
      retryMessage: (messageId) => outbox.retry(messageId),
      discardMessage: (messageId) => outbox.discard(messageId),
      setTyping: (id) => {
        // Nobody waits for it: what cannot be told now is not worth telling later.
        typing.send(id).catch((error: unknown) => {
          if (!(error instanceof ClientFailure)) console.error('typing', error)
        })
      },
      markRead: (id, messageId) => receipts.markRead(id, messageId),
      setActive: (isActive) => {
        if (isActive) disappearing.sweepSoon()
        connection.setActive(isActive)
      },
      reconnect: () => {
        disappearing.sweepSoon()
        connection.reconnect()
      },
    },
    async open() {
      await Promise.all([conversations.open(), sessions.open(), envelopes.open(), outbox.open(), waiting.open()])
      await sessions.dropEnded()
      await Promise.all([inbox.open(), forgetOld()])
      await disappearing.open()
      announcer.replay()
      connection.replay()
    },
    start: () => connection.start(),
    async upkeep() {
      await forgetOld()
      asking.askSoon(false)
    },
    async stop() {
      outbox.stop()
      disappearing.stop()
      asking.stop()
      connection.stop()
      stopTimers()
      await inbox.drained()
      await steps.settled()
    },
    sendPayload: (id, payload) => outbox.send(id, payload),
    async sendSync(content) {
      const { accountId, deviceId } = parts.identity
      const others = parts.keyLog.activeDevices(accountId).filter((device) => device.deviceId !== deviceId)
      await envelopes.send(others, encodeOwnDeviceSync(content))
    },
    flushArchive: () => archive.flush(),
    entries: (id) => conversations.entriesFrom(id, 0),
    createOpenGroup: (name) => groups.createOpenGroup(name),
    membership(id: ConversationId) {
      const record = conversations.find(id)
      if (record?.kind !== 'group') return null
      const selfId = parts.identity.accountId
      const admins = adminIds(record, parts)
      const present = memberIds(record, selfId).filter((accountId) => isPresent(record, accountId, parts))
      const members = present.map((accountId) => ({ accountId, isAdmin: admins.includes(accountId) }))
      const { isMember, group } = record
      return { members, isAdmin: admins.includes(selfId), isMember, isOpen: group?.kind === 'open' }
    },
    history: createHistory({ parts, steps, connection, conversations, store, outbox, announcer, catchUp }),
    replay() {
      connection.replay()
      announcer.replay()
    },
  }
}
