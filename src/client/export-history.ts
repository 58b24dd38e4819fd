import type { ConversationId } from '../protocol/ids.ts'
import type { Announcer } from './announcer.ts'
import { ClientFailure, type Conversation, type MessageView } from './api.ts'
import type { CatchUp } from './catch-up.ts'
import type { SocketConnection } from './connection.ts'
import type { Conversations } from './conversations.ts'
import type { MessageStore } from './message-store.ts'
import type { Outbox } from './outbox.ts'
import { lineOf } from './outbox-row.ts'
import type { AccountParts } from './parts.ts'
import type { Steps } from './steps.ts'

/** How much of a conversation is on this device, counted in messages of the home. */
export type HistoryState = { held: number; total: number; isWhole: boolean }

/** What an archive is made from: whole conversations, read in pieces. */
export type History = {
  /** Those that were left too. */
  conversations(): Conversation[]
  state(id: ConversationId): HistoryState
  /** One older page from the home. Rejects with ClientFailure offline where the home cannot be asked. */
  fetchOlder(id: ConversationId): Promise<void>
  /** The next lines behind this key, oldest first. */
  read(id: ConversationId, afterKey: string, limit: number): Promise<MessageView[]>
  /** Own words that the home has not confirmed. */
  unsent(id: ConversationId): MessageView[]
}

type Needs = {
  parts: AccountParts
  steps: Steps
  connection: SocketConnection
  conversations: Conversations
  store: MessageStore
  outbox: Outbox
  announcer: Announcer
  catchUp: CatchUp
}

export function createHistory(needs: Needs): History {
  const { parts, steps, connection, conversations, store, outbox, announcer, catchUp } = needs
  return {
    conversations: () => announcer.list(),
    state(id) {
      const { oldestSeq, lastSeq, firstSeq, hasOlder, isMember } = conversations.get(id)
      const total = Math.max(0, lastSeq - firstSeq + 1)
      // Who is no member any more gets nothing older from the home.
      const isWhole = !hasOlder || !isMember
      const held = oldestSeq === 0 ? 0 : Math.min(total, lastSeq - oldestSeq + 1)
      return { held: isWhole ? total : held, total, isWhole }
    },
    async fetchOlder(id) {
      if (!connection.isOnline) throw new ClientFailure('offline')
      await catchUp.older(id)
    },
    async read(id, afterKey, limit) {
      const record = conversations.get(id)
      const lines = await steps.run((step) => store.after(step, id, afterKey, limit))
      return lines.map((line) => announcer.view(record, line))
    },
    unsent(id) {
      const record = conversations.get(id)
      return outbox.pending(id).map((row) => announcer.view(record, lineOf(row, parts.identity.accountId)))
    },
  }
}
