import type { Conversation, HomeState, Me, MessageView, Notice, Person, Preview } from '../../../../src/client/api.ts'
import type { AccountId, ConversationId, DeviceId, MessageId } from '../../../../src/protocol/ids.ts'

/** The Lindqvists, as in the design's screens. Times are fixed so that two pictures of one screen are the same. */
export const now = new Date(2026, 10, 18, 9, 36).getTime()
const minute = 60_000
const day = 86_400_000

const padId = (name: string) => name.padEnd(21, '-').concat('A')
export const account = (name: string) => padId(name) as AccountId
export const conversationId = (name: string) => padId(name) as ConversationId

export const me: Me = {
  accountId: account('sofia'),
  deviceId: padId('laptop') as DeviceId,
  signInName: 'sofia',
  name: 'Sofia Lindqvist',
  photo: null,
  role: 'host',
  isKitConfirmed: false,
  isKitDue: false,
}

export const home: HomeState = {
  name: 'The Lindqvists',
  version: '0.1.0',
  familyConversationId: conversationId('family'),
  restored: null,
}

type PersonFacts = Partial<Pick<Person, 'isOnline' | 'verified' | 'role' | 'wasReset' | 'leftAt'>>
let joined = 0
function person(id: string, name: string, facts: PersonFacts = {}): Person {
  const base = { isOnline: false, verified: 'invite' as const, role: 'member' as const, wasReset: false, leftAt: null }
  return {
    accountId: account(id),
    name,
    signInName: id,
    photo: null,
    joinedAt: now - 90 * day + ++joined,
    ...base,
    ...facts,
  }
}

export const people: Person[] = [
  person('sofia', 'Sofia Lindqvist', { verified: 'self', role: 'host', isOnline: true }),
  person('anna', 'Anna', { isOnline: true, verified: 'numbers' }),
  person('joe', 'Grandpa Joe'),
  person('lena', 'Lena', { isOnline: true }),
  person('tom', 'Tom', { verified: 'vouched' }),
  person('mara', 'Aunt Mara', { verified: null }),
  person('noor', 'Noor', { isOnline: true }),
  person('erik', 'Uncle Erik', { wasReset: true, verified: null }),
  person('gustav', 'Gustav', { leftAt: now - 9 * day }),
]

type Facts = Partial<Omit<Conversation, 'preview' | 'conversationId' | 'members'>> & { preview?: Partial<Preview> }
function conversation(id: string, members: string[], activeAt: number, facts: Facts): Conversation {
  const preview: Preview = {
    messageId: padId(`last-${id}`) as MessageId,
    kind: 'text',
    text: '',
    senderId: account(members.at(-1)!),
    sentAt: activeAt,
    state: null,
    notice: null,
    ...facts.preview,
  }
  return {
    conversationId: conversationId(id),
    kind: members.length > 2 ? 'group' : 'direct',
    isFamily: false,
    title: '',
    photo: null,
    isAdmin: true,
    isMember: true,
    isFilled: true,
    unreadCount: 0,
    expirySeconds: 0,
    historyPolicy: 'none',
    typing: [],
    members: members.map((name, index) => ({ accountId: account(name), isAdmin: index === 0 })),
    activeAt,
    ...facts,
    preview,
  }
}

const everybody = ['sofia', 'anna', 'joe', 'lena', 'tom', 'noor']
const own = (text: string, state: Preview['state']): Partial<Preview> => ({ text, state, senderId: me.accountId })
export const conversations: Conversation[] = [
  conversation('family', everybody, now - minute, {
    title: 'The Lindqvists',
    isFamily: true,
    typing: [account('lena')],
    preview: own('Perfect, thank you Tom!', 'delivered'),
  }),
  conversation('anna', ['sofia', 'anna'], now - 8 * minute, {
    title: 'Anna',
    unreadCount: 2,
    preview: { text: 'Did you see my message about the keys?' },
  }),
  conversation('joe', ['sofia', 'joe'], now - 41 * minute, {
    title: 'Grandpa Joe',
    unreadCount: 1,
    preview: { text: 'The bees are back 🐝' },
  }),
  conversation('school', ['sofia', 'lena', 'tom', 'noor'], now - day, {
    title: 'Kids & School',
    unreadCount: 5,
    preview: { text: 'The trip form is due on Friday, can someone sign it?' },
  }),
  conversation('tom', ['sofia', 'tom'], now - day - 60 * minute, {
    title: 'Tom',
    preview: own('Sounds good, see you then!', 'read'),
  }),
  conversation('mara', ['sofia', 'mara'], now - day - 90 * minute, {
    title: 'Aunt Mara',
    preview: { kind: 'waiting' },
  }),
  conversation('summer', ['sofia', 'tom', 'mara'], now - 3 * day, {
    title: 'Summer house',
    unreadCount: 12,
    preview: { text: 'Plumber is booked for the 14th', senderId: account('tom') },
  }),
  conversation('recipes', ['sofia', 'mara', 'joe'], now - 4 * day, {
    title: 'Recipes',
    preview: own('Saving this one for Christmas', 'delivered'),
  }),
  conversation('notes', ['sofia'], now - 5 * day, {
    kind: 'direct',
    preview: own('Passport renewal, dentist, bike pump', null),
  }),
  conversation('erik', ['sofia', 'erik'], now - 9 * day, {
    title: 'Uncle Erik',
    preview: { text: 'Haha, exactly that' },
  }),
  conversation('gustav', ['sofia', 'gustav'], now - 10 * day, {
    title: 'Gustav',
    preview: { text: 'Thank you for everything, I am off to sea' },
  }),
  conversation('books', ['sofia', 'mara', 'anna'], now - 11 * day, {
    title: 'Book club',
    isMember: false,
    isAdmin: false,
    preview: { text: 'Next up: “The Summer Book”' },
  }),
]

let order = 0
type MessageFacts = Partial<Pick<MessageView, 'kind' | 'state' | 'reason'>> & { notice?: Notice }
function message(sender: string, sentAt: number, text: string, facts: MessageFacts = {}): MessageView {
  order++
  return {
    messageId: padId(`m${order}`) as MessageId,
    conversationId: conversationId('family'),
    senderId: account(sender),
    kind: 'text',
    text,
    notice: null,
    sentAt,
    isOwn: sender === 'sofia',
    state: sender === 'sofia' ? 'read' : null,
    reason: null,
    expirySeconds: 0,
    expiresAt: null,
    orderKey: String(order).padStart(8, '0'),
    ...facts,
  }
}

const at = (hours: number, minutes: number, daysBack = 0) => new Date(2026, 10, 18 - daysBack, hours, minutes).getTime()
const added: Notice = { kind: 'added', actorId: account('anna'), subjectId: account('noor') }
export const familyThread: MessageView[] = [
  message(
    'joe',
    at(18, 42, 1),
    'The apple trees are finally in blossom. Come by on Sunday, I will make the plum cake 🌸',
  ),
  message('sofia', at(18, 50, 1), 'We’ll be there! Should we bring anything?'),
  message('joe', at(18, 51, 1), 'Only yourselves. And the dog, of course.'),
  message('joe', at(18, 52, 1), '🐕❤️'),
  message('anna', at(8, 58), '', { kind: 'notice', notice: added }),
  message('anna', at(9, 12), 'Morning everyone! Who was up early enough to see the lake?'),
  message('anna', at(9, 13), 'It was like glass.'),
  message('noor', at(9, 20), 'Wow, that belongs on a wall.'),
  message('sofia', at(9, 24), 'Agreed. Printing it for the hallway'),
  message(
    'sofia',
    at(9, 24),
    'Who is taking the train on Sunday? The 10:08 gets in just before lunch: bahn.example.com/ice-572',
  ),
  message('lena', at(9, 31), 'Me! And I am bringing Emil, if that is fine with Grandpa.'),
  message('tom', at(9, 33), 'I can pick up Lena and Noor at the station, there’s room for two more + the dog 🐕'),
  message('sofia', at(9, 35), 'Perfect, thank you Tom!', { state: 'delivered' }),
]

export const troubledThread: MessageView[] = [
  message('mara', at(8, 12, 1), 'Did the parcel arrive?'),
  message('mara', at(8, 13, 1), '', { kind: 'waiting', reason: 'no_session' }),
  message('mara', at(8, 14, 1), '', { kind: 'unreadable', reason: 'no_key' }),
  message('sofia', at(9, 2), 'Yes, this morning. Thank you!', { state: 'sent' }),
  message('sofia', at(9, 30), 'Shall I send you a photo of it?', { state: 'failed', reason: 'too_large' }),
  message('sofia', at(9, 35), 'One moment', { state: 'sending' }),
].map((one) => ({ ...one, conversationId: conversationId('mara') }))

/** With somebody who left since. */
export const farewellThread: MessageView[] = [
  message('gustav', at(8, 12, 10), 'Thank you for everything, I am off to sea'),
].map((one) => ({ ...one, conversationId: conversationId('gustav') }))

/** A conversation of any length, made when asked for. */
export function longMessage(index: number): MessageView {
  const senders = ['anna', 'joe', 'sofia', 'tom', 'lena']
  const sender = senders[Math.floor(index / 2) % senders.length]!
  const text = `Message ${index}. ${'The plum cake was very good. '.repeat(index % 5)}`.trim()
  return {
    ...familyThread[0]!,
    messageId: padId(`long${index}`) as MessageId,
    senderId: account(sender),
    text,
    sentAt: now - (100_000 - index) * 7 * minute,
    isOwn: sender === 'sofia',
    state: sender === 'sofia' ? 'read' : null,
    orderKey: String(index).padStart(8, '0'),
  }
}
