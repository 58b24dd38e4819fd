import { Elysia } from 'elysia'
import { Refusal } from '../../../protocol/errors.ts'
import { fileParams, filePlace } from '../../../protocol/files.ts'
import { membersOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { Files } from './files.ts'

export function fileRoutes(context: Context) {
  const files = new Files(context)
  return new Elysia()
    .use(membersOnly(context))
    .put(
      '/api/files/:id',
      async ({ principal: { accountId }, params: { id }, query: { conversation, kind }, request }) => {
        if (request.body === null) throw new Refusal('bad_request', { detail: 'no file' })
        await files.put({ accountId, fileId: id, conversationId: conversation, kind }, request.body)
        return new Response(null, { status: 204 })
      },
      { params: fileParams, query: filePlace, parse: 'none' },
    )
    .get(
      '/api/files/:id',
      async ({ principal: { accountId }, params: { id } }) => {
        const file = await files.read(accountId, id)
        if (!file) throw new Refusal('not_found')
        const headers = { 'content-type': 'application/octet-stream', 'content-length': String(file.bytes) }
        return new Response(file.stream(), { headers })
      },
      { params: fileParams },
    )
}
