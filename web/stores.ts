import { atom, computed, type WritableAtom } from 'nanostores'
import type { ClientEvent, Connection, Conversation, HomeState, Me, Person, Phase } from '../src/client/api.ts'
import type { LinkView } from '../src/client/care-api.ts'
import type { AccountId, ConversationId } from '../src/protocol/ids.ts'
import { mergeMessages, type Thread, trimToNewest } from './thread.ts'

/** What the client's events say, and nothing else: only applyEvent and the thread's own actions write here. */
export const $phase = atom<Phase>({ name: 'starting' })
export const $connection = atom<Connection>({ state: 'connecting', nextTryAt: null })
export const $me = atom<Me | null>(null)
export const $home = atom<HomeState | null>(null)
export const $people = atom<ReadonlyMap<AccountId, Person>>(new Map())
/** Newest first; null until the client told for the first time. */
export const $conversations = atom<readonly Conversation[] | null>(null)
export const $conversationsById = computed(
  $conversations,
  (list): ReadonlyMap<ConversationId, Conversation> => new Map(list?.map((one) => [one.conversationId, one])),
)
export const $unreadTotal = computed(
  $conversations,
  (list) => list?.reduce((sum, one) => sum + one.unreadCount, 0) ?? 0,
)

/** Two devices being linked, seen from this one. */
export const $linking = atom<LinkView | null>(null)

export type Progress = Extract<ClientEvent, { type: 'progress' }>
export const $progress = atom<Progress | null>(null)

const threads = new Map<ConversationId, WritableAtom<Thread | null>>()
const keptThreads = 24

/** The loaded window of a conversation's messages; null until it was opened. */
export function threadOf(conversationId: ConversationId): WritableAtom<Thread | null> {
  const $thread = threads.get(conversationId) ?? atom<Thread | null>(null)
  threads.delete(conversationId)
  threads.set(conversationId, $thread)
  return $thread
}

/** Keeps the newest page of a thread nobody looks at any more, so that it opens at once, and forgets the oldest such. */
export function leaveThread(conversationId: ConversationId): void {
  const $thread = threadOf(conversationId)
  const isFilled = $conversationsById.get().get(conversationId)?.isFilled
  $thread.set(isFilled ? trimToNewest($thread.get()) : null)
  for (const [id, $old] of threads) {
    if (threads.size <= keptThreads) break
    if ($old.lc === 0) threads.delete(id)
  }
}

type Appliers = { [Type in ClientEvent['type']]: (event: Extract<ClientEvent, { type: Type }>) => void }

const appliers: Appliers = {
  phase: ({ phase }) => $phase.set(phase),
  connection: ({ connection }) => $connection.set(connection),
  me: ({ me }) => $me.set(me),
  home: ({ home }) => $home.set(home),
  people: ({ people }) => $people.set(new Map(people.map((person) => [person.accountId, person]))),
  conversations: ({ conversations }) => $conversations.set([...conversations].sort((a, b) => b.activeAt - a.activeAt)),
  progress: (event) => $progress.set(event.done < event.total ? event : null),
  linking: ({ linking }) => $linking.set(linking),
  messages: ({ conversationId, items, removedIds }) => {
    const $thread = threads.get(conversationId)
    const thread = $thread?.get()
    if (thread) $thread?.set(mergeMessages(thread, items, removedIds))
  },
}

export function applyEvent(event: ClientEvent): void {
  const apply = appliers[event.type] as (event: ClientEvent) => void
  apply(event)
}
