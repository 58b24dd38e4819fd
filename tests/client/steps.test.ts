import { beforeEach, describe, expect, test } from 'bun:test'
import { createLocalStore } from '../../src/client/local-store.ts'
import { Steps } from '../../src/client/steps.ts'
import { BunPlatform, MemoryStorage } from '../support/bun-platform.ts'

let storage: MemoryStorage
let steps: Steps
const keys = async (table: 'outbox' | 'bodies' | 'messages') => (await storage.list(table, {})).map(({ key }) => key)

beforeEach(() => {
  storage = new MemoryStorage()
  const platform = new BunPlatform({ url: 'http://127.0.0.1:1', storage })
  steps = new Steps({ platform, store: createLocalStore(platform) })
})

describe('a step', () => {
  test('reads a row once, and what it writes itself from then on', async () => {
    await steps.run(async (step) => step.put('device', 'row', [1]))
    await steps.run(async (step) => {
      const read = await step.get('device', 'row')
      expect(await step.get('device', 'row')).toBe(read)
      step.put('device', 'row', [2])
      expect(await step.get<number[]>('device', 'row')).toEqual([2])
    })
  })

  test('leaves no trace of a row that it made and took away again', async () => {
    await steps.run(async (step) => step.put('messages', 'old', 1))
    await steps.run(async (step) => {
      step.create('messages', 'new', 1)
      step.put('messages', 'new', 2)
      step.put('messages', 'new', null)
      step.put('messages', 'old', null)
      expect(await step.get('messages', 'new')).toBeNull()
      expect(step.writes()).toEqual([{ table: 'messages', key: 'old', value: null }])
    })
    expect(await keys('messages')).toEqual([])
  })

  test('takes away for good what was there, though it stood there again in between', async () => {
    await steps.run(async (step) => step.put('messages', 'old', 1))
    await steps.run(async (step) => {
      step.put('messages', 'old', null)
      step.create('messages', 'old', 2)
      step.put('messages', 'old', null)
    })
    expect(await keys('messages')).toEqual([])
  })

  test('keeps what it gathers in lots of a hundred, named after their largest key, each of its own', async () => {
    const gather = (from: number, to: number) =>
      steps.run(async (step) => {
        for (let at = from; at < to; at++) step.gather('bodies', String(at).padStart(4, '0'), at)
      })
    await gather(0, 250)
    await gather(249, 250)
    const names = await keys('bodies')
    expect(names.map((name) => name.slice(0, 5))).toEqual(['0099/', '0199/', '0249/', '0249/'])
    expect(new Set(names).size).toBe(4)
  })

  test('keeps what it gathers in the order of its keys', async () => {
    await steps.run(async (step) => {
      for (const key of ['3', '1', '2']) step.gather('bodies', key, Number(key))
      expect(step.writes().map(({ value }) => value)).toEqual([[1, 2, 3]])
    })
  })

  test('that fails keeps nothing of it', async () => {
    storage.crashAfter(0)
    const failed = steps.run(async (step) => step.gather('outbox', 'a', 1))
    await expect(failed).rejects.toThrow()
    storage.revive()
    expect(await keys('outbox')).toEqual([])
  })
})
