import type { AccountId, ChainId, ConversationId } from '../../../protocol/ids.ts'
import type { Reader, SyncTransaction } from '../../storage/database.ts'

export interface VoucherRow {
  chainId: ChainId
  epoch: number
  row: Uint8Array
}

export interface NewVoucher extends VoucherRow {
  conversationId: ConversationId
}

/** False when another device of the account was first. */
export function insertVoucher(sync: SyncTransaction, accountId: AccountId, voucher: NewVoucher): boolean {
  const { conversationId, chainId, epoch, row } = voucher
  const { changes } = sync.run(
    'INSERT INTO vouchers (account_id, conversation_id, chain_id, epoch, row) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ...[accountId, conversationId, chainId, epoch, row],
  )
  return changes === 1
}

export function findVoucher(
  reader: Reader,
  accountId: AccountId,
  { conversationId, chainId }: { conversationId: ConversationId; chainId: ChainId },
): Promise<VoucherRow | null> {
  return reader.get<VoucherRow>(
    `SELECT chain_id AS chainId, epoch, row FROM vouchers
     WHERE account_id = ? AND conversation_id = ? AND chain_id = ?`,
    ...[accountId, conversationId, chainId],
  )
}

/** Of one conversation; with null of the whole account. */
export function readVoucherCount(
  sync: SyncTransaction,
  accountId: AccountId,
  conversationId: ConversationId | null,
): number {
  const sql = 'SELECT count FROM voucher_counts WHERE account_id = ? AND conversation_id = ?'
  return sync.get<{ count: number }>(sql, accountId, conversationId ?? '')?.count ?? 0
}

export function raiseVoucherCount(
  sync: SyncTransaction,
  accountId: AccountId,
  { conversationId, by }: { conversationId: ConversationId | null; by: number },
): void {
  sync.run(
    `INSERT INTO voucher_counts (account_id, conversation_id, count) VALUES (?, ?, ?)
     ON CONFLICT (account_id, conversation_id) DO UPDATE SET count = count + excluded.count`,
    ...[accountId, conversationId ?? '', by],
  )
}
