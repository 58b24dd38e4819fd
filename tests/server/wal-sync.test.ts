import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Disk, realDisk, WalSync } from '../../src/server/storage/wal-sync.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tv-wal-sync-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function openLog(disk: Partial<Disk>): WalSync {
  writeFileSync(join(folder, 'log'), 'what was committed')
  return new WalSync(join(folder, 'log'), { ...realDisk, ...disk })
}

/** A log on a disk that was slow once, so that a thread syncs it. */
function openSlowLog(disk: Partial<Disk> = {}): { sync: WalSync; tries: () => number } {
  let tries = 0
  const syncHere = () => {
    tries++
    return 2
  }
  // However long it takes on this machine.
  const syncBeside: Disk['syncBeside'] = (descriptor, tell) =>
    realDisk.syncBeside(descriptor, (error) => tell(error, 1))
  const sync = openLog({ syncHere, syncBeside, ...disk })
  sync.whenDurable(() => undefined)
  return { sync, tries: () => tries }
}

const told = (sync: WalSync) =>
  new Promise<void>((resolve, reject) => sync.whenDurable((failure) => (failure ? reject(failure) : resolve())))

test('a quick disk is asked on the spot', () => {
  let syncs = 0
  const syncHere = () => {
    syncs++
    return 0.1
  }
  using sync = openLog({ syncHere })
  const order: string[] = []
  sync.whenDurable(() => order.push(`first after ${syncs}`))
  sync.whenDurable(() => order.push(`second after ${syncs}`))
  expect(order).toEqual(['first after 1', 'second after 2'])
  expect(sync.settled()).toBeNull()
})

test('a slow one is left to a thread for the next hundred, then tried again', async () => {
  const { sync, tries } = openSlowLog()
  for (let count = 0; count < 100; count++) await told(sync)
  expect(tries()).toBe(1)
  await told(sync)
  expect(tries()).toBe(2)
  sync[Symbol.dispose]()
})

test('one that stalls is not tried on the spot until a hundred in a row did not', async () => {
  let tookMs = 40
  const syncBeside: Disk['syncBeside'] = (_descriptor, tell) => setImmediate(() => tell(null, tookMs))
  const { sync, tries } = openSlowLog({ syncBeside })
  for (let count = 0; count < 150; count++) await told(sync)
  tookMs = 1
  for (let count = 0; count < 100; count++) await told(sync)
  expect(tries()).toBe(1)
  await told(sync)
  expect(tries()).toBe(2)
  sync[Symbol.dispose]()
})

test('a sync on the spot that fails is told as a failure, to everybody from then on', async () => {
  const syncHere = () => {
    throw new Error('EIO')
  }
  using sync = openLog({ syncHere })
  await expect(told(sync)).rejects.toThrow('EIO')
  await expect(told(sync)).rejects.toThrow('EIO')
  expect(sync.failure?.message).toBe('EIO')
})

test('commits on a slow disk are told in their order, none of them in the turn in which it was made', async () => {
  using sync = openSlowLog().sync
  const order: string[] = []
  sync.whenDurable(() => order.push('first'))
  sync.whenDurable(() => order.push('second'))
  const reading = sync.settled()!.then(() => order.push('read'))
  sync.whenDurable(() => order.push('third'))
  expect(order).toEqual([])
  await told(sync)
  await reading
  expect(order.filter((word) => word !== 'read')).toEqual(['first', 'second', 'third'])
  expect(order.indexOf('read')).toBeGreaterThan(order.indexOf('second'))
})

test('a read waits for nothing once everything is on disk', async () => {
  using sync = openSlowLog().sync
  expect(sync.settled()).toBeNull()
  const durable = told(sync)
  expect(sync.settled()).not.toBeNull()
  await durable
  expect(sync.settled()).toBeNull()
})

test('a sync that failed is never followed by one that says all is well', async () => {
  using sync = new WalSync(join(folder, 'log'))
  await expect(told(sync)).rejects.toThrow('ENOENT')
  writeFileSync(join(folder, 'log'), 'too late')
  await expect(told(sync)).rejects.toThrow('ENOENT')
  expect(sync.failure).not.toBeNull()
})
