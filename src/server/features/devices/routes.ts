import { Elysia } from 'elysia'
import { prekeyClaim, prekeyUpload } from '../../../protocol/devices.ts'
import { membersOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { claimPrekeys, countOwnPrekeys, uploadPrekeys } from './devices.ts'

export function deviceRoutes(context: Context) {
  return new Elysia()
    .use(membersOnly(context))
    .get('/api/prekeys', ({ principal }) => countOwnPrekeys(context, principal))
    .put(
      '/api/prekeys',
      async ({ principal, body }) => {
        await uploadPrekeys(context, principal, body)
        return new Response(null, { status: 204 })
      },
      { body: prekeyUpload },
    )
    .post('/api/prekeys/claim', ({ principal, body }) => claimPrekeys(context, principal, body.deviceIds), {
      body: prekeyClaim,
    })
}
