import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import type { InviteId } from '../../../protocol/ids.ts'
import { inviteLook, inviteUpload } from '../../../protocol/invites.ts'
import { idSchema } from '../../../protocol/schema.ts'
import { hostsOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { addressKey } from '../../rate-limit.ts'
import { peerOf } from '../../request-info.ts'
import { createInvite, listInvites, lookAtInvite, revokeInvite } from './invites.ts'

export function inviteRoutes(context: Context) {
  const anybody = new Elysia().post(
    '/api/invites/look',
    ({ body, request }) => {
      context.rateLimits.lookAtInvite.take(addressKey(peerOf(request).address))
      return lookAtInvite(context, body)
    },
    { body: inviteLook },
  )
  const hosts = new Elysia()
    .use(hostsOnly(context))
    .get('/api/invites', () => listInvites(context))
    .post('/api/invites', ({ principal, body }) => createInvite(context, principal, body), { body: inviteUpload })
    .delete(
      '/api/invites/:inviteId',
      async ({ principal, params }) => {
        await revokeInvite(context, principal, params.inviteId)
        return new Response(null, { status: 204 })
      },
      { params: Type.Object({ inviteId: idSchema<InviteId>() }) },
    )
  return new Elysia().use(anybody).use(hosts)
}
