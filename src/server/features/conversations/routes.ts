import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { directOpen, entryAppend, groupUpload } from '../../../protocol/conversations.ts'
import { type ConversationId, toBase64Url } from '../../../protocol/ids.ts'
import { idSchema } from '../../../protocol/schema.ts'
import { membersOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { readBytes } from '../../wire-bytes.ts'
import type { Conversations } from './conversations.ts'

const params = Type.Object({ id: idSchema<ConversationId>() })
const entriesQuery = Type.Object({ from: Type.Optional(Type.String({ pattern: '^\\d{1,9}$' })) })

export function conversationRoutes(context: Context, conversations: Conversations) {
  return new Elysia()
    .use(membersOnly(context))
    .get('/api/conversations', ({ principal }) => conversations.list(principal.accountId))
    .post(
      '/api/conversations',
      ({ principal, body }) => {
        context.rateLimits.createGroup.take(principal.accountId)
        return conversations.createGroup(
          principal,
          body.entries.map((entry) => readBytes(entry)),
        )
      },
      { body: groupUpload },
    )
    .post(
      '/api/conversations/direct',
      ({ principal, body }) => conversations.openDirect(principal.accountId, body.accountId),
      { body: directOpen },
    )
    .get(
      '/api/conversations/:id/entries',
      async ({ principal, params: { id }, query }) => {
        const entries = await conversations.listEntries(principal.accountId, id, Number(query.from ?? 0))
        return { entries: entries.map(toBase64Url) }
      },
      { params, query: entriesQuery },
    )
    .post(
      '/api/conversations/:id/entries',
      async ({ principal, params: { id }, body }) => {
        context.rateLimits.changeGroup.take(principal.accountId)
        return { entryCount: await conversations.append(principal, id, readBytes(body.entry)) }
      },
      { params, body: entryAppend },
    )
}
