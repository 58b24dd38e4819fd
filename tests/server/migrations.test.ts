import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrations } from '../../migrations/index.ts'
import type { Database } from '../../src/server/storage/database.ts'
import { migrate } from '../../src/server/storage/migrate.ts'
import { openSqlite } from '../../src/server/storage/sqlite.ts'

// What an older program wrote is there after each step that moves rows.

let folder: string
let database: Database

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tv-migrations-'))
  database = openSqlite(join(folder, 'database.sqlite'))
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const bringTo = (number: number) =>
  migrate(database, {
    now: 1,
    snapshotFile: (version) => join(folder, `before-${version}.sqlite`),
    steps: migrations.slice(0, number),
  })

test('messages that lay by conversation lie in the order in which they came, with their senders’ archive rows', async () => {
  await bringTo(6)
  await database.transaction((tx) =>
    tx.script(`
      INSERT INTO conversations (conversation_id, kind, created_at, last_seq) VALUES ('a', 'group', 0, 2), ('b', 'direct', 0, 3);
      INSERT INTO messages (conversation_id, seq, message_id, sender_account_id, sender_device_id, class, body, received_at, expires_at)
      VALUES ('a', 1, 'a1', 'oma', 'phone', 0, x'a1', 10, NULL), ('a', 2, 'a2', NULL, NULL, 2, x'a2', 30, NULL),
             ('b', 1, 'b1', 'papa', 'laptop', 1, x'b1', 20, NULL), ('b', 3, 'b3', 'oma', 'phone', 0, x'b3', 30, 99);
      INSERT INTO archive_rows VALUES ('oma', 'a1', 1, x'01'), ('papa', 'a1', 2, x'02'), ('oma', 'elsewhere', 1, x'03');
    `),
  )
  await bringTo(7)
  expect(
    await database.all(
      `SELECT conversation_id || seq AS place, message_id AS id, sender_account_id AS account, sender_device_id AS device, class,
         received_at AS at, expires_at AS until, archive_epoch AS epoch, hex(archive_row) AS row, hex(body) AS body
       FROM messages ORDER BY message_number`,
    ),
  ).toEqual([
    {
      place: 'a1',
      id: 'a1',
      account: 'oma',
      device: 'phone',
      class: 0,
      at: 10,
      until: null,
      epoch: 1,
      row: '01',
      body: 'A1',
    },
    {
      place: 'b1',
      id: 'b1',
      account: 'papa',
      device: 'laptop',
      class: 1,
      at: 20,
      until: null,
      epoch: null,
      row: '',
      body: 'B1',
    },
    {
      place: 'a2',
      id: 'a2',
      account: null,
      device: null,
      class: 2,
      at: 30,
      until: null,
      epoch: null,
      row: '',
      body: 'A2',
    },
    {
      place: 'b3',
      id: 'b3',
      account: 'oma',
      device: 'phone',
      class: 0,
      at: 30,
      until: 99,
      epoch: null,
      row: '',
      body: 'B3',
    },
  ])
  const others = 'SELECT account_id AS account, message_id AS id FROM archive_rows ORDER BY account_id, message_id'
  expect(await database.all(others)).toEqual([
    { account: 'oma', id: 'elsewhere' },
    { account: 'papa', id: 'a1' },
  ])
  expect(await database.all('PRAGMA foreign_key_check')).toEqual([])
})
