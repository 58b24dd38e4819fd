import { Elysia } from 'elysia'
import type { Context } from '../../context.ts'
import { listAddresses } from './addresses.ts'
import { checkUp } from './check-up.ts'
import { requireFounder, viewSetup } from './setup.ts'

export function setupRoutes(context: Context) {
  return new Elysia()
    .get('/api/setup', () => viewSetup(context))
    .post('/api/setup/check', async ({ request }) => {
      await requireFounder(context, request)
      return checkUp(context)
    })
    .get('/api/setup/addresses', async ({ request }) => {
      await requireFounder(context, request)
      return listAddresses(context, request)
    })
}
