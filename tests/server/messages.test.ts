import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { limits } from '../../src/protocol/limits.ts'
import type { ServerFrame } from '../../src/protocol/socket.ts'
import { codeOf, type Device, envelopeFor, fetchOf, Home, type Person, postOf, someId } from '../support/home.ts'
import { type GroupChain, sealDirect } from '../support/sealed.ts'

let home: Home
let oma: Person
let papa: Person
let mama: Person
let stranger: Person
let family: GroupChain

beforeAll(async () => {
  home = await Home.open()
  oma = await home.join('host')
  papa = await home.join()
  mama = await home.join()
  stranger = await home.join()
  family = await oma.device.createGroup(papa, mama)
})
afterAll(() => home[Symbol.asyncDispose]())

async function pageOf(device: Device, conversationId: ConversationId, wish = {}) {
  const socket = await device.connect()
  const page = await socket.ask(fetchOf(conversationId, wish))
  socket.close()
  await socket.closed
  return page as Extract<ServerFrame, { type: 'page' }>
}

describe('a post', () => {
  test('is answered, then reaches every member but the sending device, keys first, in order and without gaps', async () => {
    const second = await home.addDevice(oma)
    const [omaSocket, secondSocket, papaSocket, strangerSocket] = await Promise.all([
      oma.device.connect(),
      second.connect(),
      papa.device.connect(),
      stranger.device.connect(),
    ])
    const sealed = await Promise.all([1, 2, 3, 4, 5].map(() => family.seal(oma.device)))
    const answers = await Promise.all(
      sealed.map((one) => omaSocket.ask(postOf(family.conversationId, one, [papa.device, second]))),
    )
    const posted = answers as Extract<ServerFrame, { type: 'posted' }>[]
    expect(posted.map(codeOf)).toEqual(Array(5).fill('posted'))
    expect(posted.map(({ messageId }) => messageId)).toEqual(sealed.map(({ messageId }) => messageId))
    const first = posted[0]!.seq
    expect(posted.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4].map((step) => first + step))

    for (const socket of [papaSocket, secondSocket]) {
      const messages = await socket.count('message', 5)
      expect(messages.map(({ seq }) => seq)).toEqual(posted.map(({ seq }) => seq))
      expect(messages.map(({ body }) => body)).toEqual(sealed.map(({ body }) => new Uint8Array(body)))
      const kinds = socket.frames.map(({ type }) => type).filter((type) => type === 'message' || type === 'envelopes')
      expect(kinds).toEqual(Array(5).fill(['envelopes', 'message']).flat())
    }
    expect(papaSocket.all('envelopes')[0]!.items[0]!.frame).toEqual(envelopeFor(papa.device.deviceId))
    await omaSocket.settle()
    expect(omaSocket.all('message')).toEqual([])

    expect(home.context.hub.isOnline(stranger.device.deviceId)).toBe(true)
    await strangerSocket.settle()
    expect(strangerSocket.frames.filter(({ type }) => type === 'message' || type === 'envelopes')).toEqual([])
    for (const socket of [omaSocket, secondSocket, papaSocket, strangerSocket]) socket.close()
  })

  test('that is sent again is answered as before and stored and delivered once', async () => {
    const [omaSocket, papaSocket] = await Promise.all([oma.device.connect(), papa.device.connect()])
    const sealed = await family.seal(oma.device)
    const [once, again] = await Promise.all([
      omaSocket.ask(postOf(family.conversationId, sealed)),
      omaSocket.ask(postOf(family.conversationId, sealed)),
    ])
    expect(once).toMatchObject({ type: 'posted', messageId: sealed.messageId })
    expect({ ...again, requestId: 0 }).toEqual({ ...once, requestId: 0 })
    const later = await omaSocket.ask(postOf(family.conversationId, sealed))
    expect({ ...later, requestId: 0 }).toEqual({ ...once, requestId: 0 })
    await papaSocket.count('message', 1)
    await papaSocket.settle()
    expect(papaSocket.all('message')).toHaveLength(1)

    const stolen = await papaSocket.ask(postOf(family.conversationId, sealed))
    expect(codeOf(stolen)).toBe('message_id_taken')
    const direct = await oma.device.openDirect(papa)
    const moved = await sealDirect(oma.device, direct.conversationId, { messageId: sealed.messageId })
    const others = oma.devices.slice(1)
    const taken = await omaSocket.ask(postOf(direct.conversationId, moved, [papa.device, ...others]))
    expect(codeOf(taken)).toBe('message_id_taken')
    omaSocket.close()
    papaSocket.close()
  })

  test('with a broken header, of another conversation or of class 3 is a bad request', async () => {
    const socket = await oma.device.connect()
    const direct = await oma.device.openDirect(papa)
    const sealed = await family.seal(oma.device)
    const broken = sealed.body.slice()
    broken[0] = 2
    const bad = [
      postOf(family.conversationId, { ...sealed, body: broken }),
      postOf(family.conversationId, { ...sealed, body: sealed.body.slice(0, 90) }),
      postOf(direct.conversationId, sealed),
      postOf(family.conversationId, await sealDirect(oma.device, family.conversationId)),
      postOf(family.conversationId, await family.seal(oma.device, { class: 3 })),
      postOf(family.conversationId, await sealDirect(oma.device, direct.conversationId)),
    ]
    for (const post of bad) expect(codeOf(await socket.ask(post))).toBe('bad_request')
    socket.close()
  })

  test('under an older membership is refused, its retry is not', async () => {
    const group = await oma.device.createGroup(papa)
    const socket = await oma.device.connect()
    const early = await group.seal(oma.device)
    const late = await group.seal(oma.device)
    const first = await socket.ask(postOf(group.conversationId, early))
    const entry = group.sign(oma.device, home.logSize, { type: 'policy', historyPolicy: 'share' })
    await oma.device.call('POST', `/api/conversations/${group.conversationId}/entries`, {
      entry: Buffer.from(entry).toString('base64url'),
    })
    expect(codeOf(await socket.ask(postOf(group.conversationId, late)))).toBe('conversation_moved')
    expect({ ...(await socket.ask(postOf(group.conversationId, early))), requestId: 0 }).toEqual({
      ...first,
      requestId: 0,
    })
    const fresh = await group.seal(oma.device)
    expect(await socket.ask(postOf(group.conversationId, fresh))).toMatchObject({ type: 'posted', seq: 2 })
    socket.close()
  })

  test('to one person goes to exactly the devices that the two have', async () => {
    const kid = await home.join()
    const tablet = await home.addDevice(kid)
    const phone = await home.addDevice(mama)
    const { conversationId } = await mama.device.openDirect(kid)
    const socket = await mama.device.connect()
    const post = async (to: Device[]) =>
      codeOf(await socket.ask(postOf(conversationId, await sealDirect(mama.device, conversationId), to)))

    expect(await post([kid.device, tablet, phone])).toBe('posted')
    expect(await post([kid.device, phone])).toBe('recipients_changed')
    expect(await post([kid.device, tablet, phone, mama.device])).toBe('recipients_changed')
    expect(await post([kid.device, tablet, papa.device])).toBe('recipients_changed')
    expect(await post([kid.device, kid.device, tablet])).toBe('bad_request')

    await home.revoke(tablet)
    expect(await post([kid.device, tablet, phone])).toBe('recipients_changed')
    expect(await post([kid.device, phone])).toBe('posted')

    const month = 30 * 24 * 3_600_000
    const sql = 'UPDATE prekeys SET created_at = ? WHERE device_id = ?'
    const { database } = home.context
    await database.transaction((tx) => tx.run(sql, home.clock.now() - month, phone.deviceId))
    expect(await post([kid.device])).toBe('posted')
    expect(await post([phone])).toBe('recipients_changed')
    socket.close()
  })

  test('to oneself needs no other device', async () => {
    const notes = await papa.device.openDirect(papa)
    expect(notes.accountIds).toEqual([papa.accountId])
    const socket = await papa.device.connect()
    const sealed = await sealDirect(papa.device, notes.conversationId)
    expect(codeOf(await socket.ask(postOf(notes.conversationId, sealed)))).toBe('posted')
    socket.close()
  })

  test('in a group takes no envelope for somebody outside', async () => {
    const socket = await oma.device.connect()
    const sealed = await family.seal(oma.device)
    const refused = await socket.ask(postOf(family.conversationId, sealed, [papa.device, stranger.device]))
    expect(codeOf(refused)).toBe('recipients_changed')
    expect(codeOf(await socket.ask(postOf(family.conversationId, sealed, [papa.device])))).toBe('posted')
    socket.close()
  })
})

describe('a stranger', () => {
  test('is signed in and in nothing: no post, no page, no transient, no envelope, no entry', async () => {
    const socket = await stranger.device.connect()
    expect(home.context.hub.isOnline(stranger.device.deviceId)).toBe(true)
    expect(socket.all('welcome')[0]!.conversations).toEqual([])
    const papaSocket = await papa.device.connect()
    const before = papaSocket.frames.length

    const sealed = await family.seal(stranger.device)
    expect(codeOf(await socket.ask(postOf(family.conversationId, sealed)))).toBe('not_found')
    expect(codeOf(await socket.ask(postOf(family.conversationId, sealed, [papa.device])))).toBe('not_found')
    expect(codeOf(await socket.ask(fetchOf(family.conversationId)))).toBe('not_found')
    expect(codeOf(await socket.ask(fetchOf(someId())))).toBe('not_found')
    const typing = await family.seal(stranger.device, { class: 3 })
    socket.send({ type: 'transient', conversationId: family.conversationId, body: typing.body, envelopes: [] })
    await socket.settle()
    await papaSocket.settle()
    expect(
      papaSocket.frames.slice(before).filter(({ type }) => ['message', 'envelopes', 'transient'].includes(type)),
    ).toEqual([])

    const path = `/api/conversations/${family.conversationId}/entries`
    expect(await stranger.device.call('GET', path)).toMatchObject({ status: 404, json: { error: 'not_found' } })
    const entry = family.draft(stranger.device, home.logSize, { type: 'leave' })
    const append = await stranger.device.call('POST', path, { entry: Buffer.from(entry).toString('base64url') })
    expect(append).toMatchObject({ status: 404, json: { error: 'not_found' } })
    expect((await stranger.device.call('GET', '/api/conversations')).json as unknown).toEqual([])
    expect(socket.all('presence').filter(({ accountId }) => accountId !== stranger.accountId)).toEqual([])
    socket.close()
    papaSocket.close()
  })
})

describe('envelopes', () => {
  test('wait for a device that is away, come oldest first, and again until they are acknowledged', async () => {
    const kid = await home.join()
    const socket = await oma.device.connect()
    const sizes = [70, 200, 30]
    for (const count of sizes) {
      const envelopes = Array.from({ length: count }, (_, index) => ({
        deviceId: kid.device.deviceId,
        frame: new Uint8Array(9_000).fill(index),
      }))
      expect(
        codeOf(await socket.ask({ type: 'sendEnvelopes', requestId: 0, envelopes: envelopes.slice(0, 100) })),
      ).toBe('done')
      if (count > 100)
        expect(codeOf(await socket.ask({ type: 'sendEnvelopes', requestId: 0, envelopes: envelopes.slice(100) }))).toBe(
          'done',
        )
    }
    const first = await kid.device.connect()
    const items = first.all('envelopes').flatMap((frame) => frame.items)
    expect(items).toHaveLength(300)
    const ids = items.map(({ envelopeId }) => envelopeId)
    expect(ids).toEqual([...ids].sort((left, right) => left - right))
    first.send({ type: 'acknowledge', envelopeIds: ids.slice(0, 299) })
    await first.settle()
    await home.context.database.writeBatch(() => undefined)
    first.terminate()
    await first.closed

    const again = await kid.device.connect()
    expect(
      again
        .all('envelopes')
        .flatMap((frame) => frame.items)
        .map(({ envelopeId }) => envelopeId),
    ).toEqual(ids.slice(299))
    const live = again.waitFor(({ type }) => type === 'envelopes')
    await socket.ask({
      type: 'sendEnvelopes',
      requestId: 0,
      envelopes: [{ deviceId: kid.device.deviceId, frame: Uint8Array.of(1) }],
    })
    expect(await live).toMatchObject({ items: [{ frame: Uint8Array.of(1) }] })
    again.close()
    socket.close()
  })

  test('are acknowledged by their own device only', async () => {
    const kid = await home.join()
    const [socket, strangerSocket] = await Promise.all([oma.device.connect(), stranger.device.connect()])
    await socket.ask({
      type: 'sendEnvelopes',
      requestId: 0,
      envelopes: [{ deviceId: kid.device.deviceId, frame: Uint8Array.of(5) }],
    })
    const all = Array.from({ length: 1_000 }, (_, index) => index)
    strangerSocket.send({ type: 'acknowledge', envelopeIds: all })
    await strangerSocket.settle()
    await home.context.database.writeBatch(() => undefined)
    const kidSocket = await kid.device.connect()
    expect(kidSocket.all('envelopes')).toHaveLength(1)
    for (const one of [socket, strangerSocket, kidSocket]) one.close()
  })

  test('go to devices of this home and to no other', async () => {
    const socket = await oma.device.connect()
    const send = async (deviceId: Device['deviceId']) =>
      codeOf(
        await socket.ask({ type: 'sendEnvelopes', requestId: 0, envelopes: [{ deviceId, frame: Uint8Array.of(1) }] }),
      )
    expect(await send(stranger.device.deviceId)).toBe('done')
    expect(await send(someId())).toBe('recipients_changed')
    expect(await send(oma.device.deviceId)).toBe('recipients_changed')
    const gone = await home.addDevice(mama)
    await home.revoke(gone)
    expect(await send(gone.deviceId)).toBe('recipients_changed')
    socket.close()
  })
})

describe('a transient', () => {
  test('reaches members who are there and is stored nowhere', async () => {
    const [omaSocket, papaSocket] = await Promise.all([oma.device.connect(), papa.device.connect()])
    const before = await pageOf(mama.device, family.conversationId)
    const typing = await family.seal(oma.device, { class: 3 })
    const seen = papaSocket.first('transient')
    omaSocket.send({ type: 'transient', conversationId: family.conversationId, body: typing.body, envelopes: [] })
    expect(await seen).toMatchObject({ conversationId: family.conversationId, frame: null })
    expect((await pageOf(mama.device, family.conversationId)).items).toHaveLength(before.items.length)
    await omaSocket.settle()
    expect(omaSocket.all('transient')).toEqual([])
    omaSocket.close()
    papaSocket.close()
  })

  test('between two people brings each device its own envelope and nobody else anything', async () => {
    const tablet = await home.addDevice(papa)
    const { conversationId } = await mama.device.openDirect(papa)
    const sockets = await Promise.all([mama.device, papa.device, tablet, stranger.device].map((one) => one.connect()))
    const [mamaSocket, papaSocket, tabletSocket, strangerSocket] = sockets as [
      (typeof sockets)[0],
      (typeof sockets)[0],
      (typeof sockets)[0],
      (typeof sockets)[0],
    ]
    const typing = await sealDirect(mama.device, conversationId, { class: 3 })
    const envelopes = [papa.device, tablet, stranger.device].map(({ deviceId }) => ({
      deviceId,
      frame: envelopeFor(deviceId),
    }))
    mamaSocket.send({ type: 'transient', conversationId, body: typing.body, envelopes })
    expect((await papaSocket.first('transient')).frame).toEqual(envelopeFor(papa.device.deviceId))
    expect((await tabletSocket.first('transient')).frame).toEqual(envelopeFor(tablet.deviceId))
    await strangerSocket.settle()
    expect(strangerSocket.all('transient')).toEqual([])
    for (const socket of sockets) socket.close()
  })
})

describe('a page', () => {
  test('fills the gap of a device whose socket was killed', async () => {
    const group = await oma.device.createGroup(papa)
    const omaSocket = await oma.device.connect()
    const papaSocket = await papa.device.connect()
    const send = async () => omaSocket.ask(postOf(group.conversationId, await group.seal(oma.device)))
    await send()
    const [seen] = await papaSocket.count('message', 1)
    papaSocket.terminate()
    await papaSocket.closed
    await Promise.all(Array.from({ length: 20 }, send))
    const back = await papa.device.connect()
    const place = back.all('welcome')[0]!.conversations.find((one) => one.conversationId === group.conversationId)
    expect(place).toEqual({ conversationId: group.conversationId, lastSeq: 21, entryCount: 2 })
    const page = await back.ask(fetchOf(group.conversationId, { from: seen!.seq }))
    expect(page).toMatchObject({ type: 'page', hasMore: false })
    const seqs = page.type === 'page' ? page.items.map(({ seq }) => seq) : []
    expect(seqs).toEqual(Array.from({ length: 20 }, (_, index) => index + 2))
    back.close()
    omaSocket.close()
  })

  test('goes forward and backward, says whether there is more, and brings the own archive rows only', async () => {
    const group = await oma.device.createGroup(papa)
    const omaSocket = await oma.device.connect()
    const row = new Uint8Array(92).fill(7)
    for (let count = 0; count < 5; count++) {
      const sealed = await group.seal(oma.device)
      const archive = count === 2 ? { epoch: 3, row } : null
      await omaSocket.ask({ ...postOf(group.conversationId, sealed), archive })
    }
    const seqs = (page: { items: { seq: number }[] }) => page.items.map(({ seq }) => seq)
    const forward = await pageOf(oma.device, group.conversationId, { from: 1, count: 2 })
    expect({ seqs: seqs(forward), hasMore: forward.hasMore }).toEqual({ seqs: [2, 3], hasMore: true })
    expect(forward.items[1]!.archive).toEqual({ epoch: 3, row })
    const rest = await pageOf(oma.device, group.conversationId, { from: 3, count: 2 })
    expect({ seqs: seqs(rest), hasMore: rest.hasMore }).toEqual({ seqs: [4, 5], hasMore: false })
    const newest = await pageOf(papa.device, group.conversationId, {
      from: Number.MAX_SAFE_INTEGER,
      direction: 1,
      count: 3,
    })
    expect({ seqs: seqs(newest), hasMore: newest.hasMore }).toEqual({ seqs: [5, 4, 3], hasMore: true })
    expect(newest.items.map(({ archive }) => archive)).toEqual([null, null, null])
    const nothing = await pageOf(papa.device, group.conversationId, { from: 1, direction: 1 })
    expect({ seqs: seqs(nothing), hasMore: nothing.hasMore }).toEqual({ seqs: [], hasMore: false })
    const socket = await oma.device.connect()
    expect(codeOf(await socket.ask(fetchOf(group.conversationId, { direction: 3 })))).toBe('bad_request')
    expect(codeOf(await socket.ask(fetchOf(group.conversationId, { count: 0 })))).toBe('bad_request')
    socket.close()
  })

  test('of the largest bodies stays within a frame and loses none', async () => {
    const group = await oma.device.createGroup(papa)
    const omaSocket = await oma.device.connect()
    const words = 'x'.repeat(60_000)
    for (let count = 0; count < 20; count++) {
      await omaSocket.ask(postOf(group.conversationId, await group.seal(oma.device, { words })))
    }
    const papaSocket = await papa.device.connect()
    const seqs: number[] = []
    for (let hasMore = true; hasMore; ) {
      const page = await papaSocket.ask(fetchOf(group.conversationId, { from: seqs.at(-1) ?? 0 }))
      if (page.type !== 'page') throw new Error(codeOf(page))
      const bytes = page.items.reduce((sum, { body }) => sum + body.length, 0)
      expect(bytes).toBeLessThan(limits.maxFrameBytes)
      expect(page.items.length).toBeGreaterThan(0)
      seqs.push(...page.items.map(({ seq }) => seq))
      hasMore = page.hasMore
    }
    expect(seqs).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    omaSocket.close()
    papaSocket.close()
  })

  test('has the archive row that was written first', async () => {
    const group = await oma.device.createGroup(papa)
    const socket = await oma.device.connect()
    const { messageId, ...sealed } = await group.seal(oma.device)
    await socket.ask(postOf(group.conversationId, { messageId, ...sealed }))
    for (const fill of [1, 2]) {
      const rows = [{ messageId, epoch: fill, row: new Uint8Array(92).fill(fill) }]
      expect(codeOf(await socket.ask({ type: 'putArchive', requestId: 0, rows }))).toBe('done')
    }
    const page = await pageOf(oma.device, group.conversationId)
    expect(page.items[0]!.archive).toEqual({ epoch: 1, row: new Uint8Array(92).fill(1) })
    socket.close()
  })

  test('has the row that came with the message, for its sender alone, and no second one is kept', async () => {
    const group = await oma.device.createGroup(papa)
    const socket = await oma.device.connect()
    const { messageId, ...sealed } = await group.seal(oma.device)
    const archive = { epoch: 3, row: new Uint8Array(92).fill(3) }
    await socket.ask({ ...postOf(group.conversationId, { messageId, ...sealed }), archive })
    const rows = [{ messageId, epoch: 4, row: new Uint8Array(92).fill(4) }]
    expect(codeOf(await socket.ask({ type: 'putArchive', requestId: 0, rows }))).toBe('done')
    expect((await pageOf(oma.device, group.conversationId)).items[0]!.archive).toEqual(archive)
    expect((await pageOf(papa.device, group.conversationId)).items[0]!.archive).toBeNull()
    expect(await pageOf(stranger.device, group.conversationId)).toMatchObject({ code: 'not_found' })
    const kept = 'SELECT count(*) AS n FROM archive_rows WHERE message_id = ?'
    expect(await home.context.database.get(kept, messageId)).toEqual({ n: 0 })
    socket.close()
  })
})

describe('a full disk', () => {
  test('is said as such, loses nothing that was answered and leaves no gap behind', async () => {
    const group = await oma.device.createGroup(papa)
    const { database } = home.context
    const limitPages = (sql: string) => database.transaction((tx) => tx.get(sql))
    const [pages, free] = await Promise.all([
      database.get<{ page_count: number }>('PRAGMA page_count'),
      database.get<{ freelist_count: number }>('PRAGMA freelist_count'),
    ])
    await limitPages(`PRAGMA max_page_count = ${pages!.page_count}`)
    const socket = await oma.device.connect()
    const words = 'x'.repeat(20_000)
    const posts = Math.ceil((free!.freelist_count * 4_096) / words.length) + 20
    const sealed = await Promise.all(Array.from({ length: posts }, () => group.seal(oma.device, { words })))
    // One after the other: a turn is on disk whole or not at all, and here some are to be.
    const first: ServerFrame[] = []
    for (const one of sealed) first.push(await socket.ask(postOf(group.conversationId, one)))
    const together = await Promise.all(sealed.slice(-5).map((one) => socket.ask(postOf(group.conversationId, one))))
    expect(together.map(codeOf)).toEqual(Array(5).fill('disk_full'))
    expect(first.map(codeOf)).toContain('posted')
    expect(first.map(codeOf)).toContain('disk_full')
    await limitPages('PRAGMA max_page_count = 1073741823')
    const second = await Promise.all(sealed.map((one) => socket.ask(postOf(group.conversationId, one))))
    expect(second.map(codeOf)).toEqual(Array(posts).fill('posted'))
    for (const [index, answer] of first.entries()) {
      if (answer.type === 'posted') expect(second[index]).toMatchObject({ seq: answer.seq })
    }
    const seqs = second.map((answer) => (answer.type === 'posted' ? answer.seq : 0))
    expect(seqs.toSorted((left, right) => left - right)).toEqual(Array.from({ length: posts }, (_, index) => index + 1))
    socket.close()
  })
})
