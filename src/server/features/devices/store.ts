import type { AccountId, DeviceId } from '../../../protocol/ids.ts'
import type { Reader, Transaction } from '../../storage/database.ts'

export type PrekeyKindName = 'signed' | 'last-resort' | 'one-time' | 'one-time-kem'
export type PrekeyRow = { id: number; createdAt: number | null; publicKey: Uint8Array; signature: Uint8Array | null }

const columns = 'prekey_id AS id, created_at AS createdAt, public_key AS publicKey, signature'

export async function putPrekey(
  tx: Transaction,
  deviceId: DeviceId,
  kind: PrekeyKindName,
  row: PrekeyRow,
): Promise<void> {
  await tx.run(
    'INSERT OR REPLACE INTO prekeys (device_id, kind, prekey_id, created_at, public_key, signature) VALUES (?, ?, ?, ?, ?, ?)',
    deviceId,
    kind,
    row.id,
    row.createdAt,
    row.publicKey,
    row.signature,
  )
}

export async function deletePrekeys(tx: Transaction, deviceId: DeviceId, kind: PrekeyKindName): Promise<void> {
  await tx.run('DELETE FROM prekeys WHERE device_id = ? AND kind = ?', deviceId, kind)
}

export async function countPrekeys(reader: Reader, deviceId: DeviceId, kind: PrekeyKindName): Promise<number> {
  const sql = 'SELECT count(*) AS count FROM prekeys WHERE device_id = ? AND kind = ?'
  return (await reader.get<{ count: number }>(sql, deviceId, kind))!.count
}

export function findPrekey(reader: Reader, deviceId: DeviceId, kind: PrekeyKindName): Promise<PrekeyRow | null> {
  const sql = `SELECT ${columns} FROM prekeys WHERE device_id = ? AND kind = ? ORDER BY prekey_id LIMIT 1`
  return reader.get<PrekeyRow>(sql, deviceId, kind)
}

/** Finds one and deletes it, so that nobody gets it again. */
export async function takePrekey(tx: Transaction, deviceId: DeviceId, kind: PrekeyKindName): Promise<PrekeyRow | null> {
  const row = await findPrekey(tx, deviceId, kind)
  if (row)
    await tx.run('DELETE FROM prekeys WHERE device_id = ? AND kind = ? AND prekey_id = ?', deviceId, kind, row.id)
  return row
}

/** Whose device it is, while it is active. */
export async function findActiveOwner(reader: Reader, deviceId: DeviceId): Promise<AccountId | null> {
  const sql = 'SELECT account_id AS accountId FROM devices WHERE device_id = ? AND ended_at IS NULL'
  return (await reader.get<{ accountId: AccountId }>(sql, deviceId))?.accountId ?? null
}
