import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import {
  accountChange,
  formerLook,
  leaving,
  sealedArchiveKey,
  sealedState,
  signUp,
} from '../../../protocol/accounts.ts'
import { Refusal } from '../../../protocol/errors.ts'
import type { AccountId } from '../../../protocol/ids.ts'
import { idSchema } from '../../../protocol/schema.ts'
import { hostsOnly, membersOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { clearCookies } from '../../cookies.ts'
import { addressKey } from '../../rate-limit.ts'
import { peerOf } from '../../request-info.ts'
import { listAccounts, listOwnArchiveKeys, putArchiveKey, readSealedState, replaceState } from './accounts.ts'
import type { Departures } from './departures.ts'
import { lookAtFormerAccount } from './reset.ts'
import { signUpAccount } from './sign-up.ts'

const done = () => new Response(null, { status: 204 })

export function accountRoutes(context: Context, departures: Departures) {
  const anybody = new Elysia().post(
    '/api/accounts',
    async ({ body, request }) => {
      context.rateLimits.signUp.take(addressKey(peerOf(request).address))
      return Response.json(await signUpAccount(context, body), { status: 201 })
    },
    { body: signUp },
  )
  anybody.post(
    '/api/accounts/former',
    ({ body, request }) => {
      context.rateLimits.lookAtInvite.take(addressKey(peerOf(request).address))
      return lookAtFormerAccount(context, body)
    },
    { body: formerLook },
  )
  const members = new Elysia()
    .use(membersOnly(context))
    .get('/api/accounts', () => listAccounts(context))
    .get('/api/account-state', async ({ principal }) => {
      const state = await readSealedState(context.database, principal.accountId)
      if (!state) throw new Refusal('not_found')
      return state
    })
    .put('/api/account-state', ({ principal, body }) => replaceState(context, principal, body).then(done), {
      body: sealedState,
    })
    .get('/api/archive-keys', ({ principal }) => listOwnArchiveKeys(context, principal))
    .put('/api/archive-keys', ({ principal, body }) => putArchiveKey(context, principal, body).then(done), {
      body: sealedArchiveKey,
    })
  return new Elysia().use(anybody).use(members).use(departureRoutes(context, departures))
}

function departureRoutes(context: Context, departures: Departures) {
  const params = Type.Object({ accountId: idSchema<AccountId>() })
  const members = new Elysia().use(membersOnly(context)).delete(
    '/api/accounts/me',
    async ({ principal, body, request }) => {
      await departures.leave(principal, body)
      const headers = new Headers()
      for (const cookie of clearCookies(request)) headers.append('set-cookie', cookie)
      return new Response(null, { status: 204, headers })
    },
    { body: leaving },
  )
  const hosts = new Elysia()
    .use(hostsOnly(context))
    .patch(
      '/api/accounts/:accountId',
      ({ principal, params: { accountId }, body }) => departures.changeRole(principal, accountId, body.role).then(done),
      { params, body: accountChange },
    )
    .delete(
      '/api/accounts/:accountId',
      ({ principal, params: { accountId } }) => departures.remove(principal, accountId).then(done),
      { params },
    )
  return new Elysia().use(members).use(hosts)
}
