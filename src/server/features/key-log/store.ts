import type { AccountId, DeviceId } from '../../../protocol/ids.ts'
import type { Reader, Transaction } from '../../storage/database.ts'

export async function readAllEntries(reader: Reader): Promise<Uint8Array[]> {
  const rows = await reader.all<{ entry: Uint8Array }>('SELECT entry FROM key_log ORDER BY entry_index')
  return rows.map(({ entry }) => entry)
}

export async function readEntries(reader: Reader, from: number, count: number): Promise<Uint8Array[]> {
  const sql = 'SELECT entry FROM key_log WHERE entry_index >= ? ORDER BY entry_index LIMIT ?'
  const rows = await reader.all<{ entry: Uint8Array }>(sql, from, count)
  return rows.map(({ entry }) => entry)
}

export async function insertEntry(
  tx: Transaction,
  row: { index: number; accountId: AccountId; entry: Uint8Array; receivedAt: number },
): Promise<void> {
  const sql = 'INSERT INTO key_log (entry_index, account_id, entry, received_at) VALUES (?, ?, ?, ?)'
  await tx.run(sql, row.index, row.accountId, row.entry, row.receivedAt)
}

// An account whose row was lost with the days since the backup: its person names it again.
export async function insertFoundAccount(
  tx: Transaction,
  row: { accountId: AccountId; createdAt: number; inviteId: string },
): Promise<void> {
  const name = `found-${row.accountId.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`
  await tx.run(
    `INSERT OR IGNORE INTO accounts (account_id, sign_in_name, role, created_at, invited_by, invite_id, wrapped_root_seed)
     VALUES (?, ?, 'member', ?, (SELECT created_by FROM invites WHERE invite_id = ?), ?, ?)`,
    row.accountId,
    name,
    row.createdAt,
    row.inviteId,
    row.inviteId,
    new Uint8Array(0),
  )
}

export async function insertDevice(
  tx: Transaction,
  row: { deviceId: DeviceId; accountId: AccountId; createdAt: number },
): Promise<void> {
  const sql = 'INSERT INTO devices (device_id, account_id, created_at) VALUES (?, ?, ?)'
  await tx.run(sql, row.deviceId, row.accountId, row.createdAt)
}

/** Nothing is kept for a device that ended: nobody may read it, and nobody should write to it. */
export async function endDevice(tx: Transaction, deviceId: DeviceId, now: number): Promise<void> {
  await tx.run('UPDATE devices SET ended_at = ? WHERE device_id = ? AND ended_at IS NULL', now, deviceId)
  await tx.run('DELETE FROM sessions WHERE device_id = ?', deviceId)
  await tx.run('DELETE FROM prekeys WHERE device_id = ?', deviceId)
  await tx.run('DELETE FROM envelopes WHERE device_id = ?', deviceId)
}

export async function listActiveDeviceIds(tx: Reader, accountId: AccountId): Promise<DeviceId[]> {
  const sql = 'SELECT device_id AS deviceId FROM devices WHERE account_id = ? AND ended_at IS NULL'
  return (await tx.all<{ deviceId: DeviceId }>(sql, accountId)).map(({ deviceId }) => deviceId)
}

const rowsAtOnce = 20_000

// No index leads to them, since every post would pay for it: all messages are walked through, and others are served between the pieces.
async function forgetRowsBesideMessages(tx: Transaction, accountId: AccountId): Promise<void> {
  const newest = await tx.get<{ number: number | null }>('SELECT max(message_number) AS number FROM messages')
  for (let from = 0; from < (newest?.number ?? 0); from += rowsAtOnce) {
    await tx.run(
      `UPDATE messages SET archive_epoch = NULL, archive_row = NULL
       WHERE message_number > ? AND message_number <= ? AND sender_account_id = ? AND archive_row IS NOT NULL`,
      ...[from, from + rowsAtOnce, accountId],
    )
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What only the former identity could open: its backup, its archive, its state. */
export async function forgetIdentity(tx: Transaction, accountId: AccountId): Promise<void> {
  const archive = ['sealed_archive_keys', 'account_state', 'archive_rows', 'vouchers', 'voucher_counts']
  for (const table of [...archive, 'slots', 'recovery_tickets'])
    await tx.run(`DELETE FROM ${table} WHERE account_id = ?`, accountId)
  await forgetRowsBesideMessages(tx, accountId)
  await tx.run('UPDATE accounts SET wrapped_root_seed = ? WHERE account_id = ?', new Uint8Array(0), accountId)
}
