import { equal } from '../crypto/bytes.ts'
import { parseConversationEntry } from '../crypto/conversation-log.ts'
import { DecryptionFailed } from '../crypto/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import { checkInviteMac } from '../crypto/invite.ts'
import { findUser, identityAt, type UserKeys } from '../crypto/key-log-validator.ts'
import { type AccountId, type ConversationId, type InviteId, idFromBytes, idToBytes } from '../protocol/ids.ts'
import type { AccountStateStore } from './account-state.ts'
import { ClientFailure } from './api.ts'
import type { ClientContext } from './context.ts'
import type { OwnHome } from './home.ts'
import type { Http } from './http.ts'
import { appendEntry } from './log-writing.ts'
import type { Engine, Identity, KeyLog } from './parts.ts'
import type { OwnPeople } from './people.ts'
import { hasVouched } from './trust.ts'

/** Admins who did not invite the newcomer leave the inviter's devices so much time to do it. */
const OTHERS_WAIT_MS = 4_000
const RETRY_MS = 15_000

export type AdmissionNeeds = {
  context: ClientContext
  http: Http
  identity: Identity
  /** H(inviter UIK)[0:16] from this device's invite link. */
  inviterPrefix: Uint8Array | null
  keyLog: KeyLog
  accountState: AccountStateStore
  people: OwnPeople
  home: OwnHome
  engine: Engine
}

/** Lets in whom an own invite brought: checks the invite's proof, vouches, adds to the family conversation. */
export class Admission {
  #running: Promise<void> | null = null
  #isWanted = false
  #cancelRetry: (() => void) | null = null
  readonly #firstSeen = new Map<AccountId, number>()

  constructor(private readonly needs: AdmissionNeeds) {}

  /** Runs once more after the run under way, however often it is asked. Failures are tried again by themselves. */
  run(): Promise<void> {
    this.#isWanted = true
    this.#running ??= this.#loop().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  stop(): void {
    this.#cancelRetry?.()
    this.#isWanted = false
  }

  async #loop(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false
      try {
        await this.#pinInviter()
        await this.#vouch()
        await this.#admit()
      } catch (error) {
        if (!(error instanceof ClientFailure)) throw error
        this.#runLater(Math.max(error.retryAfterMs, RETRY_MS))
      }
    }
  }

  #runLater(delayMs: number): void {
    this.#cancelRetry?.()
    this.#cancelRetry = this.needs.context.platform.clock.schedule(delayMs, () => {
      this.run().catch((error: unknown) => console.error('admission failed', error))
    })
  }

  /** The link is known to this device alone: the own other devices learn by the account state whom it named. */
  async #pinInviter(): Promise<void> {
    const { inviterPrefix, accountState, keyLog } = this.needs
    if (inviterPrefix === null) return
    for (const user of keyLog.state().users.values()) {
      const uikHash = sha256(user.uik)
      const accountId = idFromBytes<AccountId>(user.userId)
      if (!equal(uikHash.subarray(0, 16), inviterPrefix) || accountState.get().contacts[accountId]) continue
      const contact = { how: 'inviter' as const, uikHash }
      await accountState.update((state) => ({ ...state, contacts: { ...state.contacts, [accountId]: contact } }))
    }
  }

  async #vouch(): Promise<void> {
    const { context, http, identity, keyLog } = this.needs
    const now = () => context.platform.clock.now()
    for (const user of [...this.#unvouchedInviters(), ...this.#proven()]) {
      const other = { otherUserId: user.userId, otherUikHash: sha256(user.uik), how: 'invite' as const }
      await appendEntry({ http, keyLog, identity, now }, (own) =>
        hasVouched(own, user) ? null : { type: 'vouch', ...other },
      )
    }
  }

  /** My link proved my inviter to me: said in the log, it lets those whom I invite reach the rest of the family. */
  #unvouchedInviters(): UserKeys[] {
    const { identity, keyLog, accountState } = this.needs
    const own = findUser(keyLog.state(), identity.userId)
    const { contacts } = accountState.get()
    return [...keyLog.state().users.values()].filter((user) => {
      const contact = contacts[idFromBytes<AccountId>(user.userId)]
      const isInviter = contact?.how === 'inviter' && equal(contact.uikHash, sha256(user.uik))
      return isInviter && own !== null && !hasVouched(own, user)
    })
  }

  /** Everybody whose genesis proves the secret of an invite of mine, and for whom I have not vouched. */
  #proven(): UserKeys[] {
    const { identity, keyLog, accountState } = this.needs
    const own = findUser(keyLog.state(), identity.userId)
    const { invites } = accountState.get()
    return [...keyLog.state().users.values()].filter((user) => {
      const invite = invites[idFromBytes<InviteId>(user.inviteId)]
      if (own === null || invite === undefined || equal(user.userId, own.userId) || hasVouched(own, user)) return false
      // Who began anew is vouched for once a person has looked: whoever held the link could be anybody.
      if (this.needs.people.find(idFromBytes<AccountId>(user.userId))?.wasReset) return false
      return isProven(invite.secret, user)
    })
  }

  async #admit(): Promise<void> {
    const family = this.needs.home.state().familyConversationId
    if (family === null) return
    const membership = this.needs.engine.membership(family)
    // The home names the family conversation, and could name any: only one that was made open is filled by a machine.
    if (!membership?.isMember || !membership.isAdmin || !membership.isOpen) return
    await this.#promote(family, membership.members)
    const present = new Set(membership.members.map((member) => member.accountId))
    const candidates = this.needs.people
      .list()
      .filter(
        (person) =>
          person.verified !== null && !person.wasReset && person.leftAt === null && !present.has(person.accountId),
      )
      .map((person) => person.accountId)
      .filter((accountId) => this.needs.keyLog.activeDevices(accountId).length > 0)
    if (candidates.length === 0) return
    const former = await this.#everAdded(family)
    const wanted = candidates.filter((accountId) => !former.has(accountId))
    const due = wanted.filter((accountId) => this.#isTurn(accountId))
    if (due.length < wanted.length) this.#runLater(OTHERS_WAIT_MS)
    if (due.length > 0) await this.#add(family, due)
  }

  /** Whom an admin removed, or who left, is not taken in again by a machine; who began anew since was not in it yet. */
  async #everAdded(family: ConversationId): Promise<Set<AccountId>> {
    const added = new Set<AccountId>()
    for (const entry of await this.needs.engine.entries(family)) {
      const { body } = parseConversationEntry(entry)
      if (body.type !== 'add') continue
      const { userId, uikHash } = body
      const isSame = identityAt(this.needs.keyLog.state(), userId).some((hash) => equal(hash, uikHash))
      if (isSame) added.add(idFromBytes<AccountId>(userId))
    }
    return added
  }

  #isTurn(accountId: AccountId): boolean {
    const { identity, keyLog, people, context } = this.needs
    if (people.account(accountId)?.invitedBy === identity.accountId) return true
    const now = context.platform.clock.now()
    const since = this.#firstSeen.get(accountId) ?? now
    this.#firstSeen.set(accountId, since)
    return now - since >= OTHERS_WAIT_MS && keyLog.activeDevices(accountId).length > 0
  }

  async #add(family: ConversationId, accountIds: AccountId[]): Promise<void> {
    const { engine } = this.needs
    await engine.commands.addMembers(family, accountIds)
    const { members } = engine.membership(family)!
    await this.#promote(family, members)
  }

  /** Whom an invite of mine made a host looks after the family conversation too: once, and by my word, not by the home's. */
  async #promote(
    family: ConversationId,
    members: readonly { accountId: AccountId; isAdmin: boolean }[],
  ): Promise<void> {
    const hosts = members.filter(({ accountId, isAdmin }) => !isAdmin && this.#isOwnHost(accountId))
    if (hosts.length === 0) return
    const { engine } = this.needs
    const bodies = (await engine.entries(family)).map((entry) => parseConversationEntry(entry).body)
    const decided = new Set(
      bodies.flatMap((body) => (body.type === 'role' ? [idFromBytes<AccountId>(body.userId)] : [])),
    )
    for (const { accountId } of hosts) {
      if (!decided.has(accountId)) await engine.commands.setAdmin(family, accountId, true)
    }
  }

  #isOwnHost(accountId: AccountId): boolean {
    const { keyLog, accountState } = this.needs
    const user = findUser(keyLog.state(), idToBytes(accountId))
    const invite = user && accountState.get().invites[idFromBytes<InviteId>(user.inviteId)]
    return user !== null && invite?.role === 'host' && isProven(invite.secret, user)
  }
}

function isProven(secret: Uint8Array, user: UserKeys): boolean {
  try {
    checkInviteMac(secret, user)
    return true
  } catch (error) {
    if (error instanceof DecryptionFailed) return false
    throw error
  }
}
