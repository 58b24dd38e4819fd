import { type Static, Type } from '@sinclair/typebox'
import { sealedArchiveKey, sealedState, slotUpload } from './accounts.ts'
import type { ConversationId, MessageId } from './ids.ts'
import { bytesSchema, idSchema, signInNameSchema } from './schema.ts'

/**
 * After a restore (PROTOCOL 4.14) clients give back what the backup lacks. All calls but the first are for members.
 *
 * POST /api/heal/log: the newest signed head the client holds and the entries from `from` on, in order. The server checks
 * its own signature, the root and the validator, adopts them exactly, and answers HealedLog. While the home is healing it needs
 * no session: the device that asks may itself be missing from the backup, and the server's own signature vouches for the entries.
 * bad_signature: not this server's head. bad_entry: root or an entry does not fit, or entries are missing
 * between the server's log and `from`. Nothing newer: answers with its own head (so `entries: []` asks how far the server is).
 * What is too much for one call goes in several, oldest first: `rest` then holds the leaf hashes (32 bytes each) of the entries between
 * these and the head, so that the signed root still proves every entry before it is adopted.
 */
export const healLog = Type.Object({
  from: Type.Integer({ minimum: 0 }),
  entries: Type.Array(bytesSchema(1, 2048), { maxItems: 1000 }),
  treeHead: bytesSchema(144),
  rest: Type.Optional(bytesSchema(0, 384_000)),
})
export type HealLog = Static<typeof healLog>
export type HealedLog = { treeHead: string; size: number }

/** POST /api/heal/conversations: entries of one group from index `from` on (index 0 = the whole group is missing). Compare-and-swap on prev. */
export const healConversation = Type.Object({
  conversationId: idSchema<ConversationId>(),
  from: Type.Integer({ minimum: 0 }),
  entries: Type.Array(bytesSchema(1, 1024), { maxItems: 512 }),
})
export type HealConversation = Static<typeof healConversation>
export type HealedConversation = { entryCount: number }

/** POST /api/heal/missing { conversationId, messageIds } -> { missing }: which of these bodies the server lacks. */
export const healMissing = Type.Object({
  conversationId: idSchema<ConversationId>(),
  messageIds: Type.Array(idSchema<MessageId>(), { maxItems: 1000 }),
})
export type HealMissing = Static<typeof healMissing>

/** POST /api/heal/bodies: sealed bodies the server lacks, oldest first; taken by message id, each gets a new sequence number. */
export const healBodies = Type.Object({
  conversationId: idSchema<ConversationId>(),
  bodies: Type.Array(bytesSchema(1, 65_536), { maxItems: 100 }),
})
export type HealBodies = Static<typeof healBodies>
/** messageId -> its sequence number now. */
export type HealedBodies = { seqs: Record<MessageId, number> }

/**
 * POST /api/heal/account (while healing): what this account wrote since the backup; keys and state are taken where the server's are
 * older or absent, slots replace. An account that the backup lacks comes back with its log entries, under a made-up sign-in name
 * `found-…`; its own device gives name and wrapped root seed here (name_taken if somebody has the name by now).
 */
export const healAccount = Type.Object({
  sealedArchiveKeys: Type.Array(sealedArchiveKey, { maxItems: 64 }),
  state: Type.Optional(sealedState),
  slots: Type.Array(slotUpload, { maxItems: 2 }),
  signInName: Type.Optional(signInNameSchema),
  wrappedRootSeed: Type.Optional(bytesSchema(60)),
})
export type HealAccount = Static<typeof healAccount>

/** POST /api/heal/finish (host): nobody's device is newer; new log and conversation entries are taken again. Answers 204, as does heal/account. */
