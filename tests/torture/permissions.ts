import { systemRandom } from '../../src/crypto/random.ts'
import { fromBase64Url, idToBytes, toBase64Url } from '../../src/protocol/ids.ts'
import { codeOf, fetchOf, postOf, someId } from '../support/home.ts'
import { InviteLink, makeSlot, Newcomer } from '../support/newcomer.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { addOf, GroupChain } from '../support/sealed.ts'
import { type Actor, connect } from './actors.ts'
import { type Cast, openCast, type Role } from './cast.ts'
import type { Part, Report } from './report.ts'

const roles: readonly Role[] = ['stranger', 'removed', 'outside', 'inside', 'admin', 'host']
const bytes = (count: number) => toBase64Url(systemRandom(count))

/** What a role is told: 'ok', or the code of the refusal. In the order of `roles`. */
type Verdicts = readonly [string, string, string, string, string, string]
interface Row {
  expects: Verdicts
  body?: (cast: Cast, role: Role) => unknown
  path?: (cast: Cast) => string
}

const all = (code: string): Verdicts => [code, code, code, code, code, code]
const members = (code: string): Verdicts => ['not_signed_in', 'device_removed', code, code, code, code]
const hosts = (code: string): Verdicts => {
  const no = 'not_allowed'
  return ['not_signed_in', 'device_removed', no, no, no, code]
}
/** Of the group: whoever is not in it, and be it the host, is told what a made-up group would be. */
const inGroup = (inside: string, admin: string): Verdicts => [
  ...(['not_signed_in', 'device_removed', 'not_found'] as const),
  ...([inside, admin, 'not_found'] as const),
]
const actorFor = ({ roles: people }: Cast, role: Role): Actor => people[role === 'stranger' ? 'outside' : role]
const groupPath = ({ group }: Cast) => `/api/conversations/${group.conversationId}/entries`
const unknownInvite = () => {
  const link = new InviteLink()
  return { inviteId: link.inviteId, inviteAuth: link.auth }
}
const logSizeOf = ({ running }: Cast) => running.context.keyLog.size

const table: Record<string, Row> = {
  'GET /health': { expects: all('ok') },
  'GET /api/setup': { expects: all('ok') },
  'POST /api/setup/check': { expects: hosts('ok') },
  'GET /api/setup/addresses': { expects: hosts('ok') },
  'POST /api/setup/restore': { expects: all('already_claimed') },
  'POST /api/setup/restore/open': { expects: all('already_claimed'), body: () => ({ uploadId: 'x', key: 'y' }) },
  'POST /api/setup/restore/apply': { expects: all('already_claimed'), body: () => ({ uploadId: 'x', key: 'y' }) },
  'POST /api/accounts': {
    expects: all('invite_unknown'),
    body: ({ running }) => new Newcomer(running, 'nobody').makeAcceptance(new InviteLink()),
  },
  'POST /api/accounts/former': { expects: all('invite_unknown'), body: unknownInvite },
  'GET /api/accounts': { expects: members('ok') },
  // The end of the admin's own device, rightly signed by the admin's root; for whoever has no ticket it is not enough.
  'DELETE /api/accounts/me': {
    expects: ['not_signed_in', 'device_removed', 'not_allowed', 'not_allowed', 'wrong_key', 'not_allowed'],
    body: ({ roles: { admin } }) => ({
      ticket: 'x',
      entries: [
        toBase64Url(
          admin.newcomer.draftEntry({ type: 'device-revoke', deviceId: idToBytes(admin.deviceId), reason: 4 }),
        ),
      ],
    }),
  },
  'PATCH /api/accounts/:accountId': {
    expects: hosts('last_host'),
    path: ({ roles: { host } }) => `/api/accounts/${host.accountId}`,
    body: () => ({ role: 'member' }),
  },
  'DELETE /api/accounts/:accountId': { expects: hosts('not_found'), path: () => `/api/accounts/${someId()}` },
  'GET /api/audit': { expects: hosts('ok') },
  'PUT /api/slots': { expects: members('wrong_key'), body: () => ({ ticket: 'x', ...makeSlot(1, systemRandom(32)) }) },
  'GET /api/account-state': { expects: members('ok') },
  'PUT /api/account-state': { expects: members('ok'), body: () => ({ version: 2, epoch: 1, sealed: bytes(40) }) },
  'GET /api/archive-keys': { expects: members('ok') },
  'PUT /api/archive-keys': { expects: members('ok'), body: () => ({ epoch: 2, record: bytes(1248) }) },
  'PUT /api/files/:id': {
    expects: inGroup('ok', 'ok'),
    path: ({ group }) => `/api/files/${someId()}?conversation=${group.conversationId}&kind=bundle`,
    body: () => ({ any: 'bytes will do' }),
  },
  'GET /api/files/:id': { expects: members('not_found'), path: () => `/api/files/${someId()}` },
  'POST /api/sessions/challenge': { expects: all('ok') },
  'POST /api/sessions': {
    expects: ['not_signed_in', 'device_removed', 'ok', 'ok', 'ok', 'ok'],
    body: (cast, role) => {
      const { challenges, clock } = cast.running.context
      return cast.newcomerOf(role).answerChallenge({ nonce: challenges.make(), now: clock.now() })
    },
  },
  'POST /api/sessions/refresh': { expects: ['not_signed_in', 'device_removed', 'ok', 'ok', 'ok', 'ok'] },
  'GET /api/sessions': { expects: members('ok') },
  'DELETE /api/sessions/current': { expects: members('ok') },
  'DELETE /api/sessions/:deviceId': {
    expects: ['not_signed_in', 'device_removed', 'not_found', 'not_found', 'ok', 'not_found'],
    path: (cast) => `/api/sessions/${cast.roles.admin.deviceId}`,
  },
  'POST /api/recovery/start': { expects: all('ok'), body: () => ({ signInName: 'oma', kind: 'passphrase' }) },
  'POST /api/recovery/open': {
    expects: all('wrong_key'),
    body: (_, role) => ({ signInName: role === 'host' ? 'oma' : role, kind: 'passphrase', auth: bytes(32) }),
  },
  'POST /api/recovery/root': {
    expects: members('bad_entry'),
    body: () => ({
      ...{ ticket: 'x', entry: 'AAAA', wrappedRootSeed: bytes(60), passphraseSlot: makeSlot(1, systemRandom(32)) },
      recoverySlot: makeSlot(2, systemRandom(32)),
      sealedArchiveKeys: [{ epoch: 1, record: bytes(1248) }],
    }),
  },
  'POST /api/devices': {
    expects: all('bad_entry'),
    body: () => ({ ticket: 'x', deviceAdd: 'AAAA', prekeys: { oneTime: [], oneTimeKem: [] } }),
  },
  'POST /api/links': { expects: all('ok'), body: () => ({ linkId: someId(), shows: true, isOld: false }) },
  'POST /api/links/letters': { expects: all('link_gone'), body: () => ({ seat: bytes(32), letter: 'AAAA' }) },
  'POST /api/links/collect': { expects: all('link_gone'), body: () => ({ seat: bytes(32), from: 0 }) },
  'POST /api/links/end': { expects: all('link_gone'), body: () => ({ seat: bytes(32), ending: 'done' }) },
  'GET /api/home': { expects: members('ok') },
  'PATCH /api/home': { expects: hosts('ok'), body: () => ({ name: 'Ours' }) },
  'POST /api/invites/look': { expects: all('invite_unknown'), body: unknownInvite },
  'GET /api/invites': { expects: hosts('ok') },
  'POST /api/invites': { expects: hosts('ok'), body: ({ running }) => new InviteLink().upload(running.clock.now()) },
  'DELETE /api/invites/:inviteId': { expects: hosts('invite_unknown'), path: () => `/api/invites/${someId()}` },
  'GET /api/log': { expects: members('ok') },
  // An entry of the admin's account, rightly signed: nobody else may hand it in, and it removes a device that is not there.
  'POST /api/log': {
    expects: ['not_signed_in', 'device_removed', 'not_allowed', 'not_allowed', 'bad_entry', 'not_allowed'],
    body: ({ roles: { admin } }) => ({
      entry: toBase64Url(admin.newcomer.draftEntry({ type: 'device-revoke', deviceId: systemRandom(16), reason: 2 })),
    }),
  },
  'GET /api/prekeys': { expects: members('ok') },
  'PUT /api/prekeys': {
    expects: members('ok'),
    body: (cast, role) => cast.newcomerOf(role).device.makePrekeys(cast.running.clock.now(), { firstId: 50 }),
  },
  'POST /api/prekeys/claim': {
    expects: members('ok'),
    body: ({ roles: { inside } }) => ({ deviceIds: [inside.deviceId] }),
  },
  'GET /api/conversations': { expects: members('ok') },
  'POST /api/conversations': {
    expects: members('ok'),
    body: (cast, role) => {
      const chain = new GroupChain()
      chain.sign(actorFor(cast, role), logSizeOf(cast), { type: 'create', kind: 'group', historyPolicy: 'none' })
      return { entries: chain.entries.map(toBase64Url) }
    },
  },
  'POST /api/conversations/direct': {
    expects: members('ok'),
    body: ({ roles: { inside } }) => ({ accountId: inside.accountId }),
  },
  'GET /api/conversations/:id/entries': { expects: inGroup('ok', 'ok'), path: groupPath },
  'POST /api/conversations/:id/entries': {
    expects: inGroup('not_allowed', 'ok'),
    path: groupPath,
    body: (cast, role) => {
      const { outside } = cast.roles
      const add = addOf({ accountId: outside.accountId, uik: outside.newcomer.root.publicKey })
      return {
        entry: toBase64Url(
          cast.group.draft(
            actorFor(cast, role),
            logSizeOf(cast),
            role === 'admin' ? { type: 'policy', historyPolicy: 'share' } : add,
          ),
        ),
      }
    },
  },
  'POST /api/heal/log': {
    expects: members('not_allowed'),
    body: () => ({ from: 0, entries: [], treeHead: bytes(144) }),
  },
  'POST /api/heal/conversations': {
    expects: members('not_allowed'),
    body: ({ group }) => ({ conversationId: group.conversationId, from: 0, entries: [] }),
  },
  'POST /api/heal/missing': {
    expects: inGroup('ok', 'ok'),
    body: ({ group }) => ({ conversationId: group.conversationId, messageIds: [] }),
  },
  'POST /api/heal/bodies': {
    expects: members('not_allowed'),
    body: ({ group }) => ({ conversationId: group.conversationId, bodies: [] }),
  },
  'POST /api/heal/account': { expects: members('not_allowed'), body: () => ({ sealedArchiveKeys: [], slots: [] }) },
  'POST /api/heal/finish': { expects: hosts('ok') },
}

/** Route x role and frame x role, each with a request that only the role can make wrong. */
export const permissions: Part = {
  name: 'permissions',
  async run(report) {
    await using cast = await openCast()
    const missing = cast.running.app.routes.filter((route) => !(route in table))
    report.check('every route has a row', missing.length === 0, missing)
    for (const [route, row] of Object.entries(table)) {
      for (const [index, role] of roles.entries()) {
        // All rows together stay below the life of a session token: who was put out cannot sign in again.
        await cast.moveClock(2_000)
        const said = await callAs(cast, route, { row, role })
        report.check(`${role} ${route} is told ${row.expects[index]}`, said === row.expects[index], said)
      }
    }
    await judgeFrames(report, cast)
    await judgeExistence(report, cast)
  },
}

async function callAs(cast: Cast, route: string, { row, role }: { row: Row; role: Role }): Promise<string> {
  const [method = '', path = ''] = route.split(' ')
  const who = cast.newcomerOf(role)
  const kept = new Map(who.cookies)
  const body = row.body?.(cast, role)
  const { status, json } = await who.call(method, row.path?.(cast) ?? path, body)
  if (route === 'POST /api/conversations/:id/entries' && status === 200) {
    cast.group.take(fromBase64Url((body as { entry: string }).entry)!)
  }
  // Who was put out keeps showing what it has.
  if (role === 'removed') for (const [name, value] of kept) who.cookies.set(name, value)
  return status < 300 ? 'ok' : json.error
}

const frameTable: Record<string, readonly [string, string, string, string]> = {
  post: ['not_found', 'posted', 'posted', 'not_found'],
  fetchPage: ['not_found', 'page', 'page', 'not_found'],
  transient: ['silence', 'heard', 'heard', 'silence'],
  sendEnvelopes: ['done', 'done', 'done', 'done'],
  putArchive: ['done', 'done', 'done', 'done'],
  putVouchers: ['done', 'done', 'done', 'done'],
  fetchVouchers: ['nothing', 'nothing', 'nothing', 'the voucher'],
  acknowledge: ['silence', 'silence', 'silence', 'silence'],
  ping: ['pong', 'pong', 'pong', 'pong'],
}

async function judgeFrames(report: Report, cast: Cast): Promise<void> {
  const { running, group, roles: people } = cast
  const vouched = someId()
  for (const role of ['stranger', 'removed'] as const) {
    const cookie = [...cast.newcomerOf(role).cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const socket = new RawSocket(running.origin, { origin: running.origin, ...(cookie && { cookie }) })
    const wanted = role === 'stranger' ? 'not_signed_in' : 'device_removed'
    const code = await socket.first('refused').then((frame) => frame.code)
    report.check(`${role} gets no line: ${wanted}`, code === wanted, code)
    report.check(`and no welcome`, (await socket.closed) === 1008 && socket.all('welcome').length === 0)
  }
  for (const [index, role] of (['outside', 'inside', 'admin', 'host'] as const).entries()) {
    const actor = people[role]
    const listener = role === 'inside' ? people.admin : people.inside
    const [socket, other] = [await connect(actor), await connect(listener)]
    const sealed = await group.seal(actor)
    const typing = await group.seal(actor, { class: 3 })
    const envelopes = [{ deviceId: listener.deviceId, frame: Uint8Array.of(1) }]
    const rows = [{ messageId: sealed.messageId, epoch: 1, row: new Uint8Array(92) }]
    const said: Record<string, () => Promise<string>> = {
      post: async () => codeOf(await socket.ask(postOf(group.conversationId, sealed))),
      fetchPage: async () => codeOf(await socket.ask(fetchOf(group.conversationId))),
      transient: async () => {
        socket.send({ type: 'transient', conversationId: group.conversationId, body: typing.body, envelopes: [] })
        await socket.ask({ type: 'putArchive', requestId: 0, rows: [] })
        await other.settle()
        return other.all('transient').length > 0 ? 'heard' : 'silence'
      },
      sendEnvelopes: async () => codeOf(await socket.ask({ type: 'sendEnvelopes', requestId: 0, envelopes })),
      putArchive: async () => codeOf(await socket.ask({ type: 'putArchive', requestId: 0, rows })),
      putVouchers: async () => {
        const voucher = { chainId: someId(), epoch: 1, row: new Uint8Array(160) }
        const { conversationId } = group
        return codeOf(await socket.ask({ type: 'putVouchers', requestId: 0, rows: [{ conversationId, ...voucher }] }))
      },
      // The host's own, of a group that the host is not in: nobody else finds it, members of the group neither.
      fetchVouchers: async () => {
        const { conversationId } = group
        const { accountId } = people.host
        await running.context.database.transaction((tx) =>
          tx.run(
            'INSERT INTO vouchers VALUES (?, ?, ?, 1, ?) ON CONFLICT DO NOTHING',
            ...[accountId, conversationId, vouched, new Uint8Array(160)],
          ),
        )
        const asked = { type: 'fetchVouchers' as const, requestId: 0, conversationId, chainIds: [vouched] }
        const answer = await socket.ask(asked)
        if (answer.type !== 'vouchers') return codeOf(answer)
        return answer.rows.length > 0 ? 'the voucher' : 'nothing'
      },
      acknowledge: async () => {
        const [, held] = [socket.send({ type: 'acknowledge', envelopeIds: [1, 2, 3] }), socket.frames.length]
        await socket.ask({ type: 'putArchive', requestId: 0, rows: [] })
        return socket.frames.slice(held).some(({ type }) => type === 'refused') ? 'refused' : 'silence'
      },
      ping: () => socket.settle().then(() => 'pong'),
    }
    for (const [frame, expects] of Object.entries(frameTable)) {
      const outcome = await said[frame]!()
      report.check(`${role} ${frame} -> ${expects[index]}`, outcome === expects[index], outcome)
    }
    socket.close()
    other.close()
  }
}

/** What exists and what was made up is answered alike to whom it does not concern. */
async function judgeExistence(report: Report, cast: Cast): Promise<void> {
  const { group, roles: people } = cast
  const link = new InviteLink()
  await people.host.newcomer.call('POST', '/api/invites', link.upload(cast.running.clock.now()))
  const entry = (role: Role, chain: GroupChain) =>
    toBase64Url(chain.draft(actorFor(cast, role), logSizeOf(cast), { type: 'leave' }))
  const pairs: [string, string, (id: string, role: Role) => string, (id: string, role: Role) => unknown, string][] = [
    ['group entries', 'GET', (id) => `/api/conversations/${id}/entries`, () => undefined, group.conversationId],
    [
      'group append',
      'POST',
      (id) => `/api/conversations/${id}/entries`,
      (_, role) => ({ entry: entry(role, group) }),
      group.conversationId,
    ],
    [
      'bodies',
      'POST',
      () => '/api/heal/missing',
      (id) => ({ conversationId: id, messageIds: [] }),
      group.conversationId,
    ],
    ['session', 'DELETE', (id) => `/api/sessions/${id}`, () => undefined, people.inside.deviceId],
    ['invite', 'POST', () => '/api/invites/look', (id) => ({ inviteId: id, inviteAuth: bytes(32) }), link.inviteId],
    ['former', 'POST', () => '/api/accounts/former', (id) => ({ inviteId: id, inviteAuth: bytes(32) }), link.inviteId],
    ['revoke', 'DELETE', (id) => `/api/invites/${id}`, () => undefined, link.inviteId],
  ]
  for (const role of ['stranger', 'removed', 'outside'] as const) {
    await cast.moveClock(60_000)
    for (const [name, method, path, body, real] of pairs) {
      const ask = async (id: string) => {
        const { status, json } = await cast.newcomerOf(role).call(method, path(id, role), body(id, role))
        return JSON.stringify({ status, ...json, requestId: '' })
      }
      const [there, madeUp] = [await ask(real), await ask(someId())]
      report.check(`${role} cannot tell a real ${name} from a made-up one`, there === madeUp, `${there} / ${madeUp}`)
    }
    await judgeNames(report, cast, role)
  }
  const socket = await connect(people.outside)
  const told = async (id: string) => codeOf(await socket.ask(fetchOf(id as never)))
  report.check('nor a real page from a made-up one', (await told(group.conversationId)) === (await told(someId())))
  socket.close()
  report.check('the group is there to be found', idToBytes(group.conversationId).length === 16)
}

async function judgeNames(report: Report, cast: Cast, role: Role): Promise<void> {
  const who = cast.newcomerOf(role)
  for (const kind of ['passphrase', 'code']) {
    const start = async (signInName: string) =>
      (await who.call('POST', '/api/recovery/start', { signInName, kind })).json
    const shape = (json: { accountId: string; slotBeginning: string }) =>
      `${Object.keys(json)} ${json.accountId.length} ${json.slotBeginning.length} ${kind === 'passphrase' ? json.slotBeginning.slice(0, 12) : ''}`
    const [real, madeUp] = [shape(await start('kid')), shape(await start('nobody-here'))]
    report.check(`${role} cannot tell a real name from a made-up one (${kind})`, real === madeUp, `${real} / ${madeUp}`)
    const [once, again] = [await start('nobody-here'), await start('nobody-here')]
    report.check('and gets the same answer twice', JSON.stringify(once) === JSON.stringify(again))
  }
}
