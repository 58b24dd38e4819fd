import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { fdatasyncSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrations } from '../../migrations/index.ts'
import type { Database, Transaction } from '../../src/server/storage/database.ts'
import { migrate, readDatabaseVersion } from '../../src/server/storage/migrate.ts'
import { openSqlite } from '../../src/server/storage/sqlite.ts'
import { type Disk, realDisk } from '../../src/server/storage/wal-sync.ts'

let folder: string
let database: Database
/** What a sync on the spot takes: a slow disk's are left to a thread. */
let syncMs: number

function open(): Database {
  const syncHere = (descriptor: number) => {
    fdatasyncSync(descriptor)
    return syncMs
  }
  return openSqlite(join(folder, 'database.sqlite'), { ...realDisk, syncHere })
}

beforeEach(async () => {
  syncMs = 0
  folder = await mkdtemp(join(tmpdir(), 'tv-storage-'))
  database = open()
  await database.transaction((tx) =>
    tx.script('CREATE TABLE notes (id INTEGER PRIMARY KEY, word TEXT UNIQUE NOT NULL)'),
  )
})

afterEach(async () => {
  await database[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const add = (tx: Transaction, word: string) => tx.run('INSERT INTO notes (word) VALUES (?)', word)
const words = async () =>
  (await database.all<{ word: string }>('SELECT word FROM notes ORDER BY id')).map((r) => r.word)

describe.each([
  ['quick', 0],
  ['slow', 20],
])('on a %s disk', (_, milliseconds) => {
  beforeEach(async () => {
    syncMs = milliseconds
    await database.transaction((tx) => tx.run('DELETE FROM notes'))
  })

  test('a transaction that awaits holds back the next one and shows nothing before it commits', async () => {
    const gate = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const first = database.transaction(async (tx) => {
      await add(tx, 'one')
      started.resolve()
      await gate.promise
      await add(tx, 'two')
    })
    const second = database.transaction((tx) => tx.all<{ word: string }>('SELECT word FROM notes'))
    await started.promise
    expect(await words()).toEqual([])
    gate.resolve()
    await first
    expect(await second).toHaveLength(2)
  })

  test('a transaction that fails takes everything back and calls nobody', async () => {
    const called: string[] = []
    const failing = database.transaction(async (tx) => {
      tx.onCommit(() => called.push('wrong'))
      await add(tx, 'one')
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await words()).toEqual([])
    expect(called).toEqual([])
    await database.transaction((tx) => add(tx, 'next'))
    expect(await words()).toEqual(['next'])
  })

  test('onCommit runs after the commit: another connection sees the row by then', async () => {
    const seen = Promise.withResolvers<string[]>()
    await database.transaction(async (tx) => {
      tx.onCommit(() => void words().then(seen.resolve))
      await add(tx, 'one')
    })
    expect(await seen.promise).toEqual(['one'])
  })

  test('a transaction cannot be used once it is over', async () => {
    let kept: Transaction | null = null
    await database.transaction(async (tx) => {
      kept = tx
    })
    await expect(add(kept!, 'late')).rejects.toThrow('over')
    expect(await words()).toEqual([])
  })

  test('what is asked for in one turn is one commit, and one that fails does not hurt the others', async () => {
    const committed: string[] = []
    const results = await Promise.allSettled(
      ['one', 'two', 'one', 'three'].map((word) =>
        database.writeBatch((tx) => {
          tx.onCommit(() => committed.push(word))
          tx.run('INSERT INTO notes (word) VALUES (?)', `${word}-trace`)
          tx.run('INSERT INTO notes (word) VALUES (?)', word)
        }),
      ),
    )
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await words()).toEqual(['one-trace', 'one', 'two-trace', 'two', 'three-trace', 'three'])
    expect(committed).toEqual(['one', 'two', 'three'])
  })

  test('a failed work in a batch takes back what it wrote before it failed', async () => {
    const failed = database.writeBatch((tx) => {
      tx.run("INSERT INTO notes (word) VALUES ('half')")
      throw new Error('no')
    })
    const good = database.writeBatch((tx) => void tx.run("INSERT INTO notes (word) VALUES ('whole')"))
    await expect(failed).rejects.toThrow('no')
    await good
    expect(await words()).toEqual(['whole'])
  })

  test('batches wait for an open transaction and are on disk when the database is closed', async () => {
    const order: string[] = []
    const slow = database.transaction(async (tx) => {
      await add(tx, 'slow')
      await new Promise((resolve) => setImmediate(resolve))
      tx.onCommit(() => order.push('slow'))
    })
    const quick = database.writeBatch((tx) => {
      tx.run("INSERT INTO notes (word) VALUES ('quick')")
      tx.onCommit(() => order.push('quick'))
    })
    await database[Symbol.asyncDispose]()
    await Promise.all([slow, quick])
    expect(order).toEqual(['slow', 'quick'])
    database = open()
    expect(await words()).toEqual(['slow', 'quick'])
  })

  test('rows are read up to the first that is not wanted, and the reader holds nothing afterwards', async () => {
    for (const word of ['one', 'two', 'three', 'four']) await database.transaction((tx) => add(tx, word))
    const seen: string[] = []
    const isWanted = ({ word }: { word: string }) => seen.push(word) < 3
    const rows = await database.allWhile(isWanted, 'SELECT word FROM notes ORDER BY id')
    expect(rows).toEqual([{ word: 'one' }, { word: 'two' }])
    expect(seen).toEqual(['one', 'two', 'three'])
    await database.transaction((tx) => add(tx, 'five'))
    const checkpoint = await database.get<{ busy: number }>('PRAGMA wal_checkpoint(PASSIVE)')
    expect(checkpoint).toMatchObject({ busy: 0 })
    expect(await words()).toHaveLength(5)
  })
})

test('a refusal waits for what it rests on to be on disk', async () => {
  const gate = Promise.withResolvers<void>()
  const disk: Disk = {
    syncHere: () => 20,
    syncBeside: (_descriptor, tell) => void gate.promise.then(() => tell(null, 1)),
  }
  await using held = openSqlite(join(folder, 'held.sqlite'), disk)
  await held.transaction((tx) => tx.script('CREATE TABLE notes (word TEXT)'))
  const order: string[] = []
  const written = held
    .writeBatch((tx) => tx.run("INSERT INTO notes VALUES ('taken')"))
    .then(() => order.push('written'))
  // It is committed by then, and its sync runs.
  await Bun.sleep(50)
  const refused = held
    .transaction(async (tx) => {
      if (await tx.get('SELECT word FROM notes')) throw new Error('taken')
    })
    .catch(({ message }: Error) => order.push(message))
  await Bun.sleep(50)
  expect(order).toEqual([])
  gate.resolve()
  await Promise.all([written, refused])
  expect(order.sort()).toEqual(['taken', 'written'])
})

test('after a sync that failed nothing is told, written or read any more', async () => {
  const syncHere = () => {
    throw new Error('EIO')
  }
  const failing = openSqlite(join(folder, 'failing.sqlite'), { ...realDisk, syncHere })
  let isTold = false
  const work = failing.transaction(async (tx) => {
    tx.onCommit(() => {
      isTold = true
    })
    await tx.script('CREATE TABLE notes (word TEXT)')
  })
  await expect(work).rejects.toThrow('EIO')
  expect(isTold).toBe(false)
  await expect(failing.all('SELECT word FROM notes')).rejects.toThrow('EIO')
  await expect(failing.writeBatch((tx) => void tx.run("INSERT INTO notes VALUES ('x')"))).rejects.toThrow('EIO')
})

test('a snapshot is a whole database of its own, and only the owner may read either', async () => {
  await database.transaction((tx) => add(tx, 'kept'))
  const copy = join(folder, 'copy.sqlite')
  await database.snapshotTo(copy)
  for (const name of ['database.sqlite', 'database.sqlite-wal', 'copy.sqlite'])
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
  await using other = openSqlite(copy)
  expect(await other.all('SELECT word FROM notes')).toEqual([{ word: 'kept' }])
})

test('migrating twice changes nothing, a further step keeps a copy of what was, and a newer database is refused', async () => {
  const options = { now: 1, snapshotFile: (version: number) => join(folder, `before-${version}.sqlite`) }
  await migrate(database, options)
  await migrate(database, options)
  const newest = migrations.at(-1)!.number
  expect(await readDatabaseVersion(database)).toBe(newest)
  expect(await Bun.file(join(folder, 'before-1.sqlite')).exists()).toBe(false)
  const next = {
    number: 1_000,
    name: 'more',
    sql: 'CREATE TABLE more (id INTEGER PRIMARY KEY); CREATE TABLE yet (id INT)',
  }
  await migrate(database, { ...options, steps: [...migrations, next] })
  expect(await Bun.file(join(folder, `before-${newest}.sqlite`)).exists()).toBe(true)
  await expect(migrate(database, options)).rejects.toThrow('newer TralliValli')
})

test('a copy before a migration that was cut short never has its name, and gives way to a whole one', async () => {
  const options = { now: 1, snapshotFile: (version: number) => join(folder, `before-${version}.sqlite`) }
  await migrate(database, options)
  await database.transaction((tx) => add(tx, 'kept'))
  for (const half of ['.before-migration.half', '.before-migration.half-journal'])
    await Bun.write(join(folder, half), 'half of a database')
  const next = { number: 1_000, name: 'more', sql: 'CREATE TABLE more (id INTEGER PRIMARY KEY)' }
  await migrate(database, { ...options, steps: [...migrations, next] })
  await using copy = openSqlite(join(folder, `before-${migrations.length}.sqlite`))
  expect(await copy.all('SELECT word FROM notes')).toEqual([{ word: 'kept' }])
  expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([])
})
