import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { clientFrames } from '../../src/protocol/socket.ts'
import { codeOf, type Device, fetchOf, Home, type Person, postOf } from '../support/home.ts'
import { RawSocket } from '../support/raw-socket.ts'
import type { GroupChain } from '../support/sealed.ts'

let home: Home
let oma: Person
let papa: Person
let family: GroupChain

beforeAll(async () => {
  home = await Home.open()
  oma = await home.join('host')
  papa = await home.join()
  family = await oma.device.createGroup(papa)
})
afterAll(() => home[Symbol.asyncDispose]())

const headersOf = (device: Device) => ({ cookie: device.cookie, origin: home.url })

describe('the door', () => {
  const cases: [string, () => Record<string, string>, string][] = [
    ['a guest', () => ({ origin: home.url }), 'not_signed_in'],
    ['a made-up token', () => ({ origin: home.url, cookie: 'tv_access=abc.def.ghi' }), 'not_signed_in'],
    ["another site's page", () => ({ ...headersOf(oma.device), origin: 'https://evil.example' }), 'wrong_origin'],
    [
      'another port of this machine',
      () => ({ ...headersOf(oma.device), origin: 'http://127.0.0.1:1' }),
      'wrong_origin',
    ],
    ['nobody says from where', () => ({ cookie: oma.device.cookie }), 'wrong_origin'],
  ]
  for (const [who, headers, code] of cases) {
    test(`is closed for ${who}: ${code}`, async () => {
      const socket = new RawSocket(home.url, headers())
      expect(await socket.closed).toBe(1008)
      expect(socket.frames).toEqual([{ type: 'refused', requestId: 0, code, retryAfterMs: 0 }])
    })
  }

  test('is closed for a removed device and for a session that ended', async () => {
    const gone = await home.addDevice(papa)
    const line = await gone.connect()
    const told = line.first('signedOut')
    await home.revoke(gone)
    expect(await told).toMatchObject({ code: 'device_removed' })
    await line.closed
    const again = new RawSocket(home.url, headersOf(gone))
    await again.closed
    expect(again.frames.map(codeOf)).toEqual(['device_removed'])

    const tablet = await home.addDevice(papa)
    const open = await tablet.connect()
    const ended = open.first('signedOut')
    expect((await tablet.call('DELETE', '/api/sessions/current')).status).toBe(204)
    await ended
    await open.closed
    const late = new RawSocket(home.url, headersOf(tablet))
    await late.closed
    expect(late.frames.map(codeOf)).toEqual(['not_signed_in'])
  })

  test('lets an open line live longer than its access token', async () => {
    const kid = await home.join()
    const socket = await kid.device.connect()
    for (let minute = 0; minute < 30; minute++) {
      home.clock.move(60_000)
      await socket.settle()
    }
    const late = new RawSocket(home.url, headersOf(kid.device))
    await late.closed
    expect(late.frames.map(codeOf)).toEqual(['not_signed_in'])
    await socket.settle()
    socket.close()
    for (const person of [oma, papa]) {
      for (const device of person.devices.slice(0, 1))
        device.cookie = await home.signIn(person.accountId, device.deviceId)
    }
  })

  test('says welcome first, with everything the device must know to catch up', async () => {
    const socket = new RawSocket(home.url, headersOf(papa.device))
    const welcome = await socket.first('welcome')
    expect(socket.frames[0]).toBe(welcome)
    expect(welcome).toMatchObject({
      ...{ incarnation: home.context.settings.incarnation, restoredFrom: 0, now: home.clock.now() },
      conversations: [{ conversationId: family.conversationId, entryCount: 2 }],
    })
    expect(welcome.treeHead).toEqual(new Uint8Array(home.context.keyLog.treeHead))
    socket.close()
  })

  test('has room for one line a device: the newer takes the place of the older', async () => {
    const older = await papa.device.connect()
    const newer = await papa.device.connect()
    expect(await older.closed).toBe(4002)
    expect(home.context.hub.onlineDevices(papa.accountId)).toEqual([papa.device.deviceId])
    await newer.settle()
    newer.close()
    await newer.closed
  })

  test('cuts a line on which nothing came for 90 seconds, and no other', async () => {
    const [silent, speaking] = await Promise.all([oma.device.connect(), papa.device.connect()])
    home.clock.move(60_000)
    await speaking.settle()
    home.clock.move(45_000)
    await silent.closed
    await speaking.settle()
    expect(home.context.hub.isOnline(papa.device.deviceId)).toBe(true)
    speaking.close()
  })
})

describe('a frame', () => {
  const malformed: [string, Uint8Array | string][] = [
    ['text', 'hello'],
    ['nothing', new Uint8Array(0)],
    ['an unknown type', Uint8Array.of(99, 1, 2)],
    ['too short', Uint8Array.of(1, 0, 0)],
    ['with a byte too many', Uint8Array.from([...clientFrames.encode({ type: 'ping', isActive: true }), 0])],
    ['with a flag of 2', Uint8Array.of(7, 2)],
    ['of noise', new Uint8Array(randomBytes(5_000))],
  ]
  for (const [what, data] of malformed) {
    test(`that is ${what} is refused, ends the line and nothing else`, async () => {
      const other = await oma.device.connect()
      const socket = await papa.device.connect()
      const before = socket.frames.length
      if (data instanceof Uint8Array && data.length === 5_000) data[0] = 200
      socket.sendRaw(data)
      await socket.closed
      expect(socket.frames.slice(before)).toEqual([
        { type: 'refused', requestId: 0, code: 'bad_request', retryAfterMs: 0 },
      ])
      await other.settle()
      other.close()
      expect(codeOf(await (await papa.device.connect()).ask(fetchOf(family.conversationId)))).toBe('page')
    })
  }

  test('that is larger than a frame may be ends the line', async () => {
    const socket = await papa.device.connect()
    socket.sendRaw(new Uint8Array(1_100_000))
    await socket.closed
    await (await papa.device.connect()).settle()
  })

  test('too many of them are refused with the time to wait, and taken again after it', async () => {
    const socket = await papa.device.connect()
    const asked = Array.from({ length: 1_010 }, () => socket.ask({ type: 'putArchive', requestId: 0, rows: [] }))
    const answers = await Promise.all(asked)
    const refused = answers.filter((answer) => answer.type === 'refused')
    expect(refused.length).toBeGreaterThanOrEqual(10)
    expect(refused[0]).toMatchObject({ code: 'too_many', retryAfterMs: 5 })
    home.clock.move(10_000)
    expect(codeOf(await socket.ask({ type: 'putArchive', requestId: 0, rows: [] }))).toBe('done')
    socket.close()
  })
})

/** A receiver that opens the line and then takes nothing more from it. */
async function openAndStall(device: Device): Promise<Socket> {
  const socket = connect(Number(new URL(home.url).port), '127.0.0.1')
  const lines = [
    ...['GET /api/socket HTTP/1.1', `Host: ${new URL(home.url).host}`, 'Connection: Upgrade', 'Upgrade: websocket'],
    ...['Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`],
    ...[`Origin: ${home.url}`, `Cookie: ${device.cookie}`, '', ''],
  ]
  socket.write(lines.join('\r\n'))
  await new Promise<void>((resolve) => {
    socket.on('data', () => {
      if (!home.context.hub.isOnline(device.deviceId)) return
      socket.pause()
      resolve()
    })
  })
  return socket
}

describe('a receiver that does not read', () => {
  test('is cut off when too much waits for it; the others get everything, and it catches up by pages', async () => {
    const slow = await home.join()
    const group = await oma.device.createGroup(papa, slow)
    const stalled = await openAndStall(slow.device)
    const [omaSocket, papaSocket] = await Promise.all([oma.device.connect(), papa.device.connect()])
    const words = 'x'.repeat(60_000)
    let sent = 0
    const send = async () => {
      sent++
      expect(codeOf(await omaSocket.ask(postOf(group.conversationId, await group.seal(oma.device, { words }))))).toBe(
        'posted',
      )
    }
    // What the two kernels buffer differs from machine to machine; 64 MB is more than any of them.
    while (home.context.hub.isOnline(slow.device.deviceId) && sent < 1_000) {
      home.clock.move(100)
      await Promise.all(Array.from({ length: 10 }, send))
    }
    expect(home.context.hub.isOnline(slow.device.deviceId)).toBe(false)
    expect((await papaSocket.count('message', sent)).length).toBe(sent)
    stalled.destroy()

    const back = await slow.device.connect()
    let seq = 0
    for (let hasMore = true; hasMore; ) {
      const page = await back.ask(fetchOf(group.conversationId, { from: seq }))
      if (page.type !== 'page') throw new Error(codeOf(page))
      for (const item of page.items) expect(item.seq).toBe(++seq)
      hasMore = page.hasMore
    }
    expect(seq).toBe(sent)
    for (const socket of [omaSocket, papaSocket, back]) socket.close()
  }, 60_000)

  test('of its own pages sets the pace, and gets them all', async () => {
    const socket = await papa.device.connect()
    const group = (await papa.device.call('GET', '/api/conversations')).json as {
      conversationId: never
      lastSeq: number
    }[]
    const largest = group.toSorted((left, right) => right.lastSeq - left.lastSeq)[0]!
    const asked = Array.from({ length: 40 }, () => socket.ask(fetchOf(largest.conversationId, { count: 15 })))
    const answers = await Promise.all(asked)
    expect(answers.map(codeOf)).toEqual(Array(40).fill('page'))
    socket.close()
  })
})
