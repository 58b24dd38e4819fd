import { equal } from '../crypto/bytes.ts'
import type { HomeView, Role } from '../protocol/accounts.ts'
import type { ConversationId, Incarnation } from '../protocol/ids.ts'
import type { HomeState } from './api.ts'
import type { ClientContext } from './context.ts'
import { bytesOf } from './encoding.ts'
import type { Http } from './http.ts'
import type { Alarm } from './key-log.ts'
import type { HomePart } from './parts.ts'

type StoredHome = HomeState & { incarnation: Incarnation | null; role: Role; wasRestored: boolean }
const ROW = 'home'
const UNKNOWN: StoredHome = {
  name: '',
  version: '',
  familyConversationId: null,
  restored: null,
  incarnation: null,
  role: 'member',
  wasRestored: false,
}

export type OwnHome = HomePart & {
  role(): Role
  wasRestored(): boolean
  hasNewIncarnation(): Promise<boolean>
  rename(name: string): Promise<void>
  nameFamilyConversation(conversationId: ConversationId): Promise<void>
  dismissRestored(): Promise<void>
  replay(): void
}

type Needs = {
  context: ClientContext
  http: Http
  logPublicKey: Uint8Array
  raiseAlarm(alarm: Alarm, evidence: Uint8Array[]): void
  onRole(): void
}

export async function openHome({ context, http, logPublicKey, raiseAlarm, onRole }: Needs): Promise<OwnHome> {
  let home = (await context.store.get<StoredHome>('device', ROW)) ?? UNKNOWN

  const state = (): HomeState => {
    const { name, version, familyConversationId, restored } = home
    return { name, version, familyConversationId, restored }
  }
  const replay = () => context.emit({ type: 'home', home: state() })

  // One after the other: a change that was made from what stood before another one would undo that one.
  let turn: Promise<void> = Promise.resolve()
  function keep(change: (now: StoredHome) => StoredHome): Promise<void> {
    const mine = turn.then(() => write(change(home)))
    turn = mine.catch(() => undefined)
    return mine
  }

  async function write(next: StoredHome): Promise<void> {
    const hasNewRole = next.role !== home.role
    await context.store.commit([{ table: 'device', key: ROW, value: next }])
    home = next
    replay()
    if (hasNewRole) onRole()
  }

  async function take(view: HomeView): Promise<void> {
    if (!equal(bytesOf(view.logPublicKey), logPublicKey)) {
      raiseAlarm({ kind: 'fork', personId: null, deviceId: null, detail: 'the home has another log key' }, [])
    }
    const { name, version, familyConversationId, role, restoredFrom } = view
    await keep((now) => {
      const incarnation = now.incarnation ?? view.incarnation
      const wasRestored = now.wasRestored || restoredFrom !== null
      return { ...now, name, version, familyConversationId, role, incarnation, wasRestored }
    })
  }

  return {
    state,
    replay,
    incarnation: () => home.incarnation,
    role: () => home.role,
    wasRestored: () => home.wasRestored,
    async refresh() {
      const view = await http.home()
      await take(view)
      return view.incarnation
    },
    async hasNewIncarnation() {
      const view = await http.home()
      return home.incarnation !== null && view.incarnation !== home.incarnation
    },
    async rememberIncarnation(incarnation, restored) {
      await keep((now) => ({ ...now, incarnation, restored, wasRestored: now.wasRestored || restored !== null }))
    },
    async rename(name) {
      await http.changeHome({ name })
      await keep((now) => ({ ...now, name }))
    },
    async nameFamilyConversation(familyConversationId) {
      await http.changeHome({ familyConversationId })
      await keep((now) => ({ ...now, familyConversationId }))
    },
    // The host's dismissal is the word that nobody's device is newer: only then do the logs grow again (PROTOCOL 4.14).
    async dismissRestored() {
      if (home.role === 'host' && (await http.home()).isHealing) await http.finishHealing()
      await keep((now) => ({ ...now, restored: null }))
    },
  }
}
