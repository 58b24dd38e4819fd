import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { AuditEntry } from '../../src/protocol/audit.ts'
import { idToBytes, toBase64Url } from '../../src/protocol/ids.ts'
import { type RunningApp, startApp } from '../support/app.ts'
import { DeviceKeys, foundHome, InviteLink, inviteMember, Newcomer } from '../support/newcomer.ts'
import { RawSocket } from '../support/raw-socket.ts'

let running: RunningApp
let oma: Newcomer
let papa: Newcomer
let kid: Newcomer
let stranger: Newcomer

beforeEach(async () => {
  running = await startApp()
  oma = await foundHome(running)
  papa = await inviteMember(oma, 'papa')
  kid = await inviteMember(oma, 'kid')
  stranger = new Newcomer(running, 'stranger')
})
afterEach(() => running[Symbol.asyncDispose]())

const left = 4
const endOf = (who: Newcomer, device: DeviceKeys = who.device, reason = left) =>
  toBase64Url(who.signEntry({ type: 'device-revoke', deviceId: idToBytes(device.deviceId), reason }))
async function ticketOf(who: Newcomer): Promise<string> {
  const offer = { signInName: who.signInName, kind: 'passphrase', auth: toBase64Url(who.passphraseAuth) }
  return (await who.call('POST', '/api/recovery/open', offer)).json.ticket
}
const leave = async (who: Newcomer) =>
  who.call('DELETE', '/api/accounts/me', { ticket: await ticketOf(who), entries: [endOf(who)] })
const countRows = async (table: string, column: string, value: string) =>
  (await running.context.database.get<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE ${column} = ?`, value))!
    .n
const people = async (asker: Newcomer) => (await asker.call('GET', '/api/accounts')).json
const auditOf = async (host: Newcomer, before?: number): Promise<{ entries: AuditEntry[]; hasMore: boolean }> =>
  (await host.call('GET', `/api/audit${before === undefined ? '' : `?before=${before}`}`)).json

describe('leaving', () => {
  test('takes everything that was kept for them, and leaves the log and what they said to others', async () => {
    const { conversationId } = (await kid.call('POST', '/api/conversations/direct', { accountId: papa.accountId })).json
    const notes = (await kid.call('POST', '/api/conversations/direct', { accountId: kid.accountId })).json
      .conversationId
    const { database } = running.context
    for (const [place, id] of [conversationId, notes].entries()) {
      await database.transaction((tx) =>
        tx.run(
          `INSERT INTO messages (conversation_id, seq, message_id, sender_account_id, class, body, received_at,
             archive_epoch, archive_row)
           VALUES (?, 1, ?, ?, 0, x'00', 0, 1, x'00')`,
          ...[id, `message-${place}`, kid.accountId],
        ),
      )
      await database.transaction((tx) =>
        tx.run("INSERT INTO archive_rows VALUES (?, ?, 1, x'00')", kid.accountId, `message-${place}`),
      )
      await database.transaction((tx) =>
        tx.run("INSERT INTO vouchers VALUES (?, ?, ?, 1, x'00')", kid.accountId, id, `chain-${place}`),
      )
      await database.transaction((tx) => tx.run('INSERT INTO voucher_counts VALUES (?, ?, 1)', kid.accountId, id))
    }
    const link = new InviteLink()
    await oma.call('POST', '/api/invites', { ...link.upload(running.clock.now()), forAccount: kid.accountId, uses: 1 })
    const logBefore = running.context.keyLog.size
    expect((await leave(kid)).status).toBe(204)
    expect(kid.cookies.size).toBe(0)
    for (const table of [
      'slots',
      'sealed_archive_keys',
      'account_state',
      'archive_rows',
      'vouchers',
      'voucher_counts',
      'sessions',
      'recovery_tickets',
    ])
      expect([table, await countRows(table, 'account_id', kid.accountId)]).toEqual([table, 0])
    expect(await countRows('prekeys', 'device_id', kid.device.deviceId)).toBe(0)
    const said = 'SELECT archive_epoch AS epoch, archive_row AS row FROM messages WHERE conversation_id = ?'
    expect(await database.all(said, conversationId)).toEqual([{ epoch: null, row: null }])
    expect(await countRows('conversations', 'conversation_id', notes)).toBe(0)
    expect(await countRows('messages', 'conversation_id', notes)).toBe(0)
    expect(running.context.keyLog.size).toBe(logBefore + 1)
    const gone = (await people(oma)).find(({ accountId }: { accountId: string }) => accountId === kid.accountId)
    expect(gone).toMatchObject({ signInName: '', leftAt: running.clock.now() })
    const invite = (await oma.call('GET', '/api/invites')).json.find(
      (one: { inviteId: string }) => one.inviteId === link.inviteId,
    )
    expect(invite.state).toBe('revoked')
    // The other side keeps the talk, and whom it was with.
    const kept = (await papa.call('GET', '/api/conversations')).json[0]
    expect(kept).toMatchObject({ conversationId })
    expect(kept.accountIds.toSorted()).toEqual([kid.accountId, papa.accountId].toSorted())
  })

  test('frees the sign-in name, and nobody comes back under the old keys', async () => {
    const kept = new Map(kid.cookies)
    await leave(kid)
    for (const [name, value] of kept) kid.cookies.set(name, value)
    expect((await kid.call('GET', '/api/home')).json.error).toBe('account_gone')
    expect((await kid.call('POST', '/api/sessions/refresh')).json.error).toBe('account_gone')
    expect((await kid.signIn()).json.error).toBe('account_gone')
    const offer = { signInName: 'kid', kind: 'passphrase', auth: toBase64Url(kid.passphraseAuth) }
    expect((await kid.call('POST', '/api/recovery/open', offer)).json.error).toBe('wrong_key')
    const again = await inviteMember(oma, 'kid')
    expect(again.accountId).not.toBe(kid.accountId)
    expect((await people(oma)).map(({ signInName }: { signInName: string }) => signInName).sort()).toEqual([
      '',
      'kid',
      'oma',
      'papa',
    ])
  })

  test('takes the root: a stolen session, another ticket or a single device is not enough', async () => {
    const call = (who: Newcomer, ticket: string, entries: string[]) =>
      who.call('DELETE', '/api/accounts/me', { ticket, entries })
    const draft = (reason = left, signer?: { kind: 'device'; deviceId: Uint8Array }) =>
      toBase64Url(kid.draftEntry({ type: 'device-revoke', deviceId: idToBytes(kid.device.deviceId), reason }, signer))
    const device = { kind: 'device' as const, deviceId: idToBytes(kid.device.deviceId) }
    expect((await call(kid, 'x', [draft()])).json.error).toBe('wrong_key')
    expect((await call(kid, await ticketOf(papa), [draft()])).json.error).toBe('wrong_key')
    expect((await call(kid, await ticketOf(kid), [draft(3)])).json.error).toBe('bad_entry')
    expect((await call(kid, await ticketOf(kid), [draft(left, device)])).json.error).toBe('bad_entry')
    expect((await call(papa, await ticketOf(papa), [draft()])).json.error).toBe('not_allowed')
    expect((await call(stranger, await ticketOf(kid), [draft()])).json.error).toBe('not_signed_in')
    expect((await kid.call('POST', '/api/log', { entry: draft() })).json.error).toBe('not_allowed')
    // A second device that nobody ended: the whole of it is refused, and nothing happened.
    const tablet = new DeviceKeys(kid.accountId)
    const size = running.context.keyLog.size
    expect((await kid.call('POST', '/api/log', { entry: toBase64Url(kid.signEntry(kid.addOf(tablet))) })).status).toBe(
      200,
    )
    const ticket = await ticketOf(kid)
    const first = toBase64Url(
      kid.draftEntry({ type: 'device-revoke', deviceId: idToBytes(kid.device.deviceId), reason: left }),
    )
    expect((await call(kid, ticket, [first])).json.error).toBe('log_moved')
    expect(running.context.keyLog.size).toBe(size + 1)
    expect((await kid.call('GET', '/api/home')).status).toBe(200)
    // The same ticket is still good for the right one.
    expect((await call(kid, ticket, [endOf(kid, tablet), endOf(kid)])).status).toBe(204)
  })

  test('tells the other devices why they end', async () => {
    const cookie = [...kid.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const socket = new RawSocket(running.origin, { cookie, origin: running.origin })
    await socket.first('welcome')
    await leave(kid)
    expect((await socket.first('signedOut')).code).toBe('account_gone')
  })

  test('is no way for the last host, unless nobody else is here', async () => {
    const draft = () =>
      toBase64Url(oma.draftEntry({ type: 'device-revoke', deviceId: idToBytes(oma.device.deviceId), reason: left }))
    const ticket = await ticketOf(oma)
    expect((await oma.call('DELETE', '/api/accounts/me', { ticket, entries: [draft()] })).json.error).toBe('last_host')
    for (const who of [papa, kid]) expect((await oma.call('DELETE', `/api/accounts/${who.accountId}`)).status).toBe(204)
    expect((await leave(oma)).status).toBe(204)
    // And the empty home is nobody's to claim.
    const claim = await stranger.call('POST', '/api/accounts', stranger.makeClaim('x'.repeat(40)))
    expect(['bad_claim_token', 'already_claimed']).toContain(claim.json.error)
  })
})

describe('the host', () => {
  test('makes another member host, and cannot be the last to stop', async () => {
    const role = (who: Newcomer, of: Newcomer, to: string) =>
      who.call('PATCH', `/api/accounts/${of.accountId}`, { role: to })
    expect((await role(oma, oma, 'member')).json.error).toBe('last_host')
    expect((await role(papa, papa, 'host')).json.error).toBe('not_allowed')
    expect((await role(oma, papa, 'host')).status).toBe(204)
    expect((await papa.call('GET', '/api/home')).json.role).toBe('host')
    expect((await role(papa, oma, 'member')).status).toBe(204)
    expect((await oma.call('GET', '/api/invites')).json.error).toBe('not_allowed')
    expect((await role(papa, stranger, 'host')).json.error).toBe('not_found')
    expect((await leave(oma)).status).toBe(204)
    expect((await role(papa, oma, 'host')).json.error).toBe('not_found')
  })

  test('closes the account of a member, at once', async () => {
    const cookie = [...kid.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const socket = new RawSocket(running.origin, { cookie, origin: running.origin })
    await socket.first('welcome')
    expect((await papa.call('DELETE', `/api/accounts/${kid.accountId}`)).json.error).toBe('not_allowed')
    expect((await oma.call('DELETE', `/api/accounts/${oma.accountId}`)).json.error).toBe('not_allowed')
    expect((await oma.call('DELETE', `/api/accounts/${stranger.accountId}`)).json.error).toBe('not_found')
    expect((await oma.call('DELETE', `/api/accounts/${kid.accountId}`)).status).toBe(204)
    expect((await socket.first('signedOut')).code).toBe('account_gone')
    expect((await kid.call('GET', '/api/home')).json.error).toBe('account_gone')
    expect((await kid.signIn()).json.error).toBe('account_gone')
    expect((await oma.call('DELETE', `/api/accounts/${kid.accountId}`)).json.error).toBe('not_found')
    expect((await papa.call('POST', '/api/conversations/direct', { accountId: kid.accountId })).json.error).toBe(
      'not_found',
    )
    const claim = await papa.call('POST', '/api/prekeys/claim', { deviceIds: [kid.device.deviceId] })
    expect(JSON.stringify(claim.json)).not.toContain(kid.device.deviceId)
  })
})

describe('what happened', () => {
  test('is written down with ids only, newest first', async () => {
    const link = new InviteLink()
    await oma.call('POST', '/api/invites', link.upload(running.clock.now()))
    await oma.call('DELETE', `/api/invites/${link.inviteId}`)
    await oma.call('PATCH', `/api/accounts/${papa.accountId}`, { role: 'host' })
    await papa.call('DELETE', `/api/accounts/${kid.accountId}`)
    await leave(oma)
    const { entries, hasMore } = await auditOf(papa)
    expect(hasMore).toBe(false)
    expect(entries.map(({ event }) => event)).toEqual([
      ...([
        'account_left',
        'device_revoked',
        'account_removed',
        'role_changed',
        'invite_revoked',
        'invite_made',
      ] as const),
      ...(['device_added', 'account_opened', 'invite_used', 'invite_made'] as const),
      ...(['device_added', 'account_opened', 'invite_used', 'invite_made'] as const),
      ...(['device_added', 'account_opened'] as const),
    ])
    const of = (event: string) => entries.find((entry) => entry.event === event)!
    expect(of('account_left')).toMatchObject({ accountId: oma.accountId, byAccountId: null })
    expect(of('device_revoked')).toMatchObject({ deviceId: oma.device.deviceId, reason: left })
    expect(of('account_removed')).toMatchObject({ accountId: kid.accountId, byAccountId: papa.accountId })
    expect(of('role_changed')).toMatchObject({ accountId: papa.accountId, byAccountId: oma.accountId, role: 'host' })
    expect(of('invite_revoked')).toMatchObject({ byAccountId: oma.accountId, inviteId: link.inviteId })
    expect(of('account_opened')).toMatchObject({ accountId: kid.accountId, byAccountId: oma.accountId })
    const rows = JSON.stringify(await running.context.database.all('SELECT * FROM audit'))
    for (const name of ['"oma"', '"papa"', '"kid"']) expect(rows).not.toContain(name)
  })

  test('comes in pages, for hosts alone', async () => {
    expect(stranger.cookies.size).toBe(0)
    expect((await stranger.call('GET', '/api/audit')).json.error).toBe('not_signed_in')
    expect((await kid.call('GET', '/api/audit')).json.error).toBe('not_allowed')
    for (let count = 0; count < 60; count++)
      await oma.call('PATCH', `/api/accounts/${papa.accountId}`, { role: count % 2 ? 'member' : 'host' })
    const first = await auditOf(oma)
    expect(first).toMatchObject({ hasMore: true })
    expect(first.entries).toHaveLength(50)
    const rest = await auditOf(oma, first.entries.at(-1)!.auditId)
    expect(rest.hasMore).toBe(false)
    expect(rest.entries.at(-1)?.event).toBe('account_opened')
    expect(new Set([...first.entries, ...rest.entries].map(({ auditId }) => auditId)).size).toBe(70)
  })
})
