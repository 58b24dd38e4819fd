import { isZero } from '../crypto/bytes.ts'
import { findUser } from '../crypto/key-log-validator.ts'
import type { AccountId, ConversationId } from '../protocol/ids.ts'
import type { AccountStateStore } from './account-state.ts'
import { ClientFailure, type Conversation } from './api.ts'
import type { ClientContext } from './context.ts'
import type { OwnHome } from './home.ts'
import type { Engine, Identity, KeyLog } from './parts.ts'

const SHARED_ROW = 'profile-shared'
const FAMILY_ROW = 'family'
const FIRST_DELAY_MS = 200
const JITTER_MS = 1_500

/** To whom this account's profile was posted, and as of which change. */
type Shared = { changedAt: number; with: AccountId[] }

export type FamilyNeeds = {
  context: ClientContext
  identity: Identity
  keyLog: KeyLog
  accountState: AccountStateStore
  home: OwnHome
  engine: Engine
}

/** The conversation everybody is in: the founder's device makes it, every device posts its person's profile into it. */
export class Family {
  #cancel: (() => void) | null = null
  #members: AccountId[] = []
  #making: Promise<void> | null = null

  constructor(private readonly needs: FamilyNeeds) {}

  /** Founding's last step; repeated at every start until the home knows the family conversation. */
  ensure(): Promise<void> {
    this.#making ??= this.#make().finally(() => {
      this.#making = null
    })
    return this.#making
  }

  /** Called with every new list: somebody new in the family conversation has not seen the own profile yet. */
  onConversations(conversations: readonly Conversation[]): void {
    const familyId = this.needs.home.state().familyConversationId
    const family = conversations.find((conversation) => conversation.conversationId === familyId)
    if (!family?.isMember) return
    const members = family.members.map((member) => member.accountId)
    if (members.length === this.#members.length && members.every((member) => this.#members.includes(member))) return
    this.#members = members
    this.shareLater()
  }

  /** Spread over a moment: when somebody comes, everybody's devices want to tell them at once. */
  shareLater(): void {
    const [dice = 0] = this.needs.context.platform.random(1)
    const delayMs = FIRST_DELAY_MS + (JITTER_MS * dice) / 256
    this.#cancel ??= this.needs.context.platform.clock.schedule(delayMs, () => {
      this.#cancel = null
      this.share().catch((error: unknown) => console.warn('the profile was not posted', error))
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  /** Posts the profile if it changed or somebody has not got it. */
  async share(): Promise<void> {
    const { context, accountState, home, engine } = this.needs
    const family = home.state().familyConversationId
    const membership = family === null ? null : engine.membership(family)
    if (family === null || !membership?.isMember) return
    const members = membership.members.map((member) => member.accountId)
    const { name, photo, changedAt } = accountState.get().profile
    const shared = await context.store.get<Shared>('device', SHARED_ROW)
    const isKnown = shared?.changedAt === changedAt && members.every((member) => shared.with.includes(member))
    if (isKnown) return
    await engine.sendPayload(family, { kind: 'profile', name, photo })
    await context.store.commit([{ table: 'device', key: SHARED_ROW, value: { changedAt, with: members } }])
  }

  async #make(): Promise<void> {
    const { context, home, engine } = this.needs
    if (home.state().familyConversationId !== null || !this.#isFounder()) return
    const made = await context.store.get<ConversationId>('device', FAMILY_ROW)
    const conversationId = made ?? (await engine.createOpenGroup(home.state().name))
    if (made === null) await context.store.commit([{ table: 'device', key: FAMILY_ROW, value: conversationId }])
    try {
      await home.nameFamilyConversation(conversationId)
    } catch (error) {
      // Another device of the founder was first: theirs is the one.
      if (!(error instanceof ClientFailure && error.code === 'state_moved')) throw error
      await home.refresh()
    }
  }

  #isFounder(): boolean {
    const own = findUser(this.needs.keyLog.state(), this.needs.identity.userId)
    return own !== null && isZero(own.inviteId)
  }
}
