import { afterEach, beforeEach, expect, test } from 'bun:test'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogPublicKey } from '../../src/crypto/key-types.ts'
import { checkSth } from '../../src/crypto/sth.ts'
import { fromBase64Url, toBase64Url } from '../../src/protocol/ids.ts'
import { signUpAccount } from '../../src/server/features/accounts/sign-up.ts'
import { type RunningApp, startApp } from '../support/app.ts'
import { foundHome, InviteLink, inviteMember, Newcomer } from '../support/newcomer.ts'

let running: RunningApp

beforeEach(async () => {
  running = await startApp()
})
afterEach(async () => {
  await running[Symbol.asyncDispose]()
})

test('the claim token lies in a file only its owner can read, makes one founder, and is gone then', async () => {
  const file = join(running.folder, 'claim-token')
  const token = (await Bun.file(file).text()).trim()
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(token).toBe(running.context.claim.value!)
  const thief = new Newcomer(running, 'thief')
  const wrong = await thief.call('POST', '/api/accounts', thief.makeClaim('x'.repeat(token.length)))
  expect(wrong).toMatchObject({ status: 401, json: { error: 'bad_claim_token' } })
  const oma = new Newcomer(running, 'oma')
  const { status, json } = await oma.call('POST', '/api/accounts', oma.makeClaim(token))
  expect(status).toBe(201)
  const key = fromBase64Url(json.logPublicKey) as LogPublicKey
  expect(checkSth(key, fromBase64Url(json.treeHead)!)).toMatchObject({ size: 2, time: running.clock.now() })
  expect(await Bun.file(file).exists()).toBe(false)
  const late = new Newcomer(running, 'late')
  expect((await late.call('POST', '/api/accounts', late.makeClaim(token))).json.error).toBe('already_claimed')
  expect((await oma.call('GET', '/api/setup')).json.isClaimed).toBe(true)
})

test('a claimed home stays claimed when the server starts again', async () => {
  await foundHome(running)
  const { folder, clock } = running
  await using again = await startApp({ folder, clock })
  expect(again.context.claim.value).toBeNull()
  expect(again.context.keyLog.size).toBe(2)
})

test('two claims that both hold the token at the same moment make one founder', async () => {
  const token = running.context.claim.value!
  const offers = ['one', 'two'].map((name) => new Newcomer(running, name).makeClaim(token))
  const outcomes = await Promise.allSettled(offers.map((offer) => signUpAccount(running.context, offer)))
  const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'founder'))
  expect(codes).toEqual(['founder', 'already_claimed'])
})

test('of ten sign-ups with one invite one wins, and the others leave nothing behind', async () => {
  const oma = await foundHome(running)
  const link = new InviteLink()
  expect((await oma.call('POST', '/api/invites', link.upload(oma.now))).status).toBe(200)
  const ten = Array.from({ length: 10 }, (_, at) => new Newcomer(running, `kid-${at}`))
  const answers = await Promise.all(ten.map((one) => one.call('POST', '/api/accounts', one.makeAcceptance(link))))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
  expect(answers.filter(({ status, json }) => status === 410 && json.error === 'invite_used')).toHaveLength(9)
  const accounts = (await oma.call('GET', '/api/accounts')).json
  expect(accounts).toHaveLength(2)
  const winner = accounts.find(({ accountId }: { accountId: string }) => accountId !== oma.accountId)
  expect(winner).toMatchObject({ invitedBy: oma.accountId, inviteId: link.inviteId, role: 'member' })
  expect(running.context.keyLog.size).toBe(4)
  for (const table of ['devices', 'slots', 'prekeys', 'account_state']) {
    const rows = await running.context.database.all<{ owner: string }>(
      table === 'prekeys'
        ? 'SELECT DISTINCT device_id AS owner FROM prekeys'
        : `SELECT DISTINCT account_id AS owner FROM ${table}`,
    )
    expect(rows).toHaveLength(2)
  }
  expect((await oma.call('GET', '/api/invites')).json[0]).toMatchObject({ state: 'used', usesLeft: 0 })
})

test('an invite that is wrong, expired or revoked opens nothing', async () => {
  const oma = await foundHome(running)
  const [wrong, expired, revoked] = [new InviteLink(), new InviteLink(), new InviteLink()]
  for (const link of [wrong, expired, revoked])
    await oma.call('POST', '/api/invites', link.upload(oma.now, { days: 1 }))
  const other = new InviteLink()
  const guest = new Newcomer(running, 'guest')
  const look = (inviteId: string, inviteAuth: string) =>
    guest.call('POST', '/api/invites/look', { inviteId, inviteAuth })
  expect(await look(wrong.inviteId, other.auth)).toMatchObject({ status: 404, json: { error: 'invite_unknown' } })
  expect((await look(wrong.inviteId, wrong.auth)).status).toBe(200)
  await oma.call('DELETE', `/api/invites/${revoked.inviteId}`)
  expect((await look(revoked.inviteId, revoked.auth)).json.error).toBe('invite_revoked')
  running.clock.move(86_400_001)
  expect((await look(expired.inviteId, expired.auth)).json.error).toBe('invite_expired')
  expect((await guest.call('POST', '/api/accounts', guest.makeAcceptance(expired))).json.error).toBe('invite_expired')
})

test('a name is taken once, and the refused sign-up gives the invite back', async () => {
  const oma = await foundHome(running)
  const link = new InviteLink()
  await oma.call('POST', '/api/invites', link.upload(oma.now))
  const copy = new Newcomer(running, 'oma')
  expect((await copy.call('POST', '/api/accounts', copy.makeAcceptance(link))).json.error).toBe('name_taken')
  const papa = new Newcomer(running, 'papa')
  expect((await papa.call('POST', '/api/accounts', papa.makeAcceptance(link))).status).toBe(201)
})

test('forged entries and foreign prekeys are refused', async () => {
  const oma = await foundHome(running)
  const link = new InviteLink()
  await oma.call('POST', '/api/invites', link.upload(oma.now))
  const forger = new Newcomer(running, 'forger')
  const good = forger.makeAcceptance(link)
  const flipped = fromBase64Url(good.deviceAdd)!
  flipped[flipped.length - 1]! ^= 1
  const tries = [
    [{ ...good, deviceAdd: toBase64Url(flipped) }, 'bad_entry'],
    [{ ...good, accountId: oma.accountId }, 'bad_entry'],
    [{ ...good, prekeys: oma.device.makePrekeys(oma.now) }, 'bad_signature'],
    [{ ...good, passphraseSlot: good.recoverySlot }, 'bad_request'],
    [{ ...good, signInName: 'Not A Name' }, 'bad_request'],
  ] as const
  for (const [body, code] of tries) expect((await forger.call('POST', '/api/accounts', body)).json.error).toBe(code)
  expect((await forger.call('POST', '/api/accounts', good)).status).toBe(201)
})

test('only the host renames the home and invites', async () => {
  const oma = await foundHome(running)
  const kid = await inviteMember(oma, 'kid')
  expect((await kid.call('PATCH', '/api/home', { name: 'Mine' })).status).toBe(403)
  expect((await kid.call('POST', '/api/invites', new InviteLink().upload(kid.now))).status).toBe(403)
  expect((await oma.call('PATCH', '/api/home', { name: 'Ours' })).status).toBe(204)
  expect((await kid.call('GET', '/api/home')).json).toMatchObject({ name: 'Ours', role: 'member', isHealing: false })
})

test('account state moves by one version, and archive keys are written once', async () => {
  const oma = await foundHome(running)
  const { json: state } = await oma.call('GET', '/api/account-state')
  expect(state.version).toBe(1)
  expect((await oma.call('PUT', '/api/account-state', { ...state, version: 2 })).status).toBe(204)
  expect((await oma.call('PUT', '/api/account-state', { ...state, version: 2 })).json.error).toBe('state_moved')
  const [key] = (await oma.call('GET', '/api/archive-keys')).json
  expect((await oma.call('PUT', '/api/archive-keys', key)).status).toBe(204)
  const other = { epoch: 1, record: toBase64Url(new Uint8Array(1248)) }
  expect((await oma.call('PUT', '/api/archive-keys', other)).json.error).toBe('state_moved')
})

test('one-time prekeys are handed out once, and nobody can use up those of another', async () => {
  const oma = await foundHome(running)
  const kid = await inviteMember(oma, 'kid')
  const claim = async () => (await oma.call('POST', '/api/prekeys/claim', { deviceIds: [kid.device.deviceId] })).json[0]
  const [first, second] = [await claim(), await claim()]
  expect(first.oneTime.id).not.toBe(second.oneTime.id)
  expect(first.kem.id).toBe(2)
  expect(second.kem.id).toBe(1)
  expect((await kid.call('GET', '/api/prekeys')).json).toMatchObject({ oneTime: 1, oneTimeKem: 0 })
  expect(
    (await kid.call('PUT', '/api/prekeys', kid.device.makePrekeys(kid.now, { oneTime: 90, firstId: 50 }))).status,
  ).toBe(204)
  for (let at = 0; at < 30; at++) await claim()
  expect((await kid.call('GET', '/api/prekeys')).json.oneTime).toBe(91 - 18)
  expect((await claim()).oneTime).toBeNull()
})
