import type { ClientEvent } from '../../../../src/client/api.ts'
import { $taking } from '../../../../web/archive.ts'
import { bridge } from '../../../../web/bridge.ts'
import { serveFace } from '../../../../web/bridge-server.ts'
import { applyPreferences } from '../../../../web/preferences.ts'
import { applyLanguage } from '../../../../web/words/i18n.ts'
import { conversationId, conversations, home, me, people } from './cast.ts'
import { createDemoClient } from './demo-client.ts'
import '../../../../web/features/shell/tv-app.ts'
import '../../../../web/features/later.ts'

/** The real elements over the real bridge, with the demo family behind it. */
const channel = new MessageChannel()
const client = createDemoClient()
applyPreferences(document.documentElement)
applyLanguage(document.documentElement)
serveFace(client, channel.port1)
bridge.connect(channel.port2)

const alarm = {
  kind: 'fork',
  personId: null,
  deviceId: null,
  detail: 'size 412, roots differ',
  at: Date.now(),
} as const
const link = {
  ...{ side: 'old' as const, code: null, expiresAt: Date.now() + 600_000, digits: '516472' },
  ...{ personName: 'Sofia', problem: null, lookAt: null },
}
const linkCode = 'VFZMAQ'.repeat(19)
const variants: Record<string, ClientEvent[]> = {
  'link-show': [{ type: 'linking', linking: { ...link, stage: 'showing', code: linkCode } }],
  'link-compare': [{ type: 'linking', linking: { ...link, stage: 'comparing' } }],
  'link-add': [{ type: 'linking', linking: { ...link, stage: 'adding' } }],
  'link-failed': [
    { type: 'linking', linking: { ...link, stage: 'failed', problem: 'link_cancelled', lookAt: 'other' } },
  ],
  'kit-due': [{ type: 'me', me: { ...me, isKitConfirmed: true, isKitDue: true } }],
  reset: [{ type: 'people', people: people.map((person) => ({ ...person, wasReset: person.name !== me.name })) }],
  starting: [{ type: 'phase', phase: { name: 'starting' } }],
  removed: [{ type: 'phase', phase: { name: 'removed', reason: 'device_removed' } }],
  gone: [{ type: 'phase', phase: { name: 'removed', reason: 'left' } }],
  'two-hosts': [
    {
      type: 'people',
      people: people.map((person) => (person.name === 'Anna' ? { ...person, role: 'host' as const } : person)),
    },
  ],
  alarm: [{ type: 'phase', phase: { name: 'alarm', alarm } }],
  empty: [
    { type: 'conversations', conversations: [] },
    { type: 'people', people: [] },
  ],
  offline: [{ type: 'connection', connection: { state: 'offline', nextTryAt: Date.now() + 60_000 } }],
  restored: [{ type: 'home', home: { ...home, restored: { from: Date.now() - 9e7, broughtBack: 14 } } }],
  unread: [
    {
      type: 'conversations',
      conversations: conversations.map((one) =>
        one.conversationId === conversationId('family') ? { ...one, unreadCount: 3 } : one,
      ),
    },
  ],
}

const emit = (client as unknown as { emit(event: ClientEvent): void }).emit
const query = new URLSearchParams(location.search)
channel.port2.addEventListener('message', () => {
  if (query.get('dir')) document.documentElement.dir = query.get('dir')!
})
const gallery = { emit, bridge, isStaged: false }
setTimeout(() => {
  for (const event of variants[query.get('variant') ?? ''] ?? []) emit(event)
  gallery.isStaged = true
}, 50)

// The archive is not the client's to tell: it is in the page.
const size = 18_400_000
if (query.get('variant') === 'data-busy') $taking.set({ state: 'busy', stage: 'fetching', done: 12_400, total: 48_210 })
if (query.get('variant') === 'data-ready')
  $taking.set({ state: 'ready', file: new Blob([new Uint8Array(size)]), name: 'messages-of-sofia-2026-11-18.zip' })

Object.assign(globalThis, { gallery })
