import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WalSync } from '../../src/server/storage/wal-sync.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tv-wal-sync-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function openLog(): WalSync {
  writeFileSync(join(folder, 'log'), 'what was committed')
  return new WalSync(join(folder, 'log'))
}

const told = (sync: WalSync) =>
  new Promise<void>((resolve, reject) => sync.whenDurable((failure) => (failure ? reject(failure) : resolve())))

test('commits are told in their order, none of them in the turn in which it was made', async () => {
  using sync = openLog()
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
  using sync = openLog()
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
