import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { LogPublicKey } from '../../src/crypto/key-types.ts'
import { checkSth } from '../../src/crypto/sth.ts'
import { jobs, runJob } from '../../src/server/jobs/index.ts'
import { type RunningApp, startApp } from '../support/app.ts'
import { foundHome, InviteLink, inviteMember, type Newcomer } from '../support/newcomer.ts'

const dayMs = 86_400_000
let running: RunningApp
let oma: Newcomer

beforeEach(async () => {
  running = await startApp()
  oma = await foundHome(running)
})
afterEach(async () => {
  await running[Symbol.asyncDispose]()
})

const run = async (name: string) => {
  const job = jobs.find((candidate) => candidate.name === name)!
  expect(await runJob(running.context, job)).toBe(true)
}
const count = async (table: string) =>
  (await running.context.database.get<{ count: number }>(`SELECT count(*) AS count FROM ${table}`))!.count

test('the head of the log is signed anew, for the same log', async () => {
  const { keyLog, clock } = running.context
  const before = checkSth(keyLog.publicKey as LogPublicKey, keyLog.treeHead)
  running.clock.move(3_600_000)
  await run('refresh-tree-head')
  const after = checkSth(keyLog.publicKey as LogPublicKey, keyLog.treeHead)
  expect(after).toEqual({ ...before, time: clock.now() })
})

test('bodies without history and envelopes go after thirty days, and everything else stays', async () => {
  const { database, clock } = running.context
  await database.transaction(async (tx) => {
    await tx.run("INSERT INTO conversations (conversation_id, kind, created_at) VALUES ('c', 'group', 0)")
    for (let seq = 1; seq <= 1_200; seq++)
      await tx.run(
        'INSERT INTO messages (conversation_id, seq, message_id, class, body, received_at) VALUES (?, ?, ?, ?, ?, ?)',
        ...['c', seq, `m${seq}`, seq <= 1_100 ? 1 : 0, new Uint8Array(1), clock.now()],
      )
    for (let at = 0; at < 700; at++)
      await tx.run(
        'INSERT INTO envelopes (device_id, frame, created_at) VALUES (?, ?, ?)',
        'd',
        new Uint8Array(1),
        clock.now(),
      )
  })
  running.clock.move(30 * dayMs)
  for (const name of ['delete-old-bodies', 'delete-old-envelopes']) await run(name)
  expect([await count('messages'), await count('envelopes')]).toEqual([1_200, 700])
  running.clock.move(1)
  for (const name of ['delete-old-bodies', 'delete-old-envelopes']) await run(name)
  expect([await count('messages'), await count('envelopes')]).toEqual([100, 0])
})

test('unused invites are forgotten a month after their end, used ones tell who invited whom', async () => {
  await inviteMember(oma, 'kid')
  await oma.call('POST', '/api/invites', new InviteLink().upload(oma.now))
  running.clock.move(38 * dayMs)
  await run('delete-old-invites')
  expect(await count('invites')).toBe(1)
  expect(await count('invite_uses')).toBe(1)
})

test('keys of access tokens change after thirty days, and the one before stays good for its last tokens', async () => {
  const { tokens } = running.context
  running.clock.move(30 * dayMs - 1)
  expect((await oma.call('POST', '/api/sessions/refresh')).status).toBe(200)
  const old = oma.cookies.get('tv_access')!
  running.clock.move(1)
  await run('rotate-token-keys')
  expect(await tokens.verify(old)).not.toBeNull()
  expect((await oma.call('POST', '/api/sessions/refresh')).status).toBe(200)
  const keyOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid
  expect(keyOf(oma.cookies.get('tv_access')!)).not.toBe(keyOf(old))
  running.clock.move(3_600_000)
  await run('rotate-token-keys')
  expect(await count("secrets WHERE kind = 'access-token'")).toBe(1)
  expect(await tokens.verify(old)).toBeNull()
})

test('sessions that nobody refreshed for ninety days, old tries and tickets go', async () => {
  await oma.call('POST', '/api/recovery/open', { signInName: 'nobody', kind: 'code', auth: 'A'.repeat(43) })
  running.clock.move(90 * dayMs)
  for (const name of ['delete-expired-sessions', 'delete-recovery-tries']) await run(name)
  expect([await count('sessions'), await count('recovery_tries')]).toEqual([0, 0])
})

test('a job that fails is written down and does not stop the server', async () => {
  const broken = { name: 'broken', schedule: '0 0 1 1 *', run: () => Promise.reject(new TypeError('secret words')) }
  expect(await runJob(running.context, broken)).toBe(false)
  const row = await running.context.database.get("SELECT error FROM jobs WHERE name = 'broken'")
  expect(row).toEqual({ error: 'TypeError' })
  expect((await oma.call('GET', '/health')).json).toMatchObject({ status: 'ok', database: 'ok' })
})

test('a job that cannot even be written down, because the disk is full, ends nothing', async () => {
  const { database } = running.context
  const pages = await database.get<{ page_count: number }>('PRAGMA page_count')
  await database.transaction((tx) => tx.get(`PRAGMA max_page_count = ${pages!.page_count}`))
  const fill = async (bytes: number) => {
    const sql = 'INSERT INTO audit (at, event, detail) VALUES (0, ?, zeroblob(?))'
    for (;;) await database.transaction((tx) => tx.run(sql, 'filler', bytes))
  }
  for (const bytes of [3_000, 1]) await expect(fill(bytes)).rejects.toThrow('full')
  const outcomes = []
  for (let at = 0; at < 400; at++)
    outcomes.push(
      await runJob(running.context, { name: `job-${at}`, schedule: '0 * * * *', run: async () => undefined }),
    )
  expect(outcomes).toEqual(Array(400).fill(true))
  expect(await count('jobs')).toBeLessThan(400)
})
