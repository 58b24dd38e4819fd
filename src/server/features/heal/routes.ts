import { Elysia } from 'elysia'
import { healAccount, healBodies, healConversation, healLog, healMissing } from '../../../protocol/heal.ts'
import { hostsOnly, membersOnly, requirePrincipal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { addressKey, RateLimit } from '../../rate-limit.ts'
import { peerOf } from '../../request-info.ts'
import type { Healing } from './heal.ts'

const done = () => new Response(null, { status: 204 })

export function healRoutes(context: Context, healing: Healing) {
  return new Elysia()
    .use(logRoute(context, healing))
    .use(memberRoutes(context, healing))
    .use(
      new Elysia().use(hostsOnly(context)).post('/api/heal/finish', async ({ principal }) => {
        await healing.finish(principal)
        return done()
      }),
    )
}

// The device that asks may be the very one that the backup lacks, so it cannot have signed in.
function logRoute(context: Context, healing: Healing) {
  const calls = new RateLimit(context.clock, { perSecond: 1, burst: 60 })
  return new Elysia().post(
    '/api/heal/log',
    async ({ request, body }) => {
      if (!healing.isHealing) await requirePrincipal(context, request)
      calls.take(addressKey(peerOf(request).address))
      return healing.healLog(body)
    },
    { body: healLog },
  )
}

function memberRoutes(context: Context, healing: Healing) {
  return new Elysia()
    .use(membersOnly(context))
    .post('/api/heal/conversations', ({ principal, body }) => healing.healConversation(principal, body), {
      body: healConversation,
    })
    .post(
      '/api/heal/missing',
      async ({ principal, body }) => ({ missing: await healing.listMissing(principal, body) }),
      { body: healMissing },
    )
    .post('/api/heal/bodies', ({ principal, body }) => healing.healBodies(principal, body), { body: healBodies })
    .post(
      '/api/heal/account',
      async ({ principal, body }) => {
        await healing.healAccount(principal, body)
        return done()
      },
      { body: healAccount },
    )
}
