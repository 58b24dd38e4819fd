import {
  adminsOf,
  type ConversationState,
  directoryOf,
  dmConversationId,
  isMemberIdentity,
  type parseConversationEntry,
} from '../../../crypto/verify.ts'
import type { ConversationView } from '../../../protocol/conversations.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type AccountId, type ConversationId, type DeviceId, idFromBytes, idToBytes } from '../../../protocol/ids.ts'
import { serverFrames } from '../../../protocol/socket.ts'
import type { Context } from '../../context.ts'
import { assertNotHealing } from '../../incarnation.ts'
import type { Reader, Transaction } from '../../storage/database.ts'
import { checkAdded, checkSigner, isDirectId, judgeEntry, membersOf, parseEntry, replayEntries } from './group.ts'
import { exchangePresence } from './presence.ts'
import { Roster } from './roster.ts'
import * as store from './store.ts'

export { announcePresence, tellPresence } from './presence.ts'
export type { Roster, RosterConversation } from './roster.ts'
export { findFirstSeq, listMemberships } from './store.ts'

export interface Caller {
  accountId: AccountId
  deviceId: DeviceId
}

const maxEntriesAtOnce = 1_000
const maxKnownStates = 200

/** Conversations and who is in them. */
export class Conversations {
  readonly roster: Roster
  readonly #context: Context
  /** Chains that were validated from their first entry on; each is used only while it ends where the table ends. */
  readonly #states = new Map<ConversationId, ConversationState>()

  constructor(context: Context) {
    this.#context = context
    this.roster = new Roster(() => context.keyLog.size)
    context.keyLog.onIdentityReset((tx, accountId) => this.#suspend(tx, accountId))
  }

  async list(accountId: AccountId): Promise<ConversationView[]> {
    const { database } = this.#context
    const memberships = await store.listMemberships(database, accountId)
    return Promise.all(memberships.map((membership) => viewOf(database, membership)))
  }

  async view(conversationId: ConversationId, accountId: AccountId, reader: Reader = this.#context.database) {
    const membership = await store.findMembership(reader, conversationId, accountId)
    if (!membership) throw new Refusal('not_found')
    return viewOf(reader, membership)
  }

  /** Everybody in the home may write to everybody, and to themselves. */
  async openDirect(accountId: AccountId, otherId: AccountId): Promise<ConversationView> {
    const { database, hub } = this.#context
    const conversationId = idFromBytes<ConversationId>(dmConversationId(idToBytes(accountId), idToBytes(otherId)))
    const known = await store.findMembership(database, conversationId, accountId)
    if (known) return viewOf(database, known)
    const people = [...new Set([accountId, otherId])]
    return database.transaction(async (tx) => {
      const isNew = await this.putDirect(tx, conversationId, people)
      if (isNew)
        tx.onCommit(() => this.#tellAll(people, serverFrames.encode({ type: 'changed', what: 'conversations' })))
      if (isNew) tx.onCommit(() => exchangePresence(hub, people, people))
      return this.view(conversationId, accountId, tx)
    })
  }

  /** False if it was there. The caller has checked that the id follows from these people. */
  async putDirect(tx: Transaction, conversationId: ConversationId, people: readonly AccountId[]): Promise<boolean> {
    if (await store.findConversation(tx, conversationId)) return false
    const everybody = new Set(await store.listPresentIds(tx))
    if (people.some((person) => !everybody.has(person))) throw new Refusal('not_found')
    const nowMs = this.#context.clock.now()
    await store.insertConversation(tx, { conversationId, kind: 'direct', nowMs })
    for (const accountId of people) {
      await store.putMember(tx, { conversationId, accountId, role: 'member', firstSeq: 1, nowMs })
    }
    this.roster.forgetConversation(conversationId)
    return true
  }

  async createGroup(caller: Caller, entries: readonly Uint8Array[]): Promise<ConversationView> {
    const parsed = entries.map(parseEntry)
    const conversationId = idFromBytes<ConversationId>(parsed[0]!.convId)
    for (const entry of parsed) checkSigner(entry, caller)
    return this.#context.database.transaction(async (tx) => {
      assertNotHealing(this.#context)
      if (!(await this.#isRepeated(tx, conversationId, entries))) {
        for (const entry of parsed) checkAdded(entry, this.#context.keyLog.state)
        await this.adopt(tx, conversationId, entries)
      }
      return this.view(conversationId, caller.accountId, tx)
    })
  }

  // The answer to the first try may have been lost on its way.
  async #isRepeated(tx: Transaction, conversationId: ConversationId, entries: readonly Uint8Array[]): Promise<boolean> {
    if (!(await store.findConversation(tx, conversationId))) return false
    const held = await store.listEntries(tx, conversationId, { from: 0, count: entries.length })
    const isSame = entries.every((entry, index) => held[index] && Buffer.compare(held[index], entry) === 0)
    if (!isSame) throw new Refusal('conversation_moved')
    return true
  }

  async listEntries(accountId: AccountId, conversationId: ConversationId, from: number): Promise<Uint8Array[]> {
    const { database } = this.#context
    const membership = await store.findMembership(database, conversationId, accountId)
    if (!membership) throw new Refusal('not_found')
    return store.listEntries(database, conversationId, { from, count: maxEntriesAtOnce })
  }

  async append(caller: Caller, conversationId: ConversationId, entry: Uint8Array): Promise<number> {
    const parsed = parseEntry(entry)
    return this.#context.database.transaction(async (tx) => {
      const membership = await store.findMembership(tx, conversationId, caller.accountId)
      if (membership?.kind !== 'group') throw new Refusal('not_found')
      assertNotHealing(this.#context)
      checkSigner(parsed, caller)
      const state = await this.loadState(tx, conversationId)
      if (!state) throw new Refusal('not_found')
      if (Buffer.compare(parsed.head, state.head) === 0) return membership.entryCount
      if (Buffer.compare(parsed.prev, state.head) !== 0) throw new Refusal('conversation_moved')
      this.#checkPermission(state, parsed)
      checkAdded(parsed, this.#context.keyLog.state)
      await this.adopt(tx, conversationId, [entry])
      return membership.entryCount + 1
    })
  }

  /**
   * Entries of one group that a backup lacks, from a device that kept them: what is held must be the same, what follows is
   * adopted. Answers how many there are now. The caller must be a member, before or after.
   */
  async takeBack(
    tx: Transaction,
    accountId: AccountId,
    offer: { conversationId: ConversationId; from: number; entries: readonly Uint8Array[] },
  ): Promise<number> {
    const { conversationId, from, entries } = offer
    const entryCount = (await store.findConversation(tx, conversationId))?.entryCount ?? 0
    const wasMember = (await store.findMembership(tx, conversationId, accountId)) !== null
    if (!wasMember && from > 0) throw new Refusal('not_found')
    if (from > entryCount) throw new Refusal('bad_request', { detail: 'entries are missing' })
    const held = await store.listEntries(tx, conversationId, { from, count: entries.length })
    const isSame = held.every((entry, index) => Buffer.compare(entry, entries[index]!) === 0)
    if (!isSame) throw new Refusal('conversation_moved')
    const missing = entries.slice(held.length)
    if (missing.length > 0) {
      await this.#assertAccounts(tx, conversationId, missing)
      await this.adopt(tx, conversationId, missing)
    }
    const isMember = (await store.findMembership(tx, conversationId, accountId)) !== null
    if (!wasMember && !isMember) throw new Refusal('not_found')
    return entryCount + missing.length
  }

  // The key log is healed first: it brings back the accounts that these entries name.
  async #assertAccounts(
    tx: Transaction,
    conversationId: ConversationId,
    entries: readonly Uint8Array[],
  ): Promise<void> {
    const known = new Set(await store.listAccountIds(tx))
    for (const entry of entries.map(parseEntry)) {
      const isOf = idFromBytes<ConversationId>(entry.convId) === conversationId
      const added = entry.body.type === 'add' ? [entry.body.userId] : []
      const people = [entry.signerUser, ...added].map((userId) => idFromBytes<AccountId>(userId))
      if (!isOf || people.some((accountId) => !known.has(accountId))) throw new Refusal('bad_entry')
    }
  }

  #checkPermission(state: ConversationState, entry: ReturnType<typeof parseConversationEntry>): void {
    if (entry.body.type === 'leave') return
    const admins = judgeEntry(() => adminsOf(state, directoryOf(this.#context.keyLog.state), entry.sthSize))
    const isAdmin = admins.some((admin) => Buffer.compare(admin.userId, entry.signerUser) === 0)
    if (!isAdmin) throw new Refusal('not_allowed')
  }

  /** The validated state of a group as this transaction sees it; null if there is no such group. */
  async loadState(tx: Transaction, conversationId: ConversationId): Promise<ConversationState | null> {
    const row = await store.findConversation(tx, conversationId)
    if (row?.kind !== 'group') return null
    const known = this.#states.get(conversationId)
    if (known && row.head && Buffer.compare(known.head, row.head) === 0) return known
    const entries = await store.listEntries(tx, conversationId, { from: 0, count: row.entryCount })
    return replayEntries(null, entries, { conversationId, directory: directoryOf(this.#context.keyLog.state) })
  }

  /**
   * Validates entries that follow what is held, writes them and keeps the table of members in step. Tells everybody who
   * was or is a member: who was removed learns it too.
   */
  async adopt(tx: Transaction, conversationId: ConversationId, entries: readonly Uint8Array[]): Promise<void> {
    const { keyLog, hub } = this.#context
    const row = await store.findConversation(tx, conversationId)
    const before = await this.loadState(tx, conversationId)
    const after = replayEntries(before, entries, { conversationId, directory: directoryOf(keyLog.state) })!
    const membersBefore = await store.listMembers(tx, conversationId)
    const membersAfter = membersOf(after)
    if (!row) await this.#insertGroup(tx, conversationId)
    const start = row?.entryCount ?? 0
    await this.#writeEntries(tx, { conversationId, start, entries, head: after.head })
    await this.#writeMembers(tx, { conversationId, after, membersBefore, lastSeq: row?.lastSeq ?? 0 })
    this.roster.forgetConversation(conversationId)
    tx.onCommit(() => {
      this.#remember(conversationId, after)
      const index = start + entries.length - 1
      const frame = serverFrames.encode({ type: 'conversationGrew', conversationId, index, entry: entries.at(-1)! })
      this.#tellAll([...new Set([...membersBefore, ...membersAfter])], frame)
      const added = membersAfter.filter((accountId) => !membersBefore.includes(accountId))
      exchangePresence(hub, added, membersAfter)
    })
  }

  async #insertGroup(tx: Transaction, conversationId: ConversationId): Promise<void> {
    if (isDirectId(conversationId, await store.listAccountIds(tx))) throw new Refusal('bad_entry')
    await store.insertConversation(tx, { conversationId, kind: 'group', nowMs: this.#context.clock.now() })
  }

  async #writeEntries(
    tx: Transaction,
    line: { conversationId: ConversationId; start: number; entries: readonly Uint8Array[]; head: Uint8Array },
  ): Promise<void> {
    const { conversationId, start, entries, head } = line
    const nowMs = this.#context.clock.now()
    for (const [offset, entry] of entries.entries()) {
      await store.insertEntry(tx, { conversationId, index: start + offset, entry, nowMs })
    }
    await store.setHead(tx, { conversationId, entryCount: start + entries.length, head })
  }

  async #writeMembers(
    tx: Transaction,
    change: {
      conversationId: ConversationId
      after: ConversationState
      membersBefore: readonly AccountId[]
      lastSeq: number
    },
  ): Promise<void> {
    const { conversationId, after, membersBefore, lastSeq } = change
    const nowMs = this.#context.clock.now()
    const firstSeq = after.historyPolicy === 'share' ? 1 : lastSeq + 1
    const remaining = new Set<AccountId>()
    const present = new Set(await store.listPresentIds(tx))
    const { state } = this.#context.keyLog
    for (const member of after.members) {
      if (!isMemberIdentity(member, directoryOf(state), state.size)) continue
      const { userId, role } = member
      const accountId = idFromBytes<AccountId>(userId)
      if (!present.has(accountId)) continue
      remaining.add(accountId)
      await store.putMember(tx, { conversationId, accountId, role, firstSeq, nowMs })
    }
    for (const accountId of membersBefore) {
      if (!remaining.has(accountId)) await store.deleteMember(tx, conversationId, accountId)
    }
  }

  /** A person who began anew is in no group until an admin adds them again, and reads nothing of what was said before. */
  async #suspend(tx: Transaction, accountId: AccountId): Promise<void> {
    for (const { conversationId, kind, lastSeq } of await store.listMemberships(tx, accountId)) {
      if (kind === 'group') await store.deleteMember(tx, conversationId, accountId)
      else await store.setFirstSeq(tx, { conversationId, accountId, firstSeq: lastSeq + 1 })
      this.roster.forgetConversation(conversationId)
    }
  }

  /** Somebody who left this home is in no group; talks of two stay with the other one. Called once the account is marked. */
  async withdraw(tx: Transaction, accountId: AccountId): Promise<void> {
    this.roster.forgetDevices(accountId)
    const memberships = await store.listMemberships(tx, accountId)
    for (const conversationId of await store.deleteAbandoned(tx, accountId)) this.#states.delete(conversationId)
    for (const { conversationId, kind } of memberships) {
      if (kind === 'group') await store.deleteMember(tx, conversationId, accountId)
      this.roster.forgetConversation(conversationId)
    }
  }

  #remember(conversationId: ConversationId, state: ConversationState): void {
    if (this.#states.size >= maxKnownStates) this.#states.clear()
    this.#states.set(conversationId, state)
  }

  #tellAll(people: readonly AccountId[], frame: Uint8Array): void {
    for (const accountId of people) this.#context.hub.sendToAccount(accountId, frame)
  }
}

async function viewOf(reader: Reader, membership: store.Membership): Promise<ConversationView> {
  const { conversationId, kind } = membership
  return { ...membership, accountIds: kind === 'direct' ? await store.listMembers(reader, conversationId) : [] }
}
