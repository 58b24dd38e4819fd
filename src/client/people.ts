import { equal } from '../crypto/bytes.ts'
import { findUser, type UserKeys } from '../crypto/key-log-validator.ts'
import type { AccountView } from '../protocol/accounts.ts'
import { type AccountId, type DeviceId, type InviteId, idFromBytes, idToBytes } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import type { AccountStateStore } from './account-state.ts'
import type { Person } from './api.ts'
import type { ClientContext, LocalWrite } from './context.ts'
import type { Http } from './http.ts'
import type { Identity, Introduction, KeyLog, People } from './parts.ts'
import { isUnacceptedReset, judgeTrust } from './trust.ts'

type StoredProfile = { name: string; photo: Uint8Array | null; sentAt: number; isOwn: boolean }
const ACCOUNTS_ROW = 'accounts'

type Needs = {
  context: ClientContext
  http: Http
  identity: Identity
  inviterPrefix: Uint8Array | null
  keyLog: KeyLog
  accountState: AccountStateStore
}

export type OwnPeople = People & {
  /** Fetches /api/accounts again. */
  refresh(): Promise<void>
  account(accountId: AccountId): AccountView | null
  replay(): void
}

/** Names, faces, trust and presence of everybody; small enough to be computed whole at every change. */
export async function openPeople(needs: Needs): Promise<OwnPeople> {
  const { store } = needs.context
  const accounts = (await store.get<AccountView[]>('device', ACCOUNTS_ROW)) ?? []
  const rows = await store.list<StoredProfile>('people', {})
  const profiles = new Map(rows.map(({ key, value }) => [key as AccountId, value]))
  const people = new PeopleList(needs, accounts, profiles)
  needs.keyLog.onGrown(() => people.changed())
  needs.accountState.onChanged(() => people.changed())
  return people
}

class PeopleList implements OwnPeople {
  #list: Person[] | null = null
  #isAnnounced = false
  readonly #online = new Map<AccountId, boolean>()
  readonly #listeners = new Set<() => void>()

  constructor(
    private readonly needs: Needs,
    private accounts: AccountView[],
    private readonly profiles: Map<AccountId, StoredProfile>,
  ) {}

  list(): Person[] {
    this.#list ??= this.#compute()
    return this.#list
  }
  find(accountId: AccountId): Person | null {
    return this.list().find((person) => person.accountId === accountId) ?? null
  }
  name(accountId: AccountId): string {
    return this.find(accountId)?.name ?? ''
  }
  account(accountId: AccountId): AccountView | null {
    return this.accounts.find((account) => account.accountId === accountId) ?? null
  }
  onChanged(listener: () => void) {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
  replay(): void {
    this.needs.context.emit({ type: 'people', people: this.list() })
  }

  async refresh(): Promise<void> {
    const accounts = await this.needs.http.accounts()
    await this.needs.context.store.commit([{ table: 'device', key: ACCOUNTS_ROW, value: accounts }])
    this.accounts = accounts
    this.changed()
  }

  async applyProfile(accountId: AccountId, profile: { name: string; photo: Uint8Array | null }, sentAt: number) {
    await this.#keep([{ ...profile, accountId, sentAt, isOwn: true }])
  }
  async applyIntroduction(people: readonly Introduction[]) {
    await this.#keep(people.map((person) => ({ ...person, isOwn: false })))
  }
  setOnline(accountId: AccountId, deviceIds: readonly DeviceId[]): void {
    const isOnline = deviceIds.length > 0
    if ((this.#online.get(accountId) ?? false) === isOnline) return
    this.#online.set(accountId, isOnline)
    this.changed()
  }
  forgetOnline(): void {
    if (this.#online.size === 0) return
    this.#online.clear()
    this.changed()
  }

  /** Many changes of one turn are one event. */
  changed(): void {
    this.#list = null
    if (this.#isAnnounced) return
    this.#isAnnounced = true
    queueMicrotask(() => {
      this.#isAnnounced = false
      this.replay()
      for (const listener of this.#listeners) listener()
    })
  }

  /** An own profile outweighs an introduction whatever their times; within a kind the newest wins. */
  async #keep(given: (StoredProfile & { accountId: AccountId })[]): Promise<void> {
    const writes: LocalWrite[] = []
    for (const { accountId, ...profile } of given) {
      const known = this.profiles.get(accountId)
      const isNewer =
        known === undefined || (known.isOwn === profile.isOwn ? profile.sentAt > known.sentAt : profile.isOwn)
      const isFair = profile.name.length <= limits.maxPersonNameLength
      if (!isNewer || !isFair) continue
      this.profiles.set(accountId, profile)
      writes.push({ table: 'people', key: accountId, value: profile })
    }
    if (writes.length === 0) return
    await this.needs.context.store.commit(writes)
    this.changed()
  }

  #compute(): Person[] {
    const { identity, keyLog, accountState, inviterPrefix } = this.needs
    const { contacts } = accountState.get()
    const trust = judgeTrust(keyLog.state(), { ownId: identity.accountId, contacts, inviterPrefix })
    return this.accounts
      .map((account) => this.#describe(account, trust.get(account.accountId) ?? null))
      .sort((left, right) => left.joinedAt - right.joinedAt)
  }

  #describe(account: AccountView, verified: Person['verified']): Person {
    const { accountId, signInName, role, createdAt, leftAt = null } = account
    const user = findUser(this.needs.keyLog.state(), idToBytes(accountId))
    const { name, photo } = this.#faceOf(account)
    return {
      ...{ accountId, name, signInName, photo, role, verified, joinedAt: createdAt, leftAt },
      isOnline: leftAt === null && (this.#online.get(accountId) ?? false),
      wasReset: user !== null && this.#isUnaccepted(user),
    }
  }

  #isUnaccepted(user: UserKeys): boolean {
    const { identity, keyLog, accountState } = this.needs
    const own = findUser(keyLog.state(), identity.userId)
    if (own === null || equal(user.userId, identity.userId)) return false
    const seen = accountState.get().resetsSeen?.[idFromBytes<AccountId>(user.userId)]
    return isUnacceptedReset(user, own, seen)
  }

  /** Own profile, else an introduction, else what the inviter called them, else how they sign in. */
  #faceOf({ accountId, signInName, inviteId }: AccountView): { name: string; photo: Uint8Array | null } {
    const state = this.needs.accountState.get()
    if (accountId === this.needs.identity.accountId) return state.profile
    const profile = this.profiles.get(accountId)
    if (profile) return profile
    const invite = inviteId === null ? undefined : state.invites[inviteId as InviteId]
    return { name: invite?.inviteeName || signInName, photo: null }
  }
}
