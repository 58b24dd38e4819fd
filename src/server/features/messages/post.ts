import { Refusal } from '../../../protocol/errors.ts'
import type { AccountId, DeviceId, MessageId } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import type { ClientFrame } from '../../../protocol/socket.ts'
import type { SyncTransaction } from '../../storage/database.ts'
import type { Roster, RosterConversation } from '../conversations/conversations.ts'
import type { Allowance } from './allowance.ts'
import { type Header, isHeaderOf } from './header.ts'
import {
  findMessage,
  findSignedPrekeyTime,
  insertEnvelope,
  insertMessage,
  readBody,
  type StoredMessage,
} from './store.ts'

export type PostFrame = Extract<ClientFrame, { type: 'post' | 'postEphemeral' }>
export type OutgoingEnvelope = PostFrame['envelopes'][number]

const hourMs = 3_600_000

export interface Sender {
  accountId: AccountId
  deviceId: DeviceId
}

export interface StoredEnvelope extends OutgoingEnvelope {
  envelopeId: number
}

/** A post as it stands in the database: what the sender is told, and what others get if it is new. */
export interface Accepted {
  messageId: MessageId
  seq: number
  receivedAt: number
  isNew: boolean
  members: readonly AccountId[]
  envelopes: StoredEnvelope[]
}

export interface Offer {
  sender: Sender
  post: PostFrame
  header: Header
  nowMs: number
  allowance: Allowance
}

/**
 * Runs inside the one writer's transaction, so nothing it looks at can change before the message is stored.
 * Throws its Refusal before the first write: other posts share the transaction.
 */
export function acceptPost(sync: SyncTransaction, roster: Roster, offer: Offer): Accepted {
  const { sender, post, header, nowMs, allowance } = offer
  const conversation = roster.conversationOf(sync, post.conversationId, sender.accountId)
  if (!conversation) throw new Refusal('not_found')
  checkSender(sync, roster, sender)
  if (!isHeaderOf(header, conversation) || header.class === 3) throw new Refusal('bad_request')
  const expiresAt = judgeLifetime(post, header, nowMs)
  const refusal = refusalOf(() => {
    checkRecipients(sync, roster, { conversation, offer })
    const frames = post.envelopes.map(({ frame }) => frame)
    allowance.takeWaiting(sync, sender.accountId, frames)
    allowance.takeStored(sender.accountId, [post.body, ...frames])
  })
  // The first try of a retry may itself be older than a change of members.
  if (refusal) {
    const earlier = findEarlier(sync, offer)
    if (earlier) return earlier
    throw refusal
  }

  const seq = conversation.lastSeq + 1
  const isNew = insertMessage(sync, {
    ...{ conversationId: post.conversationId, messageId: header.messageId, class: header.class },
    ...{ sender, seq, body: post.body, receivedAt: nowMs, expiresAt },
    archive: post.type === 'post' ? post.archive : null,
  })
  if (!isNew) return findEarlier(sync, offer)!
  const envelopes = storeEnvelopes(sync, post.envelopes, { sender: sender.accountId, nowMs })
  // Last of all: had a write failed, this number would still be free.
  conversation.lastSeq = seq
  return {
    messageId: header.messageId,
    seq,
    receivedAt: nowMs,
    isNew: true,
    members: [...conversation.members.keys()],
    envelopes,
  }
}

// To the full hour: the database must not say to the minute how long somebody wanted their words to last.
function judgeLifetime(post: PostFrame, header: Header, nowMs: number): number | null {
  if (header.isEphemeral !== (post.type === 'postEphemeral')) throw new Refusal('bad_request', { detail: 'flags' })
  if (post.type === 'post') return null
  const { lifetimeHours } = post
  const isFair = lifetimeHours >= limits.minLifetimeHours && lifetimeHours <= limits.maxLifetimeHours
  if (!isFair) throw new Refusal('bad_request', { detail: 'lifetime' })
  return Math.ceil(nowMs / hourMs + lifetimeHours) * hourMs
}

export function storeEnvelopes(
  sync: SyncTransaction,
  envelopes: readonly OutgoingEnvelope[],
  from: { sender: AccountId; nowMs: number },
): StoredEnvelope[] {
  return envelopes.map((envelope) => ({ ...envelope, envelopeId: insertEnvelope(sync, envelope, from) }))
}

export function checkSender(sync: SyncTransaction, roster: Roster, sender: Sender): void {
  if (!roster.activeDevices(sync, sender.accountId).has(sender.deviceId)) throw new Refusal('device_removed')
}

function refusalOf(check: () => void): Refusal | null {
  try {
    check()
    return null
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

function findEarlier(sync: SyncTransaction, { sender, post, header }: Offer): Accepted | null {
  const found = findMessage(sync, header.messageId)
  if (!found) return null
  const isSame = found.conversationId === post.conversationId && isFrom(sync, found, { sender, post })
  if (!isSame) throw new Refusal('message_id_taken')
  const { seq, receivedAt } = found
  return { messageId: header.messageId, seq, receivedAt, isNew: false, members: [], envelopes: [] }
}

// A body that was given back after a restore has no known sender; then only the same bytes are the same message.
function isFrom(
  sync: SyncTransaction,
  found: StoredMessage,
  { sender, post }: { sender: Sender; post: PostFrame },
): boolean {
  if (found.senderDevice !== null) return found.senderDevice === sender.deviceId
  const body = readBody(sync, found.conversationId, found.seq)
  return body !== null && Buffer.compare(body, post.body) === 0
}

export function checkHead(conversation: RosterConversation, header: Header): void {
  const isCurrent = header.epoch === conversation.epoch && Buffer.compare(header.convHead, conversation.head) === 0
  if (!isCurrent) throw new Refusal('conversation_moved')
}

interface Recipients {
  conversation: RosterConversation
  offer: Offer
}

function checkRecipients(sync: SyncTransaction, roster: Roster, { conversation, offer }: Recipients): void {
  if (conversation.kind === 'direct') checkDirectRecipients(sync, roster, { conversation, offer })
  else {
    checkHead(conversation, offer.header)
    checkGroupRecipients(sync, roster, { conversation, offer })
  }
}

function checkGroupRecipients(sync: SyncTransaction, roster: Roster, { conversation, offer }: Recipients): void {
  const { sender, post } = offer
  if (post.envelopes.length === 0) return
  const allowed = devicesOf(sync, roster, conversation)
  const named = distinctRecipients(post.envelopes)
  for (const deviceId of named) {
    if (deviceId === sender.deviceId || !allowed.has(deviceId)) throw new Refusal('recipients_changed')
  }
}

function checkDirectRecipients(sync: SyncTransaction, roster: Roster, { conversation, offer }: Recipients): void {
  const { sender, post, nowMs } = offer
  const named = distinctRecipients(post.envelopes)
  const wanted = devicesOf(sync, roster, conversation)
  wanted.delete(sender.deviceId)
  for (const deviceId of named) if (!wanted.delete(deviceId)) throw new Refusal('recipients_changed')
  for (const deviceId of wanted) if (!isAsleep(sync, deviceId, nowMs)) throw new Refusal('recipients_changed')
}

// Nobody may begin a session on prekeys this old (PROTOCOL 4.1). A day of grace, for clocks differ.
function isAsleep(sync: SyncTransaction, deviceId: DeviceId, nowMs: number): boolean {
  const createdAt = findSignedPrekeyTime(sync, deviceId)
  return createdAt === null || nowMs - createdAt > limits.prekeyMaxAgeMs - 24 * hourMs
}

function distinctRecipients(envelopes: readonly OutgoingEnvelope[]): Set<DeviceId> {
  const named = new Set(envelopes.map((envelope) => envelope.deviceId))
  if (named.size !== envelopes.length) throw new Refusal('bad_request')
  return named
}

function devicesOf(sync: SyncTransaction, roster: Roster, conversation: RosterConversation): Set<DeviceId> {
  const devices = new Set<DeviceId>()
  for (const accountId of conversation.members.keys()) {
    for (const deviceId of roster.activeDevices(sync, accountId)) devices.add(deviceId)
  }
  return devices
}
