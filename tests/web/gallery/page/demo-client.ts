import {
  type Client,
  type ClientApi,
  type ClientEvent,
  ClientFailure,
  type InviteEntry,
  type MessageView,
  type ThreadSlice,
} from '../../../../src/client/api.ts'
import type { DeviceEntry } from '../../../../src/client/care-api.ts'
import type { ConversationId, DeviceId, InviteId, MessageId } from '../../../../src/protocol/ids.ts'
import { auditLines } from './audit.ts'
import {
  account,
  conversationId,
  conversations,
  familyThread,
  farewellThread,
  home,
  longMessage,
  me,
  now,
  people,
  troubledThread,
} from './cast.ts'
import { demoArchive } from './demo-archive.ts'

/** Answers as a client would, from the demo family. Nothing of it is part of the product. */
export const longLength = 100_000
const long = conversationId('school')
const hour = 3_600_000

const devices: DeviceEntry[] = [
  {
    deviceId: me.deviceId,
    name: 'Laptop in the kitchen',
    createdAt: now - 2000 * hour,
    lastSeenAt: now,
    isThis: true,
    isOnline: true,
    isSignedIn: true,
  },
  {
    deviceId: 'phone' as DeviceId,
    name: 'Sofia’s phone',
    createdAt: now - 900 * hour,
    lastSeenAt: Date.now() - 3 * hour,
    isThis: false,
    isOnline: false,
    isSignedIn: true,
  },
  {
    deviceId: 'tablet' as DeviceId,
    name: 'Old tablet',
    createdAt: now - 3900 * hour,
    lastSeenAt: null,
    isThis: false,
    isOnline: false,
    isSignedIn: false,
  },
]

const link = `https://lindqvist.example/i#${'k7Qd2mXv9RtLw4Zb'.repeat(4)}`
const invites: InviteEntry[] = [
  {
    inviteId: 'i1' as InviteId,
    inviteeName: 'Emil',
    role: 'member',
    uses: 1,
    usesLeft: 1,
    expiresAt: now + 70 * hour,
    state: 'usable',
    link,
    usedBy: [],
    forAccount: null,
  },
  {
    inviteId: 'i2' as InviteId,
    inviteeName: 'Noor',
    role: 'member',
    uses: 1,
    usesLeft: 0,
    expiresAt: now,
    state: 'used',
    link: null,
    usedBy: [account('noor')],
    forAccount: null,
  },
  {
    inviteId: 'i3' as InviteId,
    inviteeName: 'Cousins',
    role: 'member',
    uses: 5,
    usesLeft: 3,
    expiresAt: now,
    state: 'expired',
    link: null,
    usedBy: [account('tom'), account('lena')],
    forAccount: null,
  },
]

const stored = new Map<ConversationId, MessageView[]>([
  [conversationId('family'), familyThread],
  [conversationId('mara'), troubledThread],
  [conversationId('gustav'), farewellThread],
])

const slice = (items: MessageView[], hasOlder: boolean, hasNewer: boolean): ThreadSlice => ({
  items,
  hasOlder,
  hasNewer,
  firstUnreadId: null,
})
const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from) }, (_, index) => longMessage(from + index))

export function createDemoClient(): Client {
  const listeners = new Set<(event: ClientEvent) => void>()
  const emit = (event: ClientEvent) => {
    for (const listener of listeners) listener(event)
  }
  const tell = (id: ConversationId, item: MessageView) =>
    emit({ type: 'messages', conversationId: id, items: [item], removedIds: [] })

  const commands: Partial<ClientApi> = {
    openThread: async (id, limit) => {
      if (id === long) return slice(range(longLength - limit, longLength), true, false)
      const firstUnreadId =
        id === conversationId('family') && location.search.includes('unread') ? familyThread[10]!.messageId : null
      return { ...slice(stored.get(id) ?? [], false, false), firstUnreadId }
    },
    loadOlder: async (_id, before, limit) => {
      const end = Number(before)
      return slice(range(Math.max(0, end - limit), end), end > limit, true)
    },
    loadNewer: async (_id, after, limit) => {
      const start = Number(after) + 1
      return slice(range(start, Math.min(longLength, start + limit)), true, start + limit < longLength)
    },
    sendText: async (id, messageId, text) => {
      const item = {
        ...familyThread[1]!,
        conversationId: id,
        messageId,
        text,
        sentAt: Date.now(),
        orderKey: `9${Date.now()}`,
      }
      tell(id, { ...item, state: 'sending' })
      setTimeout(() => tell(id, { ...item, state: 'sent' }), 60)
      setTimeout(() => tell(id, { ...item, state: 'delivered' }), 200)
    },
    listDevices: async () => devices,
    listInvites: async () => invites,
    listAudit: async () => ({ entries: auditLines, hasMore: true }),
    ...demoArchive(),
    leaveHome: async () => emit({ type: 'phase', phase: { name: 'removed', reason: 'left' } }),
    createInvite: async ({ inviteeName, role, uses, expiresInMs }) => ({
      ...invites[0]!,
      inviteeName,
      role,
      uses,
      usesLeft: uses,
      expiresAt: Date.now() + expiresInMs,
    }),
    safetyNumber: async () => ({
      digits: '483920174658302917465830291746583029174658302917465830291746',
      qr: new Uint8Array(66).map((_, at) => at * 37),
    }),
    openDirect: async (accountId) =>
      conversations.find(
        ({ members, kind }) => kind === 'direct' && members.some((one) => one.accountId === accountId),
      )!.conversationId,
    confirmKit: async (group) => group.toLowerCase() === 'plum',
    renameHome: async () => {
      throw new ClientFailure('offline')
    },
  }
  const quiet = async () => undefined
  const start: ClientEvent[] = location.search.includes('starting')
    ? []
    : [
        { type: 'me', me },
        { type: 'home', home },
        { type: 'people', people },
        { type: 'conversations', conversations },
        { type: 'connection', connection: { state: 'online', nextTryAt: null } },
        { type: 'phase', phase: { name: 'inside' } },
      ]
  const client = {
    subscribe: (listener: (event: ClientEvent) => void) => {
      listeners.add(listener)
      for (const event of start) listener(event)
      return () => listeners.delete(listener)
    },
    emit,
    newId: () => crypto.randomUUID() as string as MessageId,
  }
  const all: Record<string, unknown> = { ...commands, ...client }
  return new Proxy(all, { get: (of, name: string) => of[name] ?? quiet }) as unknown as Client
}
