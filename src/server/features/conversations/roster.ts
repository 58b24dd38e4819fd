import type { AccountId, ConversationId, DeviceId } from '../../../protocol/ids.ts'
import type { SyncTransaction } from '../../storage/database.ts'
import { findDeviceOwner, loadActiveDevices, loadConversation } from './store.ts'

const maxConversations = 10_000

/** What a post is judged by. */
export interface RosterConversation {
  readonly conversationId: ConversationId
  readonly kind: 'direct' | 'group'
  lastSeq: number
  /** Of a group: seq and hash of its newest entry. */
  readonly epoch: number
  readonly head: Uint8Array
  /** With the first message each may fetch. */
  readonly members: ReadonlyMap<AccountId, number>
}

/**
 * Who is in which conversation with which devices, in memory. It is filled and read by the one writer only, and what a
 * transaction changes it forgets inside that transaction: nobody can fill it again before the commit or the rollback.
 */
export class Roster {
  readonly #conversations = new Map<ConversationId, RosterConversation>()
  readonly #devices = new Map<AccountId, ReadonlySet<DeviceId>>()
  readonly #keyLogSize: () => number
  #devicesAtSize = 0

  constructor(keyLogSize: () => number) {
    this.#keyLogSize = keyLogSize
  }

  conversation(sync: SyncTransaction, conversationId: ConversationId): RosterConversation | null {
    const known = this.#conversations.get(conversationId)
    if (known) return known
    const loaded = loadConversation(sync, conversationId)
    if (!loaded) return null
    if (this.#conversations.size >= maxConversations) this.#conversations.clear()
    this.#conversations.set(conversationId, loaded)
    return loaded
  }

  /** Null as well for somebody who is no member: a stranger learns nothing. */
  conversationOf(
    sync: SyncTransaction,
    conversationId: ConversationId,
    accountId: AccountId,
  ): RosterConversation | null {
    const conversation = this.conversation(sync, conversationId)
    return conversation?.members.has(accountId) ? conversation : null
  }

  activeDevices(sync: SyncTransaction, accountId: AccountId): ReadonlySet<DeviceId> {
    // Devices come and go by entries of the key log, or with their account (forgetDevices).
    const size = this.#keyLogSize()
    if (size !== this.#devicesAtSize) this.#devices.clear()
    this.#devicesAtSize = size
    const known = this.#devices.get(accountId)
    if (known) return known
    const loaded = new Set(loadActiveDevices(sync, accountId))
    this.#devices.set(accountId, loaded)
    return loaded
  }

  isActiveDevice(sync: SyncTransaction, deviceId: DeviceId): boolean {
    const accountId = findDeviceOwner(sync, deviceId)
    return accountId !== null && this.activeDevices(sync, accountId).has(deviceId)
  }

  forgetConversation(conversationId: ConversationId): void {
    this.#conversations.delete(conversationId)
  }

  /** Inside the transaction in which this account's devices end without an entry. */
  forgetDevices(accountId: AccountId): void {
    this.#devices.delete(accountId)
  }

  /** After a failed commit: sequence numbers that were counted up are not on disk. */
  forgetAll(): void {
    this.#conversations.clear()
    this.#devices.clear()
  }
}
