import { Type } from '@sinclair/typebox'
import type { AttachmentId, ConversationId } from './ids.ts'
import { idSchema } from './schema.ts'

/**
 * Sealed files (PROTOCOL 4.10). The home sees who put how many bytes into which conversation, and when.
 *
 * PUT /api/files/:id?conversation=…&kind=bundle with the file as application/octet-stream. Members of the conversation only. Answers 204;
 * again 204 when the same account put this id there before (what lies there stays). too_large: longer than maxFileBytes; too_many: this
 * account has used up its share of the disk; not_allowed: the id is somebody else's.
 *
 * GET /api/files/:id answers the bytes to members of its conversation; not_found to everybody else.
 *
 * kind bundle: keys of earlier messages for a newcomer; deleted after 30 days.
 */
export const fileParams = Type.Object({ id: idSchema<AttachmentId>() })
export const filePlace = Type.Object({ conversation: idSchema<ConversationId>(), kind: Type.Literal('bundle') })
