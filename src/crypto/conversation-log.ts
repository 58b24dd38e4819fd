import { ascii, concat, exactly, lp16, Reader, u8, u32, u64 } from './bytes.ts'
import { sha256 } from './hash.ts'

// One entry of a group's membership chain (PROTOCOL 4.6):
//
//   "TVC1" 4 | type 1 | convId 16 | seq 4 | prev 32 | signerUser 16 | signerDevice 16 | sthSize 8 | lp16(body) | sig 64

const MAGIC = ascii('TVC1')
const TYPES = ['create', 'add', 'remove', 'role', 'leave', 'policy'] as const
const KINDS = ['group', 'open'] as const
const POLICIES = ['none', 'share'] as const
const ROLES = ['member', 'admin'] as const

/** 2 group, 3 open group. A DM has no chain. */
export type ConversationKind = (typeof KINDS)[number]
/** 0 none, 1 share: whether newcomers get the history. */
export type HistoryPolicy = (typeof POLICIES)[number]
/** 0 member, 1 admin. */
export type MemberRole = (typeof ROLES)[number]

/** What an entry says, by its type (1 to 6 in this order). */
export type ConversationEntryBody =
  | { type: 'create'; kind: ConversationKind; historyPolicy: HistoryPolicy }
  | { type: 'add'; userId: Uint8Array; uikHash: Uint8Array; role: MemberRole }
  | { type: 'remove'; userId: Uint8Array }
  | { type: 'role'; userId: Uint8Array; role: MemberRole }
  | { type: 'leave' }
  | { type: 'policy'; historyPolicy: HistoryPolicy }

/** An entry before it is signed. */
export interface UnsignedConversationEntry {
  convId: Uint8Array
  seq: number
  /** convHead before this entry; zeros for the first. */
  prev: Uint8Array
  signerUser: Uint8Array
  signerDevice: Uint8Array
  /** Size of the key log in which signerDevice is active. */
  sthSize: number
  body: ConversationEntryBody
}

/** A parsed entry; nothing about it is verified yet. */
export interface ConversationEntry extends UnsignedConversationEntry {
  /** All bytes before the signature. */
  signedBytes: Uint8Array
  signature: Uint8Array
  /** convHead after this entry, 32 bytes. */
  head: Uint8Array
}

function encodeBody(body: ConversationEntryBody): Uint8Array {
  switch (body.type) {
    case 'create':
      return concat(u8(KINDS.indexOf(body.kind) + 2), u8(POLICIES.indexOf(body.historyPolicy)))
    case 'add':
      return concat(exactly(body.userId, 16), exactly(body.uikHash, 32), u8(ROLES.indexOf(body.role)))
    case 'remove':
      return exactly(body.userId, 16)
    case 'role':
      return concat(exactly(body.userId, 16), u8(ROLES.indexOf(body.role)))
    case 'leave':
      return new Uint8Array(0)
    case 'policy':
      return u8(POLICIES.indexOf(body.historyPolicy))
  }
}

/** The bytes of an entry before its signature: what is signed under the label "conv entry". */
export function encodeUnsignedConversationEntry(entry: UnsignedConversationEntry): Uint8Array {
  return concat(
    MAGIC,
    u8(TYPES.indexOf(entry.body.type) + 1),
    exactly(entry.convId, 16),
    u32(entry.seq),
    exactly(entry.prev, 32),
    exactly(entry.signerUser, 16),
    exactly(entry.signerDevice, 16),
    u64(entry.sthSize),
    lp16(encodeBody(entry.body)),
  )
}

/** convHead_k = H(02 || convHead_{k-1} || entry_k), 32 bytes; the entry whole. */
export function nextConversationHead(prev: Uint8Array, entry: Uint8Array): Uint8Array {
  return sha256(concat(u8(2), exactly(prev, 32), entry))
}

function readBody(type: (typeof TYPES)[number], reader: Reader): ConversationEntryBody {
  const readPolicy = () => POLICIES[reader.oneOf([0, 1], 'historyPolicy')]!
  const readRole = () => ROLES[reader.oneOf([0, 1], 'role')]!
  switch (type) {
    case 'create':
      return { type, kind: KINDS[reader.oneOf([2, 3], 'kind') - 2]!, historyPolicy: readPolicy() }
    case 'add':
      return { type, userId: reader.take(16), uikHash: reader.take(32), role: readRole() }
    case 'remove':
      return { type, userId: reader.take(16) }
    case 'role':
      return { type, userId: reader.take(16), role: readRole() }
    case 'leave':
      return { type }
    case 'policy':
      return { type, historyPolicy: readPolicy() }
  }
}

/** Reads one entry, exact to the byte; throws DecryptionFailed for anything unknown. Verifies no signature. */
export function parseConversationEntry(bytes: Uint8Array): ConversationEntry {
  const reader = new Reader(bytes)
  reader.expect(MAGIC)
  const type = TYPES[reader.oneOf([1, 2, 3, 4, 5, 6], 'type') - 1]!
  const convId = reader.take(16)
  const seq = reader.u32()
  const prev = reader.take(32)
  const signerUser = reader.take(16)
  const signerDevice = reader.take(16)
  const sthSize = reader.u64()
  const bodyReader = new Reader(reader.lp16())
  const body = readBody(type, bodyReader)
  bodyReader.end()
  const signedBytes = reader.before()
  const signature = reader.take(64)
  reader.end()
  const head = nextConversationHead(prev, bytes)
  return { convId, seq, prev, signerUser, signerDevice, sthSize, body, signedBytes, signature, head }
}
