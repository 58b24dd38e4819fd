import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { signIn } from '../../../protocol/accounts.ts'
import { Refusal } from '../../../protocol/errors.ts'
import type { DeviceId } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import { idSchema } from '../../../protocol/schema.ts'
import { membersOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { clearCookies, readCookie, writeCookie } from '../../cookies.ts'
import { addressKey } from '../../rate-limit.ts'
import { isOwnOrigin, peerOf } from '../../request-info.ts'
import {
  endSession,
  type IssuedSession,
  listSessions,
  makeChallenge,
  refreshSession,
  signInDevice,
} from './sessions.ts'

export function sessionRoutes(context: Context) {
  const limitCaller = (request: Request) => context.rateLimits.signIn.take(addressKey(peerOf(request).address))
  const anybody = new Elysia()
    .post('/api/sessions/challenge', ({ request }) => {
      limitCaller(request)
      return makeChallenge(context)
    })
    .post(
      '/api/sessions',
      async ({ body, request }) => {
        limitCaller(request)
        const isOwn = (origin: string) => isOwnOrigin(request, origin, context.config.publicUrl)
        return answerSession(request, await signInDevice(context, body, isOwn))
      },
      { body: signIn },
    )
    .post('/api/sessions/refresh', async ({ request }) => {
      limitCaller(request)
      try {
        return answerSession(request, await refreshSession(context, readCookie(request, 'tv_refresh')))
      } catch (error) {
        // A browser that keeps a dead token would show it again and again.
        if (error instanceof Refusal && error.status === 401) return forgetCookies(request, error)
        throw error
      }
    })
  const members = new Elysia()
    .use(membersOnly(context))
    .get('/api/sessions', ({ principal }) => listSessions(context, principal))
    .delete('/api/sessions/current', async ({ principal, request }) => {
      await endSession(context, principal, principal.deviceId)
      return new Response(null, { status: 204, headers: cookieHeaders(clearCookies(request)) })
    })
    .delete(
      '/api/sessions/:deviceId',
      async ({ principal, params }) => {
        await endSession(context, principal, params.deviceId)
        return new Response(null, { status: 204 })
      },
      { params: Type.Object({ deviceId: idSchema<DeviceId>() }) },
    )
  return new Elysia().use(anybody).use(members)
}

function answerSession(request: Request, { accessToken, refreshToken, answer }: IssuedSession): Response {
  const cookies = [
    writeCookie(request, 'tv_access', { value: accessToken, maxAgeMs: limits.accessTokenMs }),
    writeCookie(request, 'tv_refresh', { value: refreshToken, maxAgeMs: limits.refreshTokenMs }),
  ]
  return Response.json(answer, { headers: cookieHeaders(cookies) })
}

function forgetCookies(request: Request, { code, status }: Refusal): Response {
  return Response.json({ error: code }, { status, headers: cookieHeaders(clearCookies(request)) })
}

function cookieHeaders(cookies: string[]): Headers {
  const headers = new Headers()
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return headers
}
