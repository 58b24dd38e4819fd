import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createHttp, HttpCaller } from '../../src/client/http.ts'
import { type Alarm, openKeyLog } from '../../src/client/key-log.ts'
import { createLocalStore } from '../../src/client/local-store.ts'
import type { KeyLog } from '../../src/client/parts.ts'
import type { LogPublicKey } from '../../src/crypto/key-types.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { leafHash, rootOf } from '../../src/crypto/tree.ts'
import { fromBase64Url } from '../../src/protocol/ids.ts'
import { BunPlatform, MemoryStorage, systemClock } from '../support/bun-platform.ts'
import type { Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'

setDefaultTimeout(60_000)

const HOUR_MS = 3_600_000
let home: RealHome
let oma: Member
let storage: MemoryStorage
let alarms: Alarm[]
let aheadMs: number
beforeEach(async () => {
  home = await RealHome.open()
  oma = await home.founder()
  storage = new MemoryStorage()
  alarms = []
  aheadMs = 0
})
afterEach(() => home[Symbol.asyncDispose]())

/** A second copy of the log, kept with Oma's session. */
async function openCopy(options: { wasRestored?: boolean } = {}): Promise<KeyLog> {
  const clock = { now: () => Date.now() + aheadMs, schedule: systemClock.schedule }
  const platform = new BunPlatform({ url: home.url, storage, cookies: oma.cookies, clock })
  const keyLog = await openKeyLog({
    context: { platform, store: createLocalStore(platform), emit: () => undefined },
    http: createHttp(new HttpCaller(platform)),
    logPublicKey: home.context.keyLog.publicKey as LogPublicKey,
    raiseAlarm: (alarm) => alarms.push(alarm),
    isAlarmed: () => alarms.length > 0,
    hasNewIncarnation: async () => false,
    wasRestored: () => options.wasRestored ?? false,
  })
  await keyLog.refresh()
  return keyLog
}
async function headOfHome() {
  const entries = (await home.context.keyLog.readPage(0)).entries.map((entry) => fromBase64Url(entry)!)
  return { size: entries.length, root: rootOf(entries.map(leafHash)) }
}

describe('what another member saw of the log', () => {
  test('matches when it is the same or a beginning of it', async () => {
    const keyLog = await openCopy()
    expect(await keyLog.checkGossip(keyLog.head())).toBe('match')
    const early = keyLog.head()
    await home.joiner('Papa', oma)
    await keyLog.refresh()
    expect(keyLog.head().size).toBeGreaterThan(early.size)
    expect(await keyLog.checkGossip(early)).toBe('match')
  })

  test('is fetched when it is more, and then matches', async () => {
    const keyLog = await openCopy()
    await home.joiner('Papa', oma)
    const head = await headOfHome()
    expect(head.size).toBeGreaterThan(keyLog.head().size)
    expect(await keyLog.checkGossip(head)).toBe('match')
    expect(keyLog.head().size).toBeGreaterThanOrEqual(head.size)
  })

  test('rings the alarm when it is another one of the same size', async () => {
    const keyLog = await openCopy()
    const fork = { size: keyLog.head().size, root: systemRandom(32) }
    expect(await keyLog.checkGossip(fork)).toBe('alarm')
    expect(alarms.map(({ kind }) => kind)).toEqual(['fork'])
    await expect(keyLog.ensureFresh(60_000)).rejects.toMatchObject({ code: 'alarm' })
  })

  test('is called a lost branch in a home that was restored', async () => {
    const keyLog = await openCopy({ wasRestored: true })
    await keyLog.checkGossip({ size: keyLog.head().size, root: systemRandom(32) })
    expect(alarms.map(({ kind }) => kind)).toEqual(['lost_branch'])
  })

  test('rings the alarm when the home does not show it for a day, also over a reload', async () => {
    const keyLog = await openCopy()
    const unseen = { size: keyLog.head().size + 5, root: systemRandom(32) }
    expect(await keyLog.checkGossip(unseen)).toBe('pending')
    aheadMs = 23 * HOUR_MS
    await openCopy()
    expect(alarms).toEqual([])
    aheadMs = 25 * HOUR_MS
    await openCopy()
    expect(alarms.map(({ kind }) => kind)).toEqual(['unreachable_head'])
  })

  test('is not used under a head that is older than a day', async () => {
    const keyLog = await openCopy()
    await keyLog.ensureFresh(60_000)
    aheadMs = 25 * HOUR_MS
    await expect(keyLog.ensureFresh(60_000)).rejects.toMatchObject({ code: 'untrusted_server' })
  })
})

test('a copy is read again from the disk as it was, entries and all', async () => {
  const keyLog = await openCopy()
  const { size, root } = keyLog.head()
  const again = await openCopy()
  expect(again.head()).toEqual({ size, root })
  expect((await again.entriesFrom(0)).map(leafHash)).toEqual((await keyLog.entriesFrom(0)).map(leafHash))
  expect(rootOf((await again.entriesFrom(0)).map(leafHash))).toEqual(root)
  expect(again.signedHead()).toHaveLength(144)
})
