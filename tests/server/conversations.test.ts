import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sha256 } from '../../src/crypto/hash.ts'
import { dmConversationId } from '../../src/crypto/ids.ts'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import type { ConversationView } from '../../src/protocol/conversations.ts'
import { idFromBytes, idToBytes, toBase64Url } from '../../src/protocol/ids.ts'
import { codeOf, type Device, fetchOf, Home, type Person, postOf, someId } from '../support/home.ts'
import { addOf, GroupChain } from '../support/sealed.ts'

let home: Home
let oma: Person
let papa: Person
let mama: Person
let kid: Person
let stranger: Person

beforeAll(async () => {
  home = await Home.open()
  oma = await home.join('host')
  papa = await home.join()
  mama = await home.join()
  kid = await home.join()
  stranger = await home.join()
})
afterAll(() => home[Symbol.asyncDispose]())

type Answer = { status: number; json: { error?: string; detail?: string; entryCount?: number } }

const append = (device: Device, { conversationId }: { conversationId: string }, entry: Uint8Array): Promise<Answer> =>
  device.call('POST', `/api/conversations/${conversationId}/entries`, { entry: toBase64Url(entry) })
const create = (device: Device, entries: Uint8Array[]): Promise<Answer> =>
  device.call('POST', '/api/conversations', { entries: entries.map(toBase64Url) })
const list = async (device: Device) => (await device.call('GET', '/api/conversations')).json as ConversationView[]
const removalOf = (person: Person) => ({ type: 'remove' as const, userId: idToBytes(person.accountId) })
const verdict = ({ status, json }: Answer) => json.error ?? String(status)

describe('a direct conversation', () => {
  test('is one and the same whoever opens it, and both learn of it', async () => {
    const papaSocket = await papa.device.connect()
    const told = papaSocket.first('changed')
    const opened = await oma.device.openDirect(papa)
    expect(await told).toMatchObject({ what: 'conversations' })
    const raw = dmConversationId(idToBytes(oma.accountId), idToBytes(papa.accountId))
    expect(opened).toMatchObject({
      conversationId: idFromBytes(raw),
      kind: 'direct',
      lastSeq: 0,
      firstSeq: 1,
      entryCount: 0,
    })
    expect(await papa.device.openDirect(oma)).toEqual(opened)
    expect([...opened.accountIds].sort()).toEqual([oma.accountId, papa.accountId].sort())
    expect((await list(stranger.device)).map(({ conversationId }) => conversationId)).not.toContain(
      opened.conversationId,
    )
    papaSocket.close()
  })

  test('that both open at the same moment is opened once', async () => {
    const views = await Promise.all([
      mama.device.openDirect(kid),
      kid.device.openDirect(mama),
      mama.device.openDirect(kid),
    ])
    expect(new Set(views.map(({ conversationId }) => conversationId)).size).toBe(1)
    expect(await list(kid.device)).toHaveLength(1)
  })

  test('with nobody is not found', async () => {
    const answer = await oma.device.call('POST', '/api/conversations/direct', { accountId: someId() })
    expect(verdict(answer)).toBe('not_found')
  })

  test('cannot be pre-empted by a group of the same id', async () => {
    const raw = dmConversationId(idToBytes(papa.accountId), idToBytes(stranger.accountId))
    const chain = new GroupChain()
    Object.assign(chain, { conversationId: idFromBytes(raw) })
    chain.sign(oma.device, home.logSize, { type: 'create', kind: 'group', historyPolicy: 'none' })
    expect(verdict(await create(oma.device, chain.entries))).toBe('bad_entry')
    expect((await papa.device.openDirect(stranger)).kind).toBe('direct')
  })
})

describe('a group', () => {
  test('comes from its signed entries, whole or not at all', async () => {
    const chain = new GroupChain()
    const add = (person: Person) => chain.sign(oma.device, home.logSize, addOf(person))
    chain.sign(oma.device, home.logSize, { type: 'create', kind: 'group', historyPolicy: 'none' })
    add(papa)
    const broken = add(mama).slice()
    broken[broken.length - 1]! ^= 1
    expect(verdict(await create(oma.device, [...chain.entries.slice(0, 2), broken]))).toBe('bad_entry')
    expect(await list(papa.device)).not.toContainEqual(
      expect.objectContaining({ conversationId: chain.conversationId }),
    )

    const papaSocket = await papa.device.connect()
    const grew = papaSocket.first('conversationGrew')
    expect(verdict(await create(oma.device, chain.entries))).toBe('200')
    expect(await grew).toMatchObject({ conversationId: chain.conversationId, index: 2 })
    expect(await list(mama.device)).toContainEqual({
      ...{
        conversationId: chain.conversationId,
        kind: 'group',
        accountIds: [],
        lastSeq: 0,
        firstSeq: 1,
        entryCount: 3,
      },
      createdAt: home.clock.now(),
    })
    // A retry is the same group; other entries under its id are not.
    expect(verdict(await create(oma.device, chain.entries))).toBe('200')
    const { status, json } = await papa.device.call('GET', `/api/conversations/${chain.conversationId}/entries`)
    expect({ status, json: json as unknown }).toEqual({
      status: 200,
      json: { entries: chain.entries.map(toBase64Url) },
    })
    const from = await papa.device.call('GET', `/api/conversations/${chain.conversationId}/entries?from=2`)
    expect(from.json as unknown).toEqual({ entries: chain.entries.slice(2).map(toBase64Url) })
    papaSocket.close()
  })

  test('takes no entry that another device signed, and adds nobody whom the key log does not know', async () => {
    const chain = new GroupChain()
    chain.sign(oma.device, home.logSize, { type: 'create', kind: 'group', historyPolicy: 'none' })
    expect(verdict(await create(papa.device, chain.entries))).toBe('not_allowed')
    const second = await home.addDevice(oma)
    expect(verdict(await create(second, chain.entries))).toBe('not_allowed')

    const ghost = { accountId: someId(), uik: generateSigningKeyPair<'root'>().publicKey }
    const withGhost = [...chain.entries, chain.draft(oma.device, home.logSize, addOf(ghost))]
    expect(verdict(await create(oma.device, withGhost))).toBe('bad_entry')
    const wrongRoot = { ...addOf(papa), uikHash: sha256(mama.uik) } as ReturnType<typeof addOf>
    const underWrongRoot = [...chain.entries, chain.draft(oma.device, home.logSize, wrongRoot)]
    expect(verdict(await create(oma.device, underWrongRoot))).toBe('bad_entry')
    const future = [
      new GroupChain().draft(oma.device, home.logSize + 5, { type: 'create', kind: 'group', historyPolicy: 'none' }),
    ]
    expect(verdict(await create(oma.device, future))).toBe('bad_entry')
  })

  test('shows a newcomer what comes after the joining, or everything where history is shared', async () => {
    for (const historyPolicy of ['none', 'share'] as const) {
      const chain = new GroupChain()
      chain.sign(oma.device, home.logSize, { type: 'create', kind: 'group', historyPolicy })
      chain.sign(oma.device, home.logSize, addOf(papa))
      await create(oma.device, chain.entries)
      const socket = await oma.device.connect()
      for (let count = 0; count < 3; count++)
        await socket.ask(postOf(chain.conversationId, await chain.seal(oma.device)))
      expect(verdict(await append(oma.device, chain, chain.sign(oma.device, home.logSize, addOf(kid))))).toBe('200')
      await socket.ask(postOf(chain.conversationId, await chain.seal(oma.device)))
      const kidSocket = await kid.device.connect()
      const seqsOf = async (wish: object) => {
        const page = await kidSocket.ask(fetchOf(chain.conversationId, wish))
        return page.type === 'page' ? page.items.map(({ seq }) => seq) : codeOf(page)
      }
      expect(await seqsOf({})).toEqual(historyPolicy === 'none' ? [4] : [1, 2, 3, 4])
      expect(await seqsOf({ from: 5, direction: 1 })).toEqual(historyPolicy === 'none' ? [4] : [4, 3, 2, 1])
      const view = (await list(kid.device)).find(({ conversationId }) => conversationId === chain.conversationId)
      expect(view).toMatchObject({ firstSeq: historyPolicy === 'none' ? 4 : 1, lastSeq: 4, entryCount: 3 })
      socket.close()
      kidSocket.close()
    }
  })

  test('lets a removed member learn of it, and nothing more', async () => {
    const chain = await oma.device.createGroup(papa, kid)
    const [omaSocket, papaSocket, kidSocket] = await Promise.all([
      oma.device.connect(),
      papa.device.connect(),
      kid.device.connect(),
    ])
    await omaSocket.ask(postOf(chain.conversationId, await chain.seal(oma.device)))
    await kidSocket.first('message')
    const told = [papaSocket, kidSocket].map((socket) => socket.first('conversationGrew'))
    const entry = chain.sign(oma.device, home.logSize, removalOf(kid))
    expect(verdict(await append(oma.device, chain, entry))).toBe('200')
    for (const frame of await Promise.all(told)) {
      expect(frame).toEqual({
        type: 'conversationGrew',
        conversationId: chain.conversationId,
        index: 3,
        entry: new Uint8Array(entry),
      })
    }
    expect(codeOf(await kidSocket.ask(fetchOf(chain.conversationId)))).toBe('not_found')
    expect(codeOf(await kidSocket.ask(postOf(chain.conversationId, await chain.seal(kid.device))))).toBe('not_found')
    expect(verdict(await append(kid.device, chain, chain.draft(kid.device, home.logSize, { type: 'leave' })))).toBe(
      'not_found',
    )
    const sealed = await chain.seal(oma.device)
    expect(codeOf(await omaSocket.ask(postOf(chain.conversationId, sealed, [kid.device])))).toBe('recipients_changed')
    expect(codeOf(await omaSocket.ask(postOf(chain.conversationId, sealed)))).toBe('posted')
    await papaSocket.count('message', 2)
    await kidSocket.settle()
    expect(kidSocket.all('message')).toHaveLength(1)
    for (const socket of [omaSocket, papaSocket, kidSocket]) socket.close()
  })

  test('lets one of many appends at the same place win', async () => {
    const chain = await oma.device.createGroup(papa, mama)
    const policy = { type: 'policy' as const, historyPolicy: 'share' as const }
    const role = { type: 'role' as const, userId: idToBytes(mama.accountId), role: 'admin' as const }
    const bodies = [removalOf(mama), addOf(kid), addOf(stranger), policy, role]
    const drafts = bodies.map((body) => chain.draft(oma.device, home.logSize, body))
    const verdicts = (await Promise.all(drafts.map((draft) => append(oma.device, chain, draft)))).map(verdict)
    expect([...verdicts].sort()).toEqual(['200', ...Array(4).fill('conversation_moved')])
    const winner = drafts[verdicts.indexOf('200')]!
    // The winner's retry is no second entry.
    expect(await append(oma.device, chain, winner)).toMatchObject({ status: 200, json: { entryCount: 4 } })
    const { json } = await papa.device.call('GET', `/api/conversations/${chain.conversationId}/entries`)
    expect(json as unknown).toEqual({ entries: [...chain.entries, winner].map(toBase64Url) })
  })

  test('that changes while messages are on their way takes each under the membership of its turn', async () => {
    const chain = await oma.device.createGroup(papa)
    const socket = await oma.device.connect()
    const sealed = await Promise.all(Array.from({ length: 40 }, () => chain.seal(oma.device)))
    const entry = chain.sign(oma.device, home.logSize, addOf(kid))
    const answers = sealed.map((one) => socket.ask(postOf(chain.conversationId, one)))
    expect(verdict(await append(oma.device, chain, entry))).toBe('200')
    const codes = (await Promise.all(answers)).map(codeOf)
    expect(new Set(codes).size).toBeLessThanOrEqual(2)
    const posted = codes.filter((code) => code === 'posted').length
    expect(codes).toEqual([...Array(posted).fill('posted'), ...Array(40 - posted).fill('conversation_moved')])
    const fresh = await socket.ask(postOf(chain.conversationId, await chain.seal(oma.device)))
    expect(fresh).toMatchObject({ type: 'posted', seq: posted + 1 })
    socket.close()
  })
})

describe('who may do what to a group', () => {
  const acts = {
    add: () => addOf(stranger),
    remove: () => removalOf(mama),
    role: () => ({ type: 'role' as const, userId: idToBytes(mama.accountId), role: 'admin' as const }),
    policy: () => ({ type: 'policy' as const, historyPolicy: 'share' as const }),
    leave: () => ({ type: 'leave' as const }),
  }
  const expected: Record<keyof typeof acts, Record<'admin' | 'member' | 'outsider', string>> = {
    add: { admin: '200', member: 'not_allowed', outsider: 'not_found' },
    remove: { admin: '200', member: 'not_allowed', outsider: 'not_found' },
    role: { admin: '200', member: 'not_allowed', outsider: 'not_found' },
    policy: { admin: '200', member: 'not_allowed', outsider: 'not_found' },
    leave: { admin: '200', member: '200', outsider: 'not_found' },
  }
  for (const [act, row] of Object.entries(expected) as [keyof typeof acts, (typeof expected)['add']][]) {
    test(`${act}: ${Object.entries(row)
      .map(([who, code]) => `${who} ${code}`)
      .join(', ')}`, async () => {
      const people = { admin: oma, member: papa, outsider: stranger }
      for (const [who, code] of Object.entries(row) as [keyof typeof people, string][]) {
        const chain = await oma.device.createGroup(papa, mama)
        const entry = chain.draft(people[who].device, home.logSize, acts[act]())
        expect(verdict(await append(people[who].device, chain, entry))).toBe(code)
      }
    })
  }

  test('every route: guest, member and the expected code', async () => {
    const chain = await oma.device.createGroup(papa)
    const routes: [string, string, unknown, string][] = [
      ['GET', '/api/conversations', undefined, '200'],
      ['POST', '/api/conversations', { entries: chain.entries.map(toBase64Url) }, '200'],
      ['POST', '/api/conversations/direct', { accountId: papa.accountId }, '200'],
      ['GET', `/api/conversations/${chain.conversationId}/entries`, undefined, '200'],
      ['POST', `/api/conversations/${chain.conversationId}/entries`, { entry: toBase64Url(chain.entries[1]!) }, '200'],
    ]
    for (const [method, path, body, code] of routes) {
      const guest = await fetch(home.url + path, {
        method,
        headers: { 'content-type': 'application/json', origin: home.url },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      expect([path, guest.status, ((await guest.json()) as { error: string }).error]).toEqual([
        path,
        401,
        'not_signed_in',
      ])
      expect([path, verdict(await oma.device.call(method, path, body))]).toEqual([path, code])
    }
    const malformed = await oma.device.call('POST', '/api/conversations', { entries: ['%%%'] })
    expect(verdict(malformed)).toBe('bad_request')
    expect(verdict(await create(oma.device, [Uint8Array.of(1, 2, 3)]))).toBe('bad_entry')
  })
})

describe('presence', () => {
  test('is told to people with a common conversation and to nobody else', async () => {
    const [left, right, outside] = [await home.join(), await home.join(), await home.join()]
    const outsideSocket = await outside.device.connect()
    const leftSocket = await left.device.connect()
    await left.device.openDirect(right)
    const seen = leftSocket.waitFor((frame) => frame.type === 'presence' && frame.accountId === right.accountId)
    const rightSocket = await right.device.connect()
    expect(await seen).toMatchObject({ deviceIds: [right.device.deviceId], isActive: false })
    await rightSocket.settle()
    expect(rightSocket.all('presence').map(({ accountId }) => accountId)).toContain(left.accountId)

    const active = leftSocket.waitFor((frame) => frame.type === 'presence' && frame.isActive)
    rightSocket.send({ type: 'ping', isActive: true })
    expect(await active).toMatchObject({ accountId: right.accountId })
    const gone = leftSocket.waitFor((frame) => frame.type === 'presence' && frame.deviceIds.length === 0)
    rightSocket.close()
    expect(await gone).toMatchObject({ accountId: right.accountId, isActive: false })

    expect(home.context.hub.isOnline(outside.device.deviceId)).toBe(true)
    await outsideSocket.settle()
    expect(outsideSocket.all('presence').filter(({ accountId }) => accountId !== outside.accountId)).toEqual([])
    leftSocket.close()
    outsideSocket.close()
  })

  test('begins when two people come into a conversation', async () => {
    const [left, right] = [await home.join(), await home.join()]
    const [leftSocket, rightSocket] = await Promise.all([left.device.connect(), right.device.connect()])
    const seen = [leftSocket, rightSocket].map((socket, index) =>
      socket.waitFor((frame) => frame.type === 'presence' && frame.accountId === [right, left][index]!.accountId),
    )
    await left.device.createGroup(right)
    await Promise.all(seen)
    leftSocket.close()
    rightSocket.close()
  })
})
