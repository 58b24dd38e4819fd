import type { AccountId, ChainId, ConversationId } from '../../../protocol/ids.ts'
import type { Reader, SyncTransaction } from '../../storage/database.ts'
import {
  findVoucher,
  insertVoucher,
  type NewVoucher,
  raiseVoucherCount,
  readVoucherCount,
  type VoucherRow,
} from './voucher-store.ts'

/** How many one account may keep: years of a large family. Who reaches them on purpose gets no more in. */
export interface VoucherLimits {
  maxInConversation: number
  maxOfAccount: number
}
export const voucherLimits: VoucherLimits = { maxInConversation: 200_000, maxOfAccount: 1_000_000 }

/**
 * The first writer wins. What goes over the bounds is left out without a word, as if it had not been archived: a refusal would
 * make the device offer the same lot for ever.
 */
export function keepVouchers(
  sync: SyncTransaction,
  accountId: AccountId,
  { rows, limits = voucherLimits }: { rows: readonly NewVoucher[]; limits?: VoucherLimits },
): void {
  let room = limits.maxOfAccount - readVoucherCount(sync, accountId, null)
  for (const [conversationId, lot] of Map.groupBy(rows, (row) => row.conversationId)) {
    const most = Math.min(room, limits.maxInConversation - readVoucherCount(sync, accountId, conversationId))
    const by = insertUpTo(sync, accountId, { lot, most })
    if (by === 0) continue
    for (const counted of [conversationId, null]) raiseVoucherCount(sync, accountId, { conversationId: counted, by })
    room -= by
  }
}

function insertUpTo(
  sync: SyncTransaction,
  accountId: AccountId,
  { lot, most }: { lot: readonly NewVoucher[]; most: number },
): number {
  let count = 0
  for (const row of lot) {
    if (count >= most) return count
    if (insertVoucher(sync, accountId, row)) count++
  }
  return count
}

/** Of these chains, what this account's devices have archived; of others', and of what is not there, nothing. */
export async function readVouchers(
  reader: Reader,
  accountId: AccountId,
  { conversationId, chainIds }: { conversationId: ConversationId; chainIds: readonly ChainId[] },
): Promise<VoucherRow[]> {
  const found = await Promise.all(
    chainIds.map((chainId) => findVoucher(reader, accountId, { conversationId, chainId })),
  )
  return found.filter((row) => row !== null)
}
