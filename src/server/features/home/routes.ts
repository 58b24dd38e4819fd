import { Elysia } from 'elysia'
import { homeChange } from '../../../protocol/accounts.ts'
import { hostsOnly, membersOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { changeHome, viewHome } from './home.ts'

export function homeRoutes(context: Context) {
  const members = new Elysia()
    .use(membersOnly(context))
    .get('/api/home', ({ principal }) => viewHome(context, principal))
  const hosts = new Elysia().use(hostsOnly(context)).patch(
    '/api/home',
    async ({ body }) => {
      await changeHome(context, body)
      return new Response(null, { status: 204 })
    },
    { body: homeChange },
  )
  return new Elysia().use(members).use(hosts)
}
