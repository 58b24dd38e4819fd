import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { signLogEntry } from '../../src/crypto/key-log-signing.ts'
import { findUser } from '../../src/crypto/key-log-validator.ts'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { signLogin } from '../../src/crypto/login-signing.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { signSth } from '../../src/crypto/sth-signing.ts'
import { rootOf } from '../../src/crypto/tree.ts'
import { leafHash } from '../../src/crypto/verify.ts'
import { fromBase64Url, type InviteId, idToBytes, toBase64Url } from '../../src/protocol/ids.ts'
import { makeId } from '../../src/server/ids.ts'
import { codeOf, type Device, fetchOf, Home, type Person, postOf } from '../support/home.ts'
import { addOf, GroupChain, type SealedBody, sealDirect } from '../support/sealed.ts'

type Answer = { status: number; json: Record<string, never> & { error?: string } }
const verdict = ({ status, json }: Answer) => json?.error ?? String(status)

/** A home that was lost after its backup, and the same home again on that backup. */
let lost: Home
let home: Home
let oma: Person
let papa: Person
let stranger: Person
let kid: Person
let tablet: Device
let group: GroupChain
let young: GroupChain
let sizeInBackup: number
let entriesInBackup: number
let entries: Uint8Array[]
let newestHead: Uint8Array
const bodies: SealedBody[] = []
const inviteId = makeId<InviteId>()
const words = { backupWords: 'before', laterWords: 'after' }

const call = (device: Device, path: string, body: unknown): Promise<Answer> => device.call('POST', path, body, home)
const guestCall = async (path: string, body: unknown): Promise<Answer> => {
  const headers = { 'content-type': 'application/json', origin: home.url }
  const response = await fetch(home.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, json: (await response.json()) as never }
}
const healLogOf = (wish: { from?: number; entries?: Uint8Array[]; treeHead?: Uint8Array } = {}) => {
  const from = wish.from ?? sizeInBackup
  const offered = wish.entries ?? entries.slice(from)
  return { from, entries: offered.map(toBase64Url), treeHead: toBase64Url(wish.treeHead ?? newestHead) }
}
const healGroupOf = (chain: GroupChain, from: number, offered = chain.entries.slice(from)) => ({
  ...{ conversationId: chain.conversationId, from },
  entries: offered.map(toBase64Url),
})

/** Signs in as a device does: by its DSK, over HTTP. */
async function signInByKey(device: Device): Promise<Answer> {
  const challenge = await guestCall('/api/sessions/challenge', {})
  const { nonce, now } = challenge.json as unknown as { nonce: string; now: number }
  const signature = signLogin(device.dskSecret, { origin: home.url, nonce: fromBase64Url(nonce)!, time: now })
  const response = await fetch(`${home.url}/api/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: home.url },
    body: JSON.stringify({
      ...{ accountId: device.accountId, deviceId: device.deviceId, nonce, time: now, origin: home.url },
      signature: toBase64Url(signature),
    }),
  })
  const cookie = response.headers.getSetCookie().find((one) => one.startsWith('tv_access='))
  if (cookie) device.cookie = cookie.split(';')[0]!
  return { status: response.status, json: (await response.json()) as never }
}

beforeAll(async () => {
  lost = await Home.open()
  oma = await lost.join('host')
  papa = await lost.join()
  stranger = await lost.join()
  group = await oma.device.createGroup(papa)
  await lost.context.database.transaction((tx) =>
    tx.run(
      `INSERT INTO invites (invite_id, created_by, auth_hash, role, uses, uses_left, expires_at, created_at, card)
       VALUES (?, ?, ?, 'member', 1, 1, ?, ?, ?)`,
      ...[inviteId, oma.accountId, systemRandom(32), lost.clock.now() + 86_400_000, lost.clock.now(), systemRandom(40)],
    ),
  )
  const early = await oma.device.connect()
  bodies.push(await group.seal(oma.device, { words: words.backupWords }))
  await early.ask(postOf(group.conversationId, bodies[0]!))
  sizeInBackup = lost.logSize
  entriesInBackup = group.entries.length
  const folder = await lost.snapshot()

  kid = await lost.join('member', idToBytes(inviteId as never))
  tablet = await lost.addDevice(papa)
  const add = group.sign(oma.device, lost.logSize, addOf(kid))
  await oma.device.call('POST', `/api/conversations/${group.conversationId}/entries`, { entry: toBase64Url(add) })
  young = await kid.device.createGroup(papa)
  for (let count = 0; count < 3; count++) bodies.push(await group.seal(oma.device, { words: words.laterWords }))
  for (const body of bodies.slice(1)) await early.ask(postOf(group.conversationId, body))
  entries = await lost.context.keyLog.readAll()
  newestHead = lost.context.keyLog.treeHead
  early.close()

  home = await Home.restore(folder, lost.clock)
})
afterAll(async () => {
  await home[Symbol.asyncDispose]()
  await lost[Symbol.asyncDispose]()
})

describe('a home that was never restored', () => {
  test('takes nothing back', async () => {
    const ask = (path: string, body: unknown): Promise<Answer> => oma.device.call('POST', path, body, lost)
    expect(verdict(await ask('/api/heal/log', healLogOf()))).toBe('not_allowed')
    expect(verdict(await ask('/api/heal/conversations', healGroupOf(group, 0)))).toBe('not_allowed')
    const upload = { conversationId: group.conversationId, bodies: [toBase64Url(bodies[0]!.body)] }
    expect(verdict(await ask('/api/heal/bodies', upload))).toBe('not_allowed')
    expect(verdict(await ask('/api/heal/account', { sealedArchiveKeys: [], slots: [] }))).toBe('not_allowed')
  })
})

describe('a restored home', () => {
  test('is a new incarnation that knows no old session and takes no new entry', async () => {
    expect(home.context.settings.incarnation).not.toBe(lost.context.settings.incarnation)
    expect(verdict(await call(oma.device, '/api/conversations/direct', { accountId: papa.accountId }))).toBe(
      'not_signed_in',
    )
    expect(verdict(await signInByKey(oma.device))).toBe('200')
    const user = findUser(home.context.keyLog.state, idToBytes(oma.accountId))!
    const { userId, useq, head } = user
    const vouch = signLogEntry(oma.device.dskSecret, {
      ...{ userId, useq: useq + 1, prev: head, time: home.clock.now() },
      signer: { kind: 'device', deviceId: idToBytes(oma.device.deviceId) },
      body: { type: 'vouch', otherUserId: idToBytes(papa.accountId), otherUikHash: systemRandom(32), how: 'qr' },
    })
    expect(verdict(await call(oma.device, '/api/log', { entry: toBase64Url(vouch) }))).toBe('healing')
    const entry = group.draft(oma.device, sizeInBackup, { type: 'policy', historyPolicy: 'share' })
    const path = `/api/conversations/${group.conversationId}/entries`
    expect(verdict(await call(oma.device, path, { entry: toBase64Url(entry) }))).toBe('healing')
    const fresh = new GroupChain()
    fresh.sign(oma.device, sizeInBackup, { type: 'create', kind: 'group', historyPolicy: 'none' })
    expect(verdict(await call(oma.device, '/api/conversations', { entries: fresh.entries.map(toBase64Url) }))).toBe(
      'healing',
    )
    const socket = await oma.device.connect(home)
    expect(socket.all('welcome')[0]).toMatchObject({ restoredFrom: home.context.settings.get('restoredFrom') })
    socket.close()
  })

  test('does not know the devices that came after the backup', async () => {
    expect(verdict(await signInByKey(kid.device))).toBe('not_signed_in')
    expect(verdict(await signInByKey(tablet))).toBe('not_signed_in')
  })
})

describe('healing the key log', () => {
  test('takes a head of this server only, and exactly its entries', async () => {
    const forgedHead = newestHead.slice()
    forgedHead[143]! ^= 1
    const foreign = generateSigningKeyPair<'log'>()
    const root = rootOf(entries.map(leafHash))
    const foreignHead = signSth(foreign, { size: entries.length, root, time: home.clock.now() })
    const changed = entries.slice(sizeInBackup).map((entry) => entry.slice())
    changed[0]![60]! ^= 1
    const offers: [object, string][] = [
      [healLogOf({ treeHead: forgedHead }), 'bad_signature'],
      [healLogOf({ treeHead: foreignHead }), 'bad_signature'],
      [healLogOf({ entries: changed }), 'bad_entry'],
      [healLogOf({ entries: entries.slice(sizeInBackup, -1) }), 'bad_entry'],
      [healLogOf({ from: sizeInBackup + 1 }), 'bad_entry'],
      [healLogOf({ entries: entries.slice(sizeInBackup).reverse() }), 'bad_entry'],
      [{ ...healLogOf(), treeHead: 'AA' }, 'bad_request'],
    ]
    for (const [offer, code] of offers) expect(verdict(await guestCall('/api/heal/log', offer))).toBe(code)
    expect(home.logSize).toBe(sizeInBackup)
  })

  test('says how far the server is when it is shown nothing newer', async () => {
    const own = toBase64Url(home.context.keyLog.treeHead)
    const answer = await guestCall('/api/heal/log', { from: 0, entries: [], treeHead: own })
    expect(answer).toMatchObject({ status: 200, json: { size: sizeInBackup, treeHead: own } })
  })

  test('needs no session, so that a device which the backup lacks can do it and then sign in', async () => {
    const omaSocket = await oma.device.connect(home)
    const grew = omaSocket.first('logGrew')
    const offers = await Promise.all(
      [healLogOf(), healLogOf({ from: 0 }), healLogOf({ from: 2 })].map((offer) => guestCall('/api/heal/log', offer)),
    )
    for (const answer of offers) expect(answer).toMatchObject({ status: 200, json: { size: entries.length } })
    expect(await grew).toMatchObject({
      from: sizeInBackup,
      entries: entries.slice(sizeInBackup).map((one) => new Uint8Array(one)),
    })
    expect(await home.context.keyLog.readAll()).toEqual(entries.map((one) => new Uint8Array(one)))
    expect(Buffer.from(home.context.keyLog.treeHead.subarray(40, 72))).toEqual(Buffer.from(newestHead.subarray(40, 72)))
    expect(verdict(await signInByKey(kid.device))).toBe('200')
    expect(verdict(await signInByKey(tablet))).toBe('200')
    expect(verdict(await signInByKey(papa.device))).toBe('200')
    expect(verdict(await signInByKey(stranger.device))).toBe('200')
    omaSocket.close()
  })

  test('uses up the invite of an account that came back', async () => {
    const row = await home.context.database.get(
      'SELECT uses_left AS usesLeft FROM invites WHERE invite_id = ?',
      inviteId,
    )
    expect(row).toEqual({ usesLeft: 0 })
  })

  test('wears out whoever calls it too often', async () => {
    const calls = Array.from({ length: 80 }, () =>
      guestCall('/api/heal/log', { from: 0, entries: [], treeHead: 'x'.repeat(192) }),
    )
    const codes = (await Promise.all(calls)).map(verdict)
    expect(codes).toContain('too_many')
    home.clock.move(120_000)
  })
})

describe('healing an account', () => {
  test('gives its name back to its own device, once, and only if it is free', async () => {
    const slot = (kind: number) => {
      const bytes = systemRandom(86)
      bytes[0] = kind
      return { slot: toBase64Url(bytes), authHash: toBase64Url(systemRandom(32)) }
    }
    const offer = {
      ...{ slots: [slot(1), slot(2)], wrappedRootSeed: toBase64Url(systemRandom(60)) },
      sealedArchiveKeys: [{ epoch: 1, record: toBase64Url(systemRandom(1248)) }],
      state: { version: 4, epoch: 1, sealed: toBase64Url(systemRandom(100)) },
    }
    const taken = await home.context.database.get<{ name: string }>(
      'SELECT sign_in_name AS name FROM accounts WHERE account_id = ?',
      papa.accountId,
    )
    expect(verdict(await call(kid.device, '/api/heal/account', { ...offer, signInName: taken!.name }))).toBe(
      'name_taken',
    )
    expect(verdict(await call(kid.device, '/api/heal/account', { ...offer, slots: [slot(9)] }))).toBe('bad_request')
    expect(verdict(await call(kid.device, '/api/heal/account', { ...offer, signInName: 'kid' }))).toBe('204')
    expect(verdict(await call(kid.device, '/api/heal/account', { ...offer, signInName: 'kid-two' }))).toBe('204')
    expect(verdict(await call(papa.device, '/api/heal/account', { ...offer, signInName: 'grandpa' }))).toBe('204')
    const { json } = await kid.device.call('GET', '/api/accounts', undefined, home)
    const names = (json as { accountId: string; signInName: string }[]).map(({ accountId, signInName }) => [
      accountId,
      signInName,
    ])
    expect(names).toContainEqual([kid.accountId, 'kid'])
    expect(names).toContainEqual([papa.accountId, taken!.name])
  })

  test('takes state and archive keys only where its own are older or absent', async () => {
    const state = (version: number) => ({ version, epoch: 1, sealed: toBase64Url(new Uint8Array(40).fill(version)) })
    const key = (fill: number) => ({ epoch: 2, record: toBase64Url(new Uint8Array(1248).fill(fill)) })
    for (const version of [7, 6]) {
      const offer = { slots: [], sealedArchiveKeys: [key(version)], state: state(version) }
      expect(verdict(await call(oma.device, '/api/heal/account', offer))).toBe('204')
    }
    expect((await oma.device.call('GET', '/api/account-state', undefined, home)).json as unknown).toEqual(state(7))
    expect((await oma.device.call('GET', '/api/archive-keys', undefined, home)).json as unknown).toEqual([key(7)])
  })
})

describe('healing a group', () => {
  test('is not for strangers, and there is one', async () => {
    const line = await stranger.device.connect(home)
    expect(home.context.hub.isOnline(stranger.device.deviceId)).toBe(true)
    expect(verdict(await call(stranger.device, '/api/heal/conversations', healGroupOf(group, entriesInBackup)))).toBe(
      'not_found',
    )
    expect(verdict(await call(stranger.device, '/api/heal/conversations', healGroupOf(young, 0)))).toBe('not_found')
    const missing = { conversationId: group.conversationId, messageIds: [bodies[0]!.messageId] }
    expect(verdict(await call(stranger.device, '/api/heal/missing', missing))).toBe('not_found')
    const upload = { conversationId: group.conversationId, bodies: [toBase64Url(bodies[1]!.body)] }
    expect(verdict(await call(stranger.device, '/api/heal/bodies', upload))).toBe('not_found')
    expect((await stranger.device.call('GET', '/api/conversations', undefined, home)).json as unknown).toEqual([])
    await line.settle()
    expect(line.all('conversationGrew')).toEqual([])
    line.close()
  })

  test('adopts what follows, the same for whoever brings it, and nothing else', async () => {
    const other = group.entries.slice(0, 1).concat(young.entries.slice(0, 1))
    expect(verdict(await call(papa.device, '/api/heal/conversations', healGroupOf(group, 0, other)))).toBe(
      'conversation_moved',
    )
    expect(verdict(await call(papa.device, '/api/heal/conversations', healGroupOf(group, 9, [])))).toBe('bad_request')
    const broken = group.entries.slice(entriesInBackup).map((entry) => entry.slice())
    broken[0]![broken[0]!.length - 1]! ^= 1
    expect(
      verdict(await call(papa.device, '/api/heal/conversations', healGroupOf(group, entriesInBackup, broken))),
    ).toBe('bad_entry')

    const offers = [healGroupOf(group, entriesInBackup), healGroupOf(group, 0), healGroupOf(group, 1)]
    const answers = await Promise.all(offers.map((offer) => call(papa.device, '/api/heal/conversations', offer)))
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 200, json: { entryCount: group.entries.length } })
    expect(await call(papa.device, '/api/heal/conversations', healGroupOf(young, 0))).toMatchObject({
      status: 200,
      json: { entryCount: 2 },
    })
    const mine = (await kid.device.call('GET', '/api/conversations', undefined, home)).json as {
      conversationId: string
    }[]
    expect(mine.map(({ conversationId }) => conversationId).sort()).toEqual(
      [group.conversationId, young.conversationId].sort(),
    )
    const path = `/api/conversations/${group.conversationId}/entries`
    expect((await kid.device.call('GET', path, undefined, home)).json as unknown).toEqual({
      entries: group.entries.map(toBase64Url),
    })
  })
})

describe('healing bodies', () => {
  test('brings back what is missing, once, in the order it is given, and tells those who are there', async () => {
    const messageIds = bodies.map(({ messageId }) => messageId)
    const { json } = await call(oma.device, '/api/heal/missing', { conversationId: group.conversationId, messageIds })
    expect(json as unknown).toEqual({ missing: messageIds.slice(1) })
    const papaSocket = await papa.device.connect(home)
    const upload = {
      conversationId: group.conversationId,
      bodies: bodies.slice(1).map(({ body }) => toBase64Url(body)),
    }
    const [once, again] = await Promise.all([
      call(oma.device, '/api/heal/bodies', upload),
      call(kid.device, '/api/heal/bodies', upload),
    ])
    const seqs = Object.fromEntries(messageIds.slice(1).map((messageId, index) => [messageId, index + 2]))
    expect(once!.json as unknown).toEqual({ seqs })
    expect(again!.json as unknown).toEqual({ seqs })
    expect((await papaSocket.count('message', 3)).map(({ seq }) => seq)).toEqual([2, 3, 4])
    await papaSocket.settle()
    expect(papaSocket.all('message')).toHaveLength(3)
    const page = await papaSocket.ask(fetchOf(group.conversationId))
    const held = page.type === 'page' ? page.items.map(({ body }) => body) : []
    expect(held).toEqual(bodies.map(({ body }) => new Uint8Array(body)))
    papaSocket.close()
  })

  test('answers the retry of its sender, and takes nothing that is no body of this conversation', async () => {
    const socket = await oma.device.connect(home)
    const retry = await socket.ask(postOf(group.conversationId, bodies[2]!))
    expect(retry).toMatchObject({ type: 'posted', messageId: bodies[2]!.messageId, seq: 3 })
    const forged = await group.seal(oma.device, { messageId: bodies[2]!.messageId })
    expect(codeOf(await socket.ask(postOf(group.conversationId, forged)))).toBe('message_id_taken')
    const { conversationId } = (await call(oma.device, '/api/conversations/direct', { accountId: papa.accountId }))
      .json as never
    const direct = await sealDirect(oma.device, conversationId)
    for (const [place, body] of [
      [group.conversationId, direct.body],
      [conversationId, bodies[1]!.body],
      [group.conversationId, (await group.seal(oma.device, { class: 3 })).body],
      [group.conversationId, systemRandom(200)],
    ] as const) {
      const upload = { conversationId: place, bodies: [toBase64Url(body)] }
      expect(verdict(await call(oma.device, '/api/heal/bodies', upload))).toBe('bad_request')
    }
    expect(await socket.ask(postOf(group.conversationId, await group.seal(oma.device)))).toMatchObject({
      type: 'posted',
      seq: 5,
    })
    socket.close()
  })
})

describe('the end of healing', () => {
  test('is said by a host only; then the logs grow again and the door for heads is closed', async () => {
    expect(verdict(await guestCall('/api/heal/finish', {}))).toBe('not_signed_in')
    expect(verdict(await call(papa.device, '/api/heal/finish', {}))).toBe('not_allowed')
    expect(home.context.settings.isHealing).toBe(true)
    const socket = await papa.device.connect(home)
    const told = socket.waitFor((frame) => frame.type === 'changed' && frame.what === 'home')
    expect(verdict(await call(oma.device, '/api/heal/finish', {}))).toBe('204')
    await told
    socket.close()
    expect(verdict(await guestCall('/api/heal/log', healLogOf()))).toBe('not_signed_in')
    expect(verdict(await call(papa.device, '/api/heal/log', healLogOf()))).toBe('not_allowed')
    const entry = group.sign(oma.device, entries.length, { type: 'policy', historyPolicy: 'share' })
    const path = `/api/conversations/${group.conversationId}/entries`
    expect(verdict(await call(oma.device, path, { entry: toBase64Url(entry) }))).toBe('200')
  })
})
