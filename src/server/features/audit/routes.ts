import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { hostsOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { readAudit } from './audit.ts'

const auditQuery = Type.Object({ before: Type.Optional(Type.String({ pattern: '^\\d{1,15}$' })) })

export function auditRoutes(context: Context) {
  return new Elysia()
    .use(hostsOnly(context))
    .get('/api/audit', ({ query }) => readAudit(context, Number(query.before ?? Number.MAX_SAFE_INTEGER)), {
      query: auditQuery,
    })
}
