import { type Static, Type } from '@sinclair/typebox'
import type { AccountId, ConversationId } from './ids.ts'
import { bytesSchema, idSchema } from './schema.ts'

/** GET /api/conversations: those the account is a member of now. `lastSeq` is the newest message, 0 for none; entry counts start at 1 for a group. */
export type ConversationView = {
  conversationId: ConversationId
  kind: 'direct' | 'group'
  /** Direct only: the two, else empty (members follow from the signed entries). */
  accountIds: AccountId[]
  lastSeq: number
  /** First message this member may fetch (their own joining, or 1). */
  firstSeq: number
  entryCount: number
  createdAt: number
}

/** POST /api/conversations: a new group from its first entries (create, then add …), all signed by this device. Answers ConversationView. */
export const groupUpload = Type.Object({ entries: Type.Array(bytesSchema(1, 1024), { minItems: 1, maxItems: 257 }) })
export type GroupUpload = Static<typeof groupUpload>

/** POST /api/conversations/direct: opens the one direct conversation of two people (again and again the same). Answers ConversationView. */
export const directOpen = Type.Object({ accountId: idSchema<AccountId>() })

/** GET /api/conversations/:id/entries?from=N -> { entries } from index N on. Members only. */
export type EntryPage = { entries: string[] }
/** POST /api/conversations/:id/entries: compare-and-swap on prev; conversation_moved when lost, bad_entry, not_allowed. */
export const entryAppend = Type.Object({ entry: bytesSchema(1, 1024) })
export type EntryAppended = { entryCount: number }
