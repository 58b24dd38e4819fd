import { Elysia } from 'elysia'
import { PRODUCT_VERSION } from '../../../protocol/version.ts'
import type { Context } from '../../context.ts'
import { checkHealth } from './health.ts'

export function healthRoutes(context: Context) {
  return new Elysia().get('/health', async () => {
    const health = await checkHealth(context)
    return Response.json({ ...health, version: PRODUCT_VERSION }, { status: health.status === 'ok' ? 200 : 503 })
  })
}
