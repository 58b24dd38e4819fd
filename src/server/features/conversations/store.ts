import type { AccountId, ConversationId, DeviceId } from '../../../protocol/ids.ts'
import type { Reader, SyncTransaction, Transaction } from '../../storage/database.ts'
import type { RosterConversation } from './roster.ts'

export type Kind = 'direct' | 'group'

interface ConversationRow {
  kind: Kind
  lastSeq: number
  entryCount: number
  head: Uint8Array | null
}

const noHead = new Uint8Array(32)

export function loadConversation(sync: SyncTransaction, conversationId: ConversationId): RosterConversation | null {
  const row = sync.get<ConversationRow>(
    `SELECT kind, last_seq AS lastSeq, entry_count AS entryCount, head FROM conversations WHERE conversation_id = ?`,
    conversationId,
  )
  if (!row) return null
  const members = sync.all<{ accountId: AccountId; firstSeq: number }>(
    'SELECT account_id AS accountId, first_seq AS firstSeq FROM conversation_members WHERE conversation_id = ?',
    conversationId,
  )
  return {
    conversationId,
    kind: row.kind,
    lastSeq: row.lastSeq,
    epoch: Math.max(row.entryCount - 1, 0),
    head: row.head ?? noHead,
    members: new Map(members.map(({ accountId, firstSeq }) => [accountId, firstSeq])),
  }
}

export function loadActiveDevices(sync: SyncTransaction, accountId: AccountId): DeviceId[] {
  const sql = 'SELECT device_id AS deviceId FROM devices WHERE account_id = ? AND ended_at IS NULL'
  return sync.all<{ deviceId: DeviceId }>(sql, accountId).map((row) => row.deviceId)
}

export function findDeviceOwner(sync: SyncTransaction, deviceId: DeviceId): AccountId | null {
  const sql = 'SELECT account_id AS accountId FROM devices WHERE device_id = ?'
  return sync.get<{ accountId: AccountId }>(sql, deviceId)?.accountId ?? null
}

/** The first message this member may fetch; null for who is none. */
export async function findFirstSeq(
  reader: Reader,
  conversationId: ConversationId,
  accountId: AccountId,
): Promise<number | null> {
  const row = await reader.get<{ firstSeq: number }>(
    'SELECT first_seq AS firstSeq FROM conversation_members WHERE conversation_id = ? AND account_id = ?',
    conversationId,
    accountId,
  )
  return row?.firstSeq ?? null
}

export interface Membership {
  conversationId: ConversationId
  kind: Kind
  lastSeq: number
  firstSeq: number
  entryCount: number
  createdAt: number
}

const membershipSql = `SELECT c.conversation_id AS conversationId, c.kind, c.last_seq AS lastSeq, m.first_seq AS firstSeq,
    c.entry_count AS entryCount, c.created_at AS createdAt
  FROM conversation_members m JOIN conversations c ON c.conversation_id = m.conversation_id WHERE m.account_id = ?`

export function listMemberships(reader: Reader, accountId: AccountId): Promise<Membership[]> {
  return reader.all<Membership>(`${membershipSql} ORDER BY c.created_at`, accountId)
}

export function findMembership(
  reader: Reader,
  conversationId: ConversationId,
  accountId: AccountId,
): Promise<Membership | null> {
  return reader.get<Membership>(`${membershipSql} AND m.conversation_id = ?`, accountId, conversationId)
}

export interface ConversationHead {
  kind: Kind
  lastSeq: number
  entryCount: number
  head: Uint8Array | null
}

export function findConversation(reader: Reader, conversationId: ConversationId): Promise<ConversationHead | null> {
  return reader.get<ConversationHead>(
    'SELECT kind, last_seq AS lastSeq, entry_count AS entryCount, head FROM conversations WHERE conversation_id = ?',
    conversationId,
  )
}

export async function listMembers(reader: Reader, conversationId: ConversationId): Promise<AccountId[]> {
  const sql = 'SELECT account_id AS accountId FROM conversation_members WHERE conversation_id = ?'
  const rows = await reader.all<{ accountId: AccountId }>(sql, conversationId)
  return rows.map((row) => row.accountId)
}

/** Everybody who shares a conversation with this account, itself left out. */
export async function listPeers(reader: Reader, accountId: AccountId): Promise<AccountId[]> {
  const rows = await reader.all<{ accountId: AccountId }>(
    `SELECT DISTINCT other.account_id AS accountId FROM conversation_members own
     JOIN conversation_members other ON other.conversation_id = own.conversation_id
     WHERE own.account_id = ? AND other.account_id <> ?`,
    ...[accountId, accountId],
  )
  return rows.map((row) => row.accountId)
}

export async function listEntries(
  reader: Reader,
  conversationId: ConversationId,
  { from, count }: { from: number; count: number },
): Promise<Uint8Array[]> {
  const rows = await reader.all<{ entry: Uint8Array }>(
    'SELECT entry FROM conversation_entries WHERE conversation_id = ? AND entry_index >= ? ORDER BY entry_index LIMIT ?',
    ...[conversationId, from, count],
  )
  return rows.map((row) => row.entry)
}

export async function listAccountIds(reader: Reader): Promise<AccountId[]> {
  const rows = await reader.all<{ accountId: AccountId }>('SELECT account_id AS accountId FROM accounts')
  return rows.map((row) => row.accountId)
}

/** Those who are at this home now. */
export async function listPresentIds(reader: Reader): Promise<AccountId[]> {
  const sql = 'SELECT account_id AS accountId FROM accounts WHERE left_at IS NULL'
  return (await reader.all<{ accountId: AccountId }>(sql)).map((row) => row.accountId)
}

/** What nobody at this home can read any more goes: notes to oneself, groups without members, talks of two who both left. */
export async function deleteAbandoned(tx: Transaction, accountId: AccountId): Promise<ConversationId[]> {
  const rows = await tx.all<{ conversationId: ConversationId }>(
    `SELECT conversation_id AS conversationId FROM conversation_members own WHERE account_id = ? AND NOT EXISTS (
       SELECT 1 FROM conversation_members other JOIN accounts ON accounts.account_id = other.account_id
       WHERE other.conversation_id = own.conversation_id AND accounts.left_at IS NULL)`,
    accountId,
  )
  for (const { conversationId } of rows) {
    for (const table of ['messages', 'conversation_entries', 'conversation_members', 'conversations'])
      await tx.run(`DELETE FROM ${table} WHERE conversation_id = ?`, conversationId)
  }
  return rows.map(({ conversationId }) => conversationId)
}

export async function insertConversation(
  tx: Transaction,
  { conversationId, kind, nowMs }: { conversationId: ConversationId; kind: Kind; nowMs: number },
): Promise<void> {
  const sql = 'INSERT INTO conversations (conversation_id, kind, created_at) VALUES (?, ?, ?)'
  await tx.run(sql, conversationId, kind, nowMs)
}

export interface NewMember {
  conversationId: ConversationId
  accountId: AccountId
  role: 'member' | 'admin'
  firstSeq: number
  nowMs: number
}

export async function putMember(tx: Transaction, member: NewMember): Promise<void> {
  await tx.run(
    `INSERT INTO conversation_members (conversation_id, account_id, role, first_seq, joined_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (conversation_id, account_id) DO UPDATE SET role = excluded.role`,
    ...[member.conversationId, member.accountId, member.role, member.firstSeq, member.nowMs],
  )
}

export async function setFirstSeq(
  tx: Transaction,
  { conversationId, accountId, firstSeq }: { conversationId: ConversationId; accountId: AccountId; firstSeq: number },
): Promise<void> {
  const sql = 'UPDATE conversation_members SET first_seq = ? WHERE conversation_id = ? AND account_id = ?'
  await tx.run(sql, firstSeq, conversationId, accountId)
}

export async function deleteMember(
  tx: Transaction,
  conversationId: ConversationId,
  accountId: AccountId,
): Promise<void> {
  await tx.run(
    'DELETE FROM conversation_members WHERE conversation_id = ? AND account_id = ?',
    conversationId,
    accountId,
  )
}

export interface NewEntry {
  conversationId: ConversationId
  index: number
  entry: Uint8Array
  nowMs: number
}

export async function insertEntry(tx: Transaction, { conversationId, index, entry, nowMs }: NewEntry): Promise<void> {
  const sql = 'INSERT INTO conversation_entries (conversation_id, entry_index, entry, received_at) VALUES (?, ?, ?, ?)'
  await tx.run(sql, conversationId, index, entry, nowMs)
}

export async function setHead(
  tx: Transaction,
  { conversationId, entryCount, head }: { conversationId: ConversationId; entryCount: number; head: Uint8Array },
): Promise<void> {
  const sql = 'UPDATE conversations SET entry_count = ?, head = ? WHERE conversation_id = ?'
  await tx.run(sql, entryCount, head, conversationId)
}
