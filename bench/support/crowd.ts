import { Database } from 'bun:sqlite'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AccountId, ConversationId, DeviceId, SessionId } from '../../src/protocol/ids.ts'
import { readConfig } from '../../src/server/config.ts'
import { createContext, databaseName } from '../../src/server/context.ts'
import { openDataFolder } from '../../src/server/data-folder.ts'
import { makeId } from '../../src/server/ids.ts'
import { newFolder, type Seat } from './prepared-home.ts'

// Without a common divisor with a round number of accounts: each round puts others together.
const shuffles = [1, 3, 7, 9, 11, 13, 17, 19, 21, 23, 27, 29, 31, 33, 37, 39, 41, 43, 47, 49]
const monthMs = 30 * 86_400_000

export interface CrowdPlan {
  accounts: number
  devicesEach: number
  /** How many are in a conversation. */
  groupSize: number
  /** In how many conversations each is; 1 by default. */
  groupsEach?: number
}

export interface Crowd extends Disposable {
  folder: string
  /** A device and its one conversation; `cookie` holds for a quarter of an hour. */
  seats: Seat[]
}

/**
 * A home with thousands of devices, written straight into its tables: rows without the signed entries behind them. The server
 * looks at entries when somebody changes a group, and at these rows for everything that is measured with a crowd.
 */
export async function gatherCrowd({ accounts, devicesEach, groupSize, groupsEach = 1 }: CrowdPlan): Promise<Crowd> {
  const folder = newFolder()
  ;(await openDataFolder(folder))[Symbol.dispose]()
  const context = await createContext(readConfig({}, { data: folder, log: 'error' }))
  const people = Array.from({ length: accounts }, () => makeId<AccountId>())
  const groups = Array.from({ length: Math.ceil((accounts * groupsEach) / groupSize) }, () => makeId<ConversationId>())
  const perRound = groups.length / groupsEach
  const groupOf = (at: number, round: number) =>
    groups[Math.floor(round * perRound + ((at * shuffles[round]!) % accounts) / groupSize)]!
  const devices = people.flatMap((accountId, at) =>
    Array.from({ length: devicesEach }, () => ({
      ...{ accountId, deviceId: makeId<DeviceId>(), sessionId: makeId<SessionId>() },
      conversationId: groupOf(at, 0),
    })),
  )
  const head = randomBytes(32)
  using database = new Database(join(folder, databaseName))
  database.run('PRAGMA synchronous = OFF')
  database.transaction(() => {
    const now = Date.now()
    const insertAccount = database.prepare(
      "INSERT INTO accounts (account_id, sign_in_name, role, created_at, wrapped_root_seed) VALUES (?, ?, 'member', ?, ?)",
    )
    const insertDevice = database.prepare('INSERT INTO devices (device_id, account_id, created_at) VALUES (?, ?, ?)')
    const insertSession = database.prepare(
      `INSERT INTO sessions (session_id, account_id, device_id, generation, rotated_at, created_at, last_seen_at, expires_at)
       VALUES (?, ?, ?, 1, ?, ?, ?, ?)`,
    )
    const insertGroup = database.prepare(
      "INSERT INTO conversations (conversation_id, kind, created_at, entry_count, head) VALUES (?, 'group', ?, 1, ?)",
    )
    const insertMember = database.prepare(
      "INSERT INTO conversation_members (conversation_id, account_id, role, joined_at) VALUES (?, ?, 'member', ?)",
    )
    for (const conversationId of groups) insertGroup.run(conversationId, now, head)
    for (const [at, accountId] of people.entries()) {
      insertAccount.run(accountId, `p${at}`, now, randomBytes(60))
      for (let round = 0; round < groupsEach; round++) insertMember.run(groupOf(at, round), accountId, now)
    }
    for (const { accountId, deviceId, sessionId } of devices) {
      insertDevice.run(deviceId, accountId, now)
      insertSession.run(sessionId, accountId, deviceId, now, now, now, now + monthMs)
    }
  })()
  const seats: Seat[] = []
  for (const { accountId, deviceId, sessionId, conversationId } of devices) {
    const { token } = await context.tokens.sign({ accountId, deviceId, sessionId })
    seats.push({ accountId, deviceId, cookie: `tv_access=${token}`, conversationId, epoch: 0, head, groupSize })
  }
  await context[Symbol.asyncDispose]()
  return { folder, seats, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}
