import { Refusal } from '../../../protocol/errors.ts'
import type {
  HealAccount,
  HealBodies,
  HealConversation,
  HealedBodies,
  HealedConversation,
  HealedLog,
  HealLog,
  HealMissing,
} from '../../../protocol/heal.ts'
import { type AccountId, type MessageId, toBase64Url } from '../../../protocol/ids.ts'
import { serverFrames } from '../../../protocol/socket.ts'
import { writeAudit } from '../../audit.ts'
import type { Principal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { readBytes } from '../../wire-bytes.ts'
import type { Conversations } from '../conversations/conversations.ts'
import type { Messages } from '../messages/messages.ts'
import * as store from './store.ts'

/** Gives a restored home back what its backup lacks (PROTOCOL 4.14). */
export class Healing {
  constructor(
    private readonly context: Context,
    private readonly conversations: Conversations,
    private readonly messages: Messages,
  ) {}

  get isHealing(): boolean {
    return this.context.settings.isHealing
  }

  /** The server's own signature over exactly these entries is the caller's only and sufficient credential. */
  async healLog(offer: HealLog): Promise<HealedLog> {
    const { database, keyLog, clock } = this.context
    const entries = offer.entries.map((entry) => readBytes(entry))
    const treeHead = readBytes(offer.treeHead, 144)
    const rest = readBytes(offer.rest ?? '')
    await database.transaction(async (tx) => {
      this.#assertHealing()
      const hasGrown = await keyLog.adopt(tx, { from: offer.from, entries, treeHead, rest })
      if (hasGrown) await store.countInviteUses(tx, clock.now())
    })
    return { treeHead: toBase64Url(keyLog.treeHead), size: keyLog.size }
  }

  async healConversation(principal: Principal, offer: HealConversation): Promise<HealedConversation> {
    this.#assertRestored()
    const entries = offer.entries.map((entry) => readBytes(entry))
    const entryCount = await this.context.database.transaction((tx) =>
      this.conversations.takeBack(tx, principal.accountId, { ...offer, entries }),
    )
    return { entryCount }
  }

  async listMissing(principal: Principal, { conversationId, messageIds }: HealMissing): Promise<MessageId[]> {
    await this.conversations.view(conversationId, principal.accountId)
    return this.messages.listMissing(conversationId, messageIds)
  }

  async healBodies(principal: Principal, { conversationId, bodies }: HealBodies): Promise<HealedBodies> {
    this.#assertRestored()
    const raw = bodies.map((body) => readBytes(body))
    const returned = await this.messages.takeBack(principal, conversationId, raw)
    return { seqs: Object.fromEntries(returned.map(({ messageId, seq }) => [messageId, seq])) }
  }

  async healAccount({ accountId }: Principal, offer: HealAccount): Promise<void> {
    const { database, clock } = this.context
    await database.transaction(async (tx) => {
      this.#assertHealing()
      // A name can be given to an account that came back without one; everybody else keeps the one in the backup.
      if (await store.isFoundAccount(tx, accountId)) {
        if (offer.signInName) await this.#assertNameFree(accountId, offer.signInName)
        if (offer.signInName) await store.nameAccount(tx, accountId, offer.signInName)
      }
      if (offer.wrappedRootSeed) await store.setRootSeed(tx, accountId, readBytes(offer.wrappedRootSeed, 60))
      for (const { slot, authHash } of offer.slots) {
        await store.putSlot(tx, accountId, { ...readSlot(slot, authHash), nowMs: clock.now() })
      }
      for (const { epoch, record } of offer.sealedArchiveKeys) {
        await store.addSealedKey(tx, accountId, { epoch, record: readBytes(record, 1248) })
      }
      if (offer.state) {
        await store.raiseState(tx, accountId, { ...offer.state, sealed: readBytes(offer.state.sealed) })
      }
      tx.onCommit(() => this.#tellAll('accounts'))
    })
  }

  /** Nobody's device is newer: from here on the logs grow again. */
  async finish({ accountId: byAccountId }: Principal): Promise<void> {
    const { database, settings, clock } = this.context
    await database.transaction(async (tx) => {
      if (settings.isHealing) await writeAudit(tx, { at: clock.now(), event: 'healing_ended', byAccountId })
      await settings.set(tx, 'isHealing', false)
      tx.onCommit(() => this.#tellAll('home'))
    })
  }

  async #assertNameFree(accountId: AccountId, signInName: string): Promise<void> {
    if (await store.isNameTaken(this.context.database, accountId, signInName)) throw new Refusal('name_taken')
  }

  #assertHealing(): void {
    if (!this.isHealing) throw new Refusal('not_allowed', { detail: 'this home is not healing' })
  }

  // Bodies and groups may come from a phone that was off for weeks, long after the host said that all is well.
  #assertRestored(): void {
    if (this.context.settings.get('restoredFrom') === null) {
      throw new Refusal('not_allowed', { detail: 'this home was never restored' })
    }
  }

  #tellAll(what: 'home' | 'accounts'): void {
    this.context.hub.broadcast(serverFrames.encode({ type: 'changed', what }))
  }
}

function readSlot(slot: string, authHash: string): { slot: Uint8Array; authHash: Uint8Array } {
  const bytes = readBytes(slot, 86)
  if (bytes[0] !== 1 && bytes[0] !== 2) throw new Refusal('bad_request', { detail: 'slot kind' })
  return { slot: bytes, authHash: readBytes(authHash, 32) }
}
