import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Allowance, allowanceLimits } from '../../src/server/features/messages/allowance.ts'
import type { SyncTransaction } from '../../src/server/storage/database.ts'
import { codeOf, Home, type Person, postOf } from '../support/home.ts'
import { type GroupChain, sealDirect } from '../support/sealed.ts'

// What one member can do to the home and to the others.
let home: Home
let oma: Person
let kid: Person
let family: GroupChain

beforeAll(async () => {
  home = await Home.open()
  oma = await home.join('host')
  kid = await home.join()
  family = await oma.device.createGroup(kid)
})
afterAll(() => home[Symbol.asyncDispose]())

test('envelopes that wait are bounded for each sender, and room comes back when they were taken', async () => {
  const socket = await kid.device.connect()
  const frame = new Uint8Array(10_000)
  const envelopes = Array.from({ length: 10 }, () => ({ deviceId: oma.device.deviceId, frame }))
  expect(codeOf(await socket.ask({ type: 'sendEnvelopes', requestId: 0, envelopes }))).toBe('done')
  const allowance = new Allowance(home.clock, { ...allowanceLimits, maxWaitingBytes: 110_000 })
  const write = async (work: (sync: SyncTransaction) => void) => {
    let code = 'taken'
    await home.context.database.writeBatch(work).catch((error: { code: string }) => {
      code = error.code
    })
    return code
  }
  const take = (person: Person) => write((sync) => allowance.takeWaiting(sync, person.accountId, [frame]))
  expect(await take(kid)).toBe('too_many')
  expect(await take(oma)).toBe('taken')
  const omaSocket = await oma.device.connect()
  const ids = omaSocket.all('envelopes').flatMap(({ items }) => items.map(({ envelopeId }) => envelopeId))
  omaSocket.send({ type: 'acknowledge', envelopeIds: ids })
  await omaSocket.settle()
  await home.context.database.writeBatch(() => undefined)
  expect(await take(kid)).toBe('too_many')
  home.clock.move(10_000)
  expect(await take(kid)).toBe('taken')
  socket.close()
  omaSocket.close()
})

test('who writes faster than anybody types is told to wait, for as long as it takes', () => {
  const allowance = new Allowance(home.clock, {
    ...allowanceLimits,
    storedBytesPerSecond: 1_000,
    storedBytesBurst: 5_000,
  })
  const take = () => allowance.takeStored(kid.accountId, [new Uint8Array(1_872)])
  take()
  take()
  expect(take).toThrow('too_many')
  allowance.takeStored(oma.accountId, [new Uint8Array(1_872)])
  home.clock.move(2_000)
  take()
})

test('a flood of signals that are not kept reaches others as a trickle, and messages still arrive', async () => {
  const [socket, omaSocket] = await Promise.all([kid.device.connect(), oma.device.connect()])
  const typing = await family.seal(kid.device, { class: 3, words: 'x'.repeat(60_000) })
  for (let count = 0; count < 100; count++) {
    socket.send({ type: 'transient', conversationId: family.conversationId, body: typing.body, envelopes: [] })
  }
  const sealed = await family.seal(kid.device)
  expect(codeOf(await socket.ask(postOf(family.conversationId, sealed)))).toBe('posted')
  await omaSocket.count('message', 1)
  expect(omaSocket.all('transient').length).toBeGreaterThan(0)
  expect(omaSocket.all('transient').length).toBeLessThan(20)
  socket.close()
  omaSocket.close()
})

test('who goes on after being told a thousand times to wait loses the line', async () => {
  const socket = await kid.device.connect()
  for (let count = 0; count < 2_200; count++) socket.send({ type: 'ping', isActive: false })
  expect(await socket.closed).toBe(1008)
  expect(socket.all('refused').at(-1)).toMatchObject({ requestId: 0, code: 'too_many' })
  const again = await kid.device.connect()
  again.close()
})

test('groups and entries of one account come at the pace of people', async () => {
  const codes: number[] = []
  for (let count = 0; count < 65; count++) {
    const { status } = await kid.device.call('POST', '/api/conversations', { entries: ['AAAA'] })
    codes.push(status)
  }
  expect(codes.slice(0, 60)).toEqual(Array(60).fill(400))
  expect(codes.at(-1)).toBe(429)
  const direct = await oma.device.openDirect(kid)
  const sealed = await sealDirect(oma.device, direct.conversationId)
  const socket = await oma.device.connect()
  expect(codeOf(await socket.ask(postOf(direct.conversationId, sealed, [kid.device])))).toBe('posted')
  socket.close()
})
