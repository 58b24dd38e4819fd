import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { signLogEntry } from '../../src/crypto/key-log-signing.ts'
import { findUser } from '../../src/crypto/key-log-validator.ts'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import type { Refusal } from '../../src/protocol/errors.ts'
import { type ChainId, type ConversationId, idToBytes } from '../../src/protocol/ids.ts'
import { limits } from '../../src/protocol/limits.ts'
import type { ClientFrame } from '../../src/protocol/socket.ts'
import { Conversations } from '../../src/server/features/conversations/conversations.ts'
import { Allowance } from '../../src/server/features/messages/allowance.ts'
import { Messages } from '../../src/server/features/messages/messages.ts'
import { keepVouchers, readVouchers } from '../../src/server/features/messages/vouchers.ts'
import { codeOf, type Device, Home, type Person, someId } from '../support/home.ts'
import type { RawSocket } from '../support/raw-socket.ts'

let home: Home
let oma: Person
let papa: Person
let stranger: Person
let garden: ConversationId

beforeAll(async () => {
  home = await Home.open()
  oma = await home.join('host')
  papa = await home.join()
  stranger = await home.join()
  garden = (await oma.device.createGroup(papa)).conversationId
})
afterAll(() => home[Symbol.asyncDispose]())

type NewRow = Extract<ClientFrame, { type: 'putVouchers' }>['rows'][number]
const rowOf = (over: Partial<NewRow> = {}): NewRow => ({
  ...{ conversationId: garden, chainId: someId() as ChainId, epoch: 1, row: systemRandom(160) },
  ...over,
})
const put = (socket: RawSocket, rows: NewRow[]) => socket.ask({ type: 'putVouchers', requestId: 0, rows })
async function fetched(socket: RawSocket, chainIds: ChainId[], conversationId = garden) {
  const answer = await socket.ask({ type: 'fetchVouchers', requestId: 0, conversationId, chainIds })
  if (answer.type !== 'vouchers') throw new Error(codeOf(answer))
  return answer.rows
}
async function withSocket<Answer>(device: Device, work: (socket: RawSocket) => Promise<Answer>): Promise<Answer> {
  const socket = await device.connect()
  const answer = await work(socket)
  socket.close()
  await socket.closed
  return answer
}
const countRows = async (person: Person) => {
  const sql = (table: string) => `SELECT count(*) AS n FROM ${table} WHERE account_id = ?`
  const counts = ['vouchers', 'voucher_counts'].map((table) =>
    home.context.database.get<{ n: number }>(sql(table), person.accountId),
  )
  return (await Promise.all(counts)).map((row) => row!.n)
}

describe('a voucher', () => {
  test('is given back to every device of its person, and to nobody else', async () => {
    const second = await home.addDevice(oma)
    const row = rowOf()
    const { conversationId: _, ...kept } = row
    await withSocket(oma.device, async (socket) => expect(codeOf(await put(socket, [row]))).toBe('done'))
    for (const device of [oma.device, second])
      expect(await withSocket(device, (socket) => fetched(socket, [row.chainId]))).toEqual([kept])
    expect(home.people).toContain(stranger)
    for (const device of [papa.device, stranger.device])
      expect(await withSocket(device, (socket) => fetched(socket, [row.chainId]))).toEqual([])
  })

  test('is found in its own conversation alone, and what is not there is left out', async () => {
    const row = rowOf()
    await withSocket(oma.device, async (socket) => {
      await put(socket, [row])
      expect(await fetched(socket, [row.chainId], someId())).toEqual([])
      expect((await fetched(socket, [someId(), row.chainId, someId()])).map(({ chainId }) => chainId)).toEqual([
        row.chainId,
      ])
    })
  })

  test('stays what its first writer wrote, in one lot and in two', async () => {
    const first = rowOf()
    const later = { ...first, row: systemRandom(160), epoch: 2 }
    await withSocket(oma.device, async (socket) => {
      expect(codeOf(await put(socket, [first, later]))).toBe('done')
      expect(codeOf(await put(socket, [later]))).toBe('done')
      expect(await fetched(socket, [first.chainId])).toEqual([{ chainId: first.chainId, epoch: 1, row: first.row }])
    })
  })

  test('of one person never stands in the way of another’s of the same chain', async () => {
    const [omas, papas] = [rowOf(), rowOf()]
    papas.chainId = omas.chainId
    await withSocket(oma.device, (socket) => put(socket, [omas]))
    await withSocket(papa.device, async (socket) => {
      await put(socket, [papas])
      expect((await fetched(socket, [papas.chainId]))[0]!.row).toEqual(papas.row)
    })
    const kept = await withSocket(oma.device, (socket) => fetched(socket, [omas.chainId]))
    expect(kept[0]!.row).toEqual(omas.row)
  })

  test('goes with the person who begins anew, or leaves', async () => {
    const kid = await home.join()
    await withSocket(kid.device, (socket) => put(socket, [rowOf(), rowOf()]))
    expect(await countRows(kid)).toEqual([2, 2])
    await beginAnew(kid)
    expect(await countRows(kid)).toEqual([0, 0])

    await withSocket(papa.device, (socket) => put(socket, [rowOf()]))
    expect((await countRows(papa))[0]).toBeGreaterThan(0)
    expect((await oma.device.call('DELETE', `/api/accounts/${papa.accountId}`)).status).toBe(204)
    expect(await countRows(papa)).toEqual([0, 0])
  })
})

describe('the bounds', () => {
  const keep = (accountId: Person['accountId'], rows: NewRow[], bounds: [number, number]) =>
    home.context.database.writeBatch((sync) => {
      const [maxInConversation, maxOfAccount] = bounds
      keepVouchers(sync, accountId, { rows, limits: { maxInConversation, maxOfAccount } })
    })
  const held = async (accountId: Person['accountId'], rows: NewRow[]) => {
    const found = rows.map(({ conversationId, chainId }) =>
      readVouchers(home.context.database, accountId, { conversationId, chainIds: [chainId] }),
    )
    return (await Promise.all(found)).map(({ length }) => length)
  }

  test('of a conversation leave out what goes over them, and count no row twice', async () => {
    const { accountId } = await home.join()
    const rows = [rowOf(), rowOf(), rowOf(), rowOf()]
    await keep(accountId, rows.slice(0, 2), [3, 100])
    await keep(accountId, rows.slice(0, 2), [3, 100])
    await keep(accountId, rows, [3, 100])
    expect(await held(accountId, rows)).toEqual([1, 1, 1, 0])
    const elsewhere = rowOf({ conversationId: someId() })
    await keep(accountId, [elsewhere], [3, 100])
    expect(await held(accountId, [elsewhere])).toEqual([1])
  })

  test('of an account hold over all its conversations, whatever their names', async () => {
    const { accountId } = await home.join()
    const rows = Array.from({ length: 6 }, () => rowOf({ conversationId: someId() }))
    for (const row of rows) await keep(accountId, [row], [3, 4])
    await keep(accountId, rows, [3, 4])
    expect(await held(accountId, rows)).toEqual([1, 1, 1, 1, 0, 0])
    // Another person has bounds of their own.
    const other = await home.join()
    await keep(other.accountId, rows, [3, 4])
    expect(await held(other.accountId, rows)).toEqual([1, 1, 1, 1, 0, 0])
  })

  test('of a frame are those of the largest lot', async () => {
    const rows = Array.from({ length: limits.maxVouchers }, () => rowOf())
    await withSocket(stranger.device, async (socket) => {
      expect(codeOf(await put(socket, rows))).toBe('done')
      const found = await fetched(
        socket,
        rows.map(({ chainId }) => chainId),
      )
      expect(found).toHaveLength(limits.maxVouchers)
    })
  })
})

test('a lot that was on its way when its account was closed is not kept', async () => {
  const kid = await home.join()
  const { database, hub, clock } = home.context
  const { roster } = new Conversations(home.context)
  const messages = new Messages({ database, hub, roster, now: () => clock.now(), allowance: new Allowance(clock) })
  const { accountId, device } = kid
  const sender = { accountId, deviceId: device.deviceId }
  const late = { type: 'putVouchers' as const, requestId: 1, rows: [rowOf()] }
  await messages.putVouchers(sender, late)
  expect(await countRows(kid)).toEqual([1, 2])
  expect((await oma.device.call('DELETE', `/api/accounts/${accountId}`)).status).toBe(204)
  roster.forgetAll()
  const outcome = await messages.putVouchers(sender, late).catch((error: Refusal) => error.code)
  expect(outcome).toBe('device_removed')
  expect(await countRows(kid)).toEqual([0, 0])
})

async function beginAnew(person: Person): Promise<void> {
  const { keyLog, database } = home.context
  const root = generateSigningKeyPair<'root'>()
  const user = findUser(keyLog.state, idToBytes(person.accountId))!
  const entry = signLogEntry(root.secretKey, {
    ...{ userId: user.userId, useq: user.useq + 1, prev: user.head, signer: { kind: 'root' }, time: home.clock.now() },
    body: {
      ...{ type: 'identity-reset', uik: root.publicKey, backupPkHash: systemRandom(32) },
      ...{ inviteId: systemRandom(16), inviteMac: systemRandom(32), prevAgain: user.head },
    },
  })
  await database.transaction((tx) => keyLog.append(tx, [entry]))
}
