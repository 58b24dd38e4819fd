import { type AccountId, idFromBytes, type MessageId } from '../protocol/ids.ts'
import { type Arrival, type Arrivals, isStored } from './arrivals.ts'
import type { Batch } from './batch.ts'
import { readHeader } from './body-opener.ts'
import type { Conversations } from './conversations.ts'
import { countUnread } from './marks.ts'
import type { MessageStore } from './message-store.ts'
import { withPreview } from './previews.ts'
import type { WaitingBody, WaitingRoom } from './waiting-room.ts'

export type PlaceTools = {
  arrivals: Arrivals
  conversations: Conversations
  store: MessageStore
  waiting: WaitingRoom
  selfId: AccountId
}

/** The home's page shows another body under the number of one that waits: what came first was damaged on the way. */
export async function takeInstead(
  tools: PlaceTools,
  batch: Batch,
  damaged: WaitingBody,
  arrival: Arrival,
): Promise<void> {
  const { arrivals, store, waiting } = tools
  const { conversationId: id, messageId } = damaged
  const header = readHeader(id, arrival.body)
  if (!isStored(header)) return
  const genuineId = idFromBytes<MessageId>(header.msgId)
  if (genuineId === messageId) return arrivals.wake(batch, [{ ...damaged, body: arrival.body }], arrival.archive)
  // A message that stands elsewhere already is no reason to drop the place of another.
  if (waiting.has(id, genuineId) || (await store.has(batch.step, id, genuineId))) return
  await dropLine(tools, batch, damaged)
  await arrivals.takeNew(batch, id, arrival)
}

/** Two lines must not share a key: the place of the id that never was goes before the message comes. */
async function dropLine({ waiting, store, conversations, selfId }: PlaceTools, batch: Batch, damaged: WaitingBody) {
  const { step } = batch
  const { conversationId: id, messageId } = damaged
  waiting.remove(step, damaged)
  if (!(await store.has(step, id, messageId))) return
  await store.remove(step, id, messageId)
  batch.drop(id, messageId)
  const record = await conversations.read(step, id)
  if (!record) return
  const [newest] = await store.before(step, id, null, 1)
  const bare = record.preview?.messageId === messageId ? { ...record, preview: null } : record
  const shown = newest && bare.preview === null ? withPreview(bare, newest) : bare
  const inbound = record.inboundId === messageId ? { inboundId: null, inboundKey: '' } : {}
  const unreadCount = await countUnread(store, step, record, selfId)
  conversations.write(step, { ...shown, ...inbound, unreadCount })
}
