import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { logAppend } from '../../../protocol/devices.ts'
import { membersOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { readBytes } from '../../wire-bytes.ts'
import { appendOwnEntry } from './append-entry.ts'

const logQuery = Type.Object({ from: Type.Optional(Type.String({ pattern: '^\\d{1,9}$' })) })

export function keyLogRoutes(context: Context) {
  return new Elysia()
    .use(membersOnly(context))
    .get('/api/log', ({ query }) => context.keyLog.readPage(Number(query.from ?? 0)), { query: logQuery })
    .post(
      '/api/log',
      ({ body, principal }) => {
        context.rateLimits.appendLog.take(principal.accountId)
        return appendOwnEntry(context, principal, readBytes(body.entry))
      },
      { body: logAppend },
    )
}
