import { afterAll, beforeAll, expect, test } from 'bun:test'
import { systemRandom } from '../../src/crypto/random.ts'
import { toBase64Url } from '../../src/protocol/ids.ts'
import { type RunningApp, startApp } from '../support/app.ts'
import { someId } from '../support/home.ts'
import { foundHome, InviteLink, inviteMember, Newcomer } from '../support/newcomer.ts'

/** member, host: who may call it. A number: what Stranger gets from a call that is open to everybody. */
type Access = 'member' | 'host' | number

const bytes = (count: number) => toBase64Url(systemRandom(count))
const link = new InviteLink()
const prekeys = { oneTime: [], oneTimeKem: [] }

/** Every route there is. One that is missing here, or gone from the app, fails below. */
const table: Record<string, { access: Access; body?: unknown }> = {
  'GET /health': { access: 200 },
  'GET /api/setup': { access: 200 },
  'POST /api/setup/check': { access: 'host' },
  'GET /api/setup/addresses': { access: 'host' },
  'POST /api/setup/restore': { access: 409 },
  'POST /api/setup/restore/open': { access: 409, body: { uploadId: 'x', key: 'y' } },
  'POST /api/setup/restore/apply': { access: 409, body: { uploadId: 'x', key: 'y' } },
  'POST /api/accounts': { access: 400, body: {} },
  'POST /api/accounts/former': { access: 404, body: { inviteId: link.inviteId, inviteAuth: link.auth } },
  'GET /api/accounts': { access: 'member' },
  'DELETE /api/accounts/me': { access: 'member' },
  'PATCH /api/accounts/:accountId': { access: 'host' },
  'DELETE /api/accounts/:accountId': { access: 'host' },
  'GET /api/audit': { access: 'host' },
  'PUT /api/slots': { access: 'member' },
  'GET /api/account-state': { access: 'member' },
  'PUT /api/account-state': { access: 'member' },
  'GET /api/archive-keys': { access: 'member' },
  'PUT /api/archive-keys': { access: 'member' },
  'POST /api/sessions/challenge': { access: 200 },
  'POST /api/sessions': { access: 400, body: {} },
  'POST /api/sessions/refresh': { access: 401 },
  'GET /api/sessions': { access: 'member' },
  'DELETE /api/sessions/current': { access: 'member' },
  'DELETE /api/sessions/:deviceId': { access: 'member' },
  'POST /api/recovery/start': { access: 200, body: { signInName: 'oma', kind: 'passphrase' } },
  'POST /api/recovery/open': { access: 401, body: { signInName: 'oma', kind: 'passphrase', auth: bytes(32) } },
  'POST /api/recovery/root': { access: 'member' },
  'POST /api/links': { access: 410, body: { linkId: someId(), shows: false, isOld: false } },
  'POST /api/links/letters': { access: 410, body: { seat: bytes(32), letter: 'AAAA' } },
  'POST /api/links/collect': { access: 410, body: { seat: bytes(32), from: 0 } },
  'POST /api/links/end': { access: 410, body: { seat: bytes(32), ending: 'done' } },
  'POST /api/devices': { access: 400, body: { ticket: 'x', deviceAdd: 'AAAA', prekeys } },
  'GET /api/home': { access: 'member' },
  'PATCH /api/home': { access: 'host' },
  'POST /api/invites/look': { access: 404, body: { inviteId: link.inviteId, inviteAuth: link.auth } },
  'GET /api/invites': { access: 'host' },
  'POST /api/invites': { access: 'host' },
  'DELETE /api/invites/:inviteId': { access: 'host' },
  'GET /api/log': { access: 'member' },
  'POST /api/log': { access: 'member' },
  'GET /api/prekeys': { access: 'member' },
  'PUT /api/prekeys': { access: 'member' },
  'POST /api/prekeys/claim': { access: 'member' },
  'GET /api/conversations': { access: 'member' },
  'POST /api/conversations': { access: 'member' },
  'POST /api/conversations/direct': { access: 'member' },
  'GET /api/conversations/:id/entries': { access: 'member' },
  'POST /api/conversations/:id/entries': { access: 'member' },
  'PUT /api/files/:id': { access: 'member' },
  'GET /api/files/:id': { access: 'member' },
  'POST /api/heal/log': { access: 401, body: { from: 0, entries: [], treeHead: bytes(144) } },
  'POST /api/heal/conversations': { access: 'member' },
  'POST /api/heal/missing': { access: 'member' },
  'POST /api/heal/bodies': { access: 'member' },
  'POST /api/heal/account': { access: 'member' },
  'POST /api/heal/finish': { access: 'host' },
}

let running: RunningApp
let oma: Newcomer
let kid: Newcomer
let stranger: Newcomer

beforeAll(async () => {
  running = await startApp()
  oma = await foundHome(running)
  kid = await inviteMember(oma, 'kid')
  stranger = new Newcomer(running, 'stranger')
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})

const callRoute = (who: Newcomer, route: string, body: unknown) => {
  const [method = '', path = ''] = route.split(' ')
  return who.request(method, path.replace(/:\w+/, someId()), body)
}

test('the table names every route of the app and no other', () => {
  expect(Object.keys(table).sort()).toEqual([...running.app.routes].sort())
})

test('there is a Stranger to leave out', async () => {
  const accounts = (await oma.call('GET', '/api/accounts')).json
  expect(accounts.map(({ signInName }: { signInName: string }) => signInName).sort()).toEqual(['kid', 'oma'])
  expect(stranger.cookies.size).toBe(0)
})

for (const [route, { access, body }] of Object.entries(table)) {
  test(`Stranger gets nothing from ${route}`, async () => {
    const expected = typeof access === 'number' ? access : 401
    const response = await callRoute(stranger, route, body)
    expect(response.status).toBe(expected)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const text = await response.text()
    if (expected !== 200) expect(JSON.parse(text).error).toBeString()
    for (const secret of [kid.accountId, kid.device.deviceId, 'kid']) expect(text).not.toContain(secret)
  })

  if (typeof access === 'number') continue
  test(`a forged token opens no ${route}`, async () => {
    const forger = new Newcomer(running, 'forger')
    const [, payload] = kid.cookies.get('tv_access')!.split('.')
    const header = Buffer.from('{"alg":"none","kid":"1"}').toString('base64url')
    forger.cookies.set('tv_access', `${header}.${payload}.`)
    expect((await callRoute(forger, route, body)).status).toBe(401)
  })

  if (access !== 'host') continue
  test(`a member who is not the host is refused ${route}`, async () => {
    expect((await callRoute(kid, route, body)).status).toBe(403)
  })
}
