import { Elysia } from 'elysia'
import { recoveryOpen, recoveryStart } from '../../../protocol/accounts.ts'
import { addDevice } from '../../../protocol/devices.ts'
import type { Context } from '../../context.ts'
import { addressKey } from '../../rate-limit.ts'
import { peerOf } from '../../request-info.ts'
import { addRecoveredDevice, openRecovery, startRecovery } from './recovery.ts'

export function recoveryRoutes(context: Context) {
  const limitCaller = (request: Request) => context.rateLimits.recovery.take(addressKey(peerOf(request).address))
  return new Elysia()
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
}
