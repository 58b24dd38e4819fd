import { Elysia } from 'elysia'
import { formerLook, sealedArchiveKey, sealedState, signUp } from '../../../protocol/accounts.ts'
import { Refusal } from '../../../protocol/errors.ts'
import { membersOnly } from '../../auth.ts'
import type { Context } from '../../context.ts'
import { addressKey } from '../../rate-limit.ts'
import { peerOf } from '../../request-info.ts'
import { listAccounts, listOwnArchiveKeys, putArchiveKey, readSealedState, replaceState } from './accounts.ts'
import { lookAtFormerAccount } from './reset.ts'
import { signUpAccount } from './sign-up.ts'

const done = () => new Response(null, { status: 204 })

export function accountRoutes(context: Context) {
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
  return new Elysia().use(anybody).use(members)
}
