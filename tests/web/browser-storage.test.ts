import 'fake-indexeddb/auto'
import { beforeEach, expect, test } from 'bun:test'
import { IDBFactory } from 'fake-indexeddb'
import { BrowserStorage } from '../../web/browser-storage.ts'

const bytes = (...values: number[]) => new Uint8Array(values)
let storage: BrowserStorage

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  storage = new BrowserStorage()
})

test('what was committed is there for the page after a reload, and nothing else', async () => {
  await storage.commit([
    { table: 'messages', key: 'a', value: bytes(1, 2) },
    { table: 'outbox', key: 'a', value: bytes(3) },
  ])
  const reloaded = new BrowserStorage()
  expect(await reloaded.read('messages', 'a')).toEqual(bytes(1, 2))
  expect(await reloaded.read('outbox', 'a')).toEqual(bytes(3))
  expect(await reloaded.read('outbox', 'b')).toBeNull()
  await reloaded.commit([{ table: 'outbox', key: 'a', value: null }])
  expect(await reloaded.read('outbox', 'a')).toBeNull()
})

test('ranges include their beginning, leave out their end, and know both directions', async () => {
  await storage.commit(['a1', 'a2', 'a3', 'b1'].map((key, index) => ({ table: 'log', key, value: bytes(index) })))
  const keys = async (range: Parameters<BrowserStorage['list']>[1]) =>
    (await storage.list('log', range)).map(({ key }) => key)
  expect(await keys({})).toEqual(['a1', 'a2', 'a3', 'b1'])
  expect(await keys({ from: 'a2', before: 'b1' })).toEqual(['a2', 'a3'])
  expect(await keys({ before: 'b', descending: true })).toEqual(['a3', 'a2', 'a1'])
  expect(await keys({ from: 'a', limit: 2 })).toEqual(['a1', 'a2'])
  expect(await keys({ descending: true, limit: 2 })).toEqual(['b1', 'a3'])
  expect(await keys({ from: 'b', before: 'a' })).toEqual([])
  expect(await keys({ from: 'a1', before: 'a1' })).toEqual([])
  expect(await storage.list('log', { from: 'b1' })).toEqual([{ key: 'b1', value: bytes(3) }])
})

test('a commit that fails leaves nothing behind', async () => {
  const broken = { table: 'log', key: undefined as unknown as string, value: bytes(2) } as const
  const outcome = await storage.commit([{ table: 'log', key: 'a', value: bytes(1) }, broken]).then(
    () => 'stored',
    (error: unknown) => (error as Error).name,
  )
  expect(outcome).toBe('DataError')
  expect(await storage.list('log', {})).toEqual([])
})

test('a full disk is told as such', async () => {
  const full = Object.assign(new Error('full'), { name: 'QuotaExceededError' })
  const put = IDBObjectStore.prototype.put
  IDBObjectStore.prototype.put = () => {
    throw full
  }
  try {
    const outcome = storage.commit([{ table: 'log', key: 'a', value: bytes(1) }])
    expect(await outcome.catch((error: { code?: string }) => error.code)).toBe('storage_full')
  } finally {
    IDBObjectStore.prototype.put = put
  }
  await storage.commit([{ table: 'log', key: 'a', value: bytes(1) }])
  expect(await storage.list('log', {})).toHaveLength(1)
})

test('clearing forgets every table', async () => {
  await storage.commit([{ table: 'people', key: 'a', value: bytes(1) }])
  await storage.clear()
  expect(await storage.list('people', {})).toEqual([])
})
