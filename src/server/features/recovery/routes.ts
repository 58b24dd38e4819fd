import { Elysia } from 'elysia'
import { recoveryOpen, recoveryStart, rootReplace, slotReplace } from '../../../protocol/accounts.ts'
import { addDevice } from '../../../protocol/devices.ts'
import { membersOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { addressKey } from '../../rate-limit.ts'
import { peerOf } from '../../request-info.ts'
import { addRecoveredDevice, openRecovery, startRecovery } from './recovery.ts'
import { replaceRoot, replaceSlot } from './renewal.ts'

export function recoveryRoutes(context: Context) {
  const limitCaller = (request: Request) => context.rateLimits.recovery.take(addressKey(peerOf(request).address))
  const members = new Elysia()
    .use(membersOnly(context))
    .put(
      '/api/slots',
      async ({ principal, body }) => {
        await replaceSlot(context, principal, body)
        return new Response(null, { status: 204 })
      },
      { body: slotReplace },
    )
    .post('/api/recovery/root', ({ principal, body }) => replaceRoot(context, principal, body), { body: rootReplace })
  const anybody = new Elysia()
    .post(
      '/api/recovery/start',
      ({ body, request }) => {
        limitCaller(request)
        return startRecovery(context, body)
      },
      { body: recoveryStart },
    )
    .post(
      '/api/recovery/open',
      ({ body, request }) => {
        limitCaller(request)
        return openRecovery(context, body)
      },
      { body: recoveryOpen },
    )
    .post(
      '/api/devices',
      ({ body, request }) => {
        limitCaller(request)
        return addRecoveredDevice(context, body)
      },
      { body: addDevice },
    )
  return new Elysia().use(anybody).use(members)
}
