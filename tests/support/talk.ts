import type { Conversation, MessageView } from '../../src/client/api.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { type ConversationId, idFromBytes, type MessageId } from '../../src/protocol/ids.ts'
import type { Member } from './member.ts'

export function newMessageId(): MessageId {
  return idFromBytes<MessageId>(systemRandom(16))
}

/** Says it; resolves with its id once it is safely in the outbox. */
export async function say(member: Member, id: ConversationId, text: string): Promise<MessageId> {
  const messageId = newMessageId()
  await member.client.sendText(id, messageId, text)
  return messageId
}

/** The newest state of every message that was ever shown to this face. */
export function shown(member: Member, id: ConversationId): Map<MessageId, MessageView> {
  const views = new Map<MessageId, MessageView>()
  for (const event of member.events) {
    if (event.type !== 'messages' || event.conversationId !== id) continue
    for (const item of event.items) views.set(item.messageId, item)
    for (const removed of event.removedIds) views.delete(removed)
  }
  return views
}

/** Waits until a message of this text was shown. */
export function hears(member: Member, id: ConversationId, text: string): Promise<MessageView> {
  return member.until(`"${text}"`, (self) => [...shown(self, id).values()].find((view) => view.text === text))
}

export function untilState(
  member: Member,
  id: ConversationId,
  messageId: MessageId,
  state: string,
): Promise<MessageView> {
  return member.until(`${messageId} to be ${state}`, (self) => {
    const view = shown(self, id).get(messageId)
    return view?.state === state ? view : null
  })
}

export function conversation(member: Member, id: ConversationId): Conversation | null {
  return member.view.conversations?.conversations.find((held) => held.conversationId === id) ?? null
}

export function knows(member: Member, id: ConversationId): Promise<Conversation> {
  return member.until('the conversation', (self) => conversation(self, id))
}

/** What the thread says, oldest first: texts, and notices by their kind in brackets. */
export async function thread(member: Member, id: ConversationId, limit = 100): Promise<string[]> {
  const { items } = await member.client.openThread(id, limit)
  return items.map((item) => (item.kind === 'text' ? item.text : `[${item.notice?.kind ?? item.kind}]`))
}

/** Whether anything this device was ever shown, or has at rest, holds these words. */
export function wasTold(member: Member, words: string): boolean {
  return member.events.some((event) => JSON.stringify(event).includes(words))
}
