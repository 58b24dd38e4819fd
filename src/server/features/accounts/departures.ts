import { parseLogEntry } from '../../../crypto/verify.ts'
import type { Leaving, Role } from '../../../protocol/accounts.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { type AccountId, idFromBytes } from '../../../protocol/ids.ts'
import { serverFrames } from '../../../protocol/socket.ts'
import { writeAudit } from '../../audit.ts'
import type { Principal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { refuseBroken } from '../../errors.ts'
import { assertNotHealing } from '../../incarnation.ts'
import type { Transaction } from '../../storage/database.ts'
import { readBytes } from '../../wire-bytes.ts'
import type { Conversations } from '../conversations/conversations.ts'
import { revokeInvitesOf } from '../invites/invites.ts'
import { leftReason } from '../key-log/key-log.ts'
import { spendTicketOf } from '../recovery/recovery.ts'
import * as store from './store.ts'

/** How people go: by themselves, by the host's word; and who is host while they are here. */
export class Departures {
  readonly #context: Context
  readonly #conversations: Conversations

  constructor(context: Context, conversations: Conversations) {
    this.#context = context
    this.#conversations = conversations
    // Said by the log itself, so that a home restored from an older backup lets nobody come back who left since.
    context.keyLog.onLeave((tx, accountId) => this.#forget(tx, accountId, null))
  }

  /** Root-signed ends of every device, and with the last of them the account: all of it, or nothing. */
  async leave({ accountId }: Principal, offer: Leaving): Promise<void> {
    const entries = offer.entries.map((text) => readBytes(text))
    for (const entry of entries) checkEnd(entry, accountId)
    const { database, keyLog } = this.#context
    await database.transaction(async (tx) => {
      assertNotHealing(this.#context)
      await spendTicketOf(this.#context, tx, { ticket: offer.ticket, accountId })
      await this.#assertHostStays(tx, accountId)
      await keyLog.append(tx, entries)
      if (await store.findPresent(tx, accountId)) throw new Refusal('log_moved', { detail: 'another device is left' })
    })
  }

  /** The host closes somebody's account. The log cannot say so: only the person's own root could. */
  async remove(host: Principal, accountId: AccountId): Promise<void> {
    if (accountId === host.accountId) throw new Refusal('not_allowed', { detail: 'leave instead' })
    await this.#context.database.transaction(async (tx) => {
      assertNotHealing(this.#context)
      if (!(await store.findPresent(tx, accountId))) throw new Refusal('not_found')
      await this.#assertHostStays(tx, accountId)
      await this.#forget(tx, accountId, host.accountId)
    })
  }

  async changeRole(host: Principal, accountId: AccountId, role: Role): Promise<void> {
    const { database, clock } = this.#context
    await database.transaction(async (tx) => {
      const account = await store.findPresent(tx, accountId)
      if (!account) throw new Refusal('not_found')
      if (account.role === role) return
      if (role === 'member') await this.#assertHostStays(tx, accountId)
      await store.setRole(tx, accountId, role)
      const line = { at: clock.now(), event: 'role_changed' as const, accountId, byAccountId: host.accountId, role }
      await writeAudit(tx, line)
      tx.onCommit(() => this.#tellAll('accounts'))
    })
  }

  // Who is alone may go: there is nobody left for whom the home would need a host.
  async #assertHostStays(tx: Transaction, leaverId: AccountId): Promise<void> {
    const others = (await store.listPresent(tx)).filter(({ accountId }) => accountId !== leaverId)
    if (others.length > 0 && !others.some(({ role }) => role === 'host')) throw new Refusal('last_host')
  }

  async #forget(tx: Transaction, accountId: AccountId, byAccountId: AccountId | null): Promise<void> {
    const { keyLog, clock, log } = this.#context
    const at = clock.now()
    await store.markLeft(tx, accountId, at)
    await keyLog.endAccount(tx, accountId)
    await revokeInvitesOf(tx, accountId, at)
    await this.#conversations.withdraw(tx, accountId)
    const event = byAccountId === null ? ('account_left' as const) : ('account_removed' as const)
    await writeAudit(tx, { at, event, accountId, byAccountId })
    tx.onCommit(() => {
      log.info(event, { accountId })
      for (const what of ['accounts', 'conversations', 'invites'] as const) this.#tellAll(what)
    })
  }

  #tellAll(what: 'accounts' | 'conversations' | 'invites'): void {
    this.#context.hub.broadcast(serverFrames.encode({ type: 'changed', what }))
  }
}

function checkEnd(bytes: Uint8Array, accountId: AccountId): void {
  const entry = refuseBroken('bad_entry', () => parseLogEntry(bytes))
  const isEnd = entry.body.type === 'device-revoke' && entry.body.reason === leftReason
  if (!isEnd || entry.signer.kind !== 'root') throw new Refusal('bad_entry', { detail: 'not the end of a device' })
  if (idFromBytes(entry.userId) !== accountId) throw new Refusal('not_allowed')
}
