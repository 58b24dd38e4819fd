import { Elysia } from 'elysia'
import { linkCollect, linkEnd, linkJoin, linkLetter } from '../../../protocol/linking.ts'
import { requirePrincipal } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { addressKey } from '../../rate-limit.ts'
import { peerOf } from '../../request-info.ts'
import type { Links } from './linking.ts'

const done = () => new Response(null, { status: 204 })

export function linkingRoutes(context: Context, links: Links) {
  const { rateLimits } = context
  // The new device may still hold the cookie of a device that it was once: nobody looks at it.
  const whoAsks = async (seat: string, request: Request) =>
    links.isOld(seat) ? (await requirePrincipal(context, request)).deviceId : null
  const caller = (request: Request) => addressKey(peerOf(request).address)
  return new Elysia()
    .post(
      '/api/links',
      async ({ body, request }) => {
        rateLimits.openLink.take(caller(request))
        return links.join(body, body.isOld ? await requirePrincipal(context, request) : null)
      },
      { body: linkJoin },
    )
    .post(
      '/api/links/letters',
      async ({ body, request }) => {
        rateLimits.linkCall.take(caller(request))
        links.send(body.seat, await whoAsks(body.seat, request), body.letter)
        return done()
      },
      { body: linkLetter },
    )
    .post(
      '/api/links/collect',
      async ({ body, request }) => {
        rateLimits.linkCall.take(caller(request))
        return links.collect(body.seat, await whoAsks(body.seat, request), body.from)
      },
      { body: linkCollect },
    )
    .post(
      '/api/links/end',
      async ({ body, request }) => {
        rateLimits.linkCall.take(caller(request))
        links.end(body.seat, await whoAsks(body.seat, request), body.ending)
        return done()
      },
      { body: linkEnd },
    )
}
