// bun bench/web.ts: a browser whose person was away opens on 10,000 waiting messages; how long until all are fetched, opened and
// stored, and what its page and its worker hold then. The worker that does the work is not slowed down.
// BENCH_WORKER_PROFILE=FILE writes where the worker spent its time, for the performance panel of a browser.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CDPSession, Page } from 'playwright-core'
import { TestBrowser } from '../tests/support/browser.ts'
import { joinHome } from '../tests/support/family.ts'
import { LiveHome } from './support/live-home.ts'
import { newFolder } from './support/prepared-home.ts'
import { Report, readOptions } from './support/report.ts'
import { startProgram } from './support/server-process.ts'
import { round } from './support/statistics.ts'
import { numberedId } from './support/texts.ts'

const messages = Number(process.env['BENCH_MESSAGES'] ?? 10_000)
const underWay = 50
let nextId = 1
const words = 'x'.repeat(290)

const profilePath = process.env['BENCH_WORKER_PROFILE']

const { isJson } = readOptions({ runs: 1 })
const report = new Report('web', isJson)
const folder = newFolder()
mkdirSync(folder, { recursive: true })
await using server = await startProgram(folder)
const claimToken = readFileSync(join(folder, 'claim-token'), 'utf8').trim()
await using home = await LiveHome.open(server, claimToken, 1)
const [writer] = home.members
const family = await writer!.inFamily()
await using browser = await TestBrowser.launch()
const papa = await browser.visitor('Papa')
await joinHome(papa, await writer!.invite('Papa'))
await writer!.client.sendText(family, numberedId(0), 'ready')
await papa.page.getByRole('article').getByText('ready', { exact: true }).waitFor()
const address = papa.page.url()
// It is to hold the beginning of the conversation: a browser without it fetches the newest pages only, and the rest on demand.
await Bun.sleep(3_000)
await papa.page.close()

await write(messages)
const page = await papa.newTab('about:blank')
const heaps = await watchHeaps(page)
const startedAt = performance.now()
await page.goto(address)
await page.getByRole('navigation', { name: 'Conversations' }).waitFor()
const listMs = performance.now() - startedAt
// Pages come in order and each is on disk before it is told: whoever sees the last has them all.
const last = page.getByRole('navigation', { name: 'Conversations' }).getByText(`number ${messages} `)
await last.waitFor({ timeout: 120_000 })
const seconds = (performance.now() - startedAt) / 1_000
const blocks = await countBlocks(page)
if (blocks < messages / 200 - 2) throw new Error(`only the newest pages came: ${blocks} blocks of messages`)
const { pageMb, workerMb } = await heaps()
report.say(`the list stood after ${round(listMs)} ms; ${messages} messages were there after ${round(seconds, 2)} s`)
report.say(`heap afterwards: page ${round(pageMb, 1)} MB, worker ${round(workerMb, 1)} MB`)
report.end({
  ...{ messages, listMs: round(listMs), seconds: round(seconds, 2), messages_per_s: round(messages / seconds) },
  ...{ page_heap_mb: round(pageMb, 1), worker_heap_mb: round(workerMb, 1) },
})
rmSync(folder, { recursive: true, force: true })
process.exit(0)

/** So many at a time until the home has them all; one that the home bounds waits in the outbox. */
async function write(count: number): Promise<void> {
  const sent = new Set<string>()
  const { promise, resolve } = Promise.withResolvers<void>()
  let next = 0
  const say = () => writer!.client.sendText(family, numberedId(++next), `number ${next} ${words}`)
  writer!.client.subscribe((event) => {
    if (event.type !== 'messages') return
    for (const { isOwn, state, kind, messageId, text } of event.items) {
      if (!isOwn || kind !== 'text' || state === 'sending' || state === 'failed' || text === 'ready') continue
      if (sent.has(messageId)) continue
      sent.add(messageId)
      if (next < count) void say()
      if (sent.size === count) resolve()
    }
  })
  for (let waiting = 0; waiting < underWay; waiting++) await say()
  await promise
}

/** Sealed blocks of one to two hundred messages. */
function countBlocks(page: Page): Promise<number> {
  return page.evaluate(`new Promise((resolve, reject) => {
    const opening = indexedDB.open('trallivalli')
    opening.onerror = reject
    opening.onsuccess = () => {
      const keys = opening.result.transaction('messages').objectStore('messages').getAllKeys(IDBKeyRange.bound('b/', 'b0'))
      keys.onsuccess = () => resolve(keys.result.length)
    }
  })`)
}

/** Answers, when asked, what the page and its worker hold after the garbage is gone. */
async function watchHeaps(page: Page) {
  const session = await page.context().newCDPSession(page)
  const workers: string[] = []
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type !== 'worker') return
    workers.push(sessionId)
    if (profilePath) void startProfile(sessionId)
  })
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  const startProfile = async (id: string) => {
    await askWorker(session, id, 'Profiler.enable')
    await askWorker(session, id, 'Profiler.start')
  }
  return async () => {
    for (const [index, id] of workers.entries()) {
      if (!profilePath) break
      const { profile } = await askWorker(session, id, 'Profiler.stop')
      writeFileSync(index === 0 ? profilePath : `${profilePath}.${index}`, JSON.stringify(profile))
    }
    await session.send('HeapProfiler.collectGarbage')
    const { usedSize } = await session.send('Runtime.getHeapUsage')
    let worker = 0
    for (const id of workers) {
      await askWorker(session, id, 'HeapProfiler.collectGarbage')
      worker += (await askWorker(session, id, 'Runtime.getHeapUsage')).usedSize ?? 0
    }
    return { pageMb: usedSize / 2 ** 20, workerMb: worker / 2 ** 20 }
  }
}

type WorkerAnswer = { usedSize?: number; profile?: unknown }

function askWorker(session: CDPSession, sessionId: string, method: string): Promise<WorkerAnswer> {
  const id = nextId++
  const { promise, resolve } = Promise.withResolvers<WorkerAnswer>()
  const take = (event: { sessionId: string; message: string }) => {
    const answer = JSON.parse(event.message) as { id?: number; result?: WorkerAnswer }
    if (event.sessionId !== sessionId || answer.id !== id) return
    session.off('Target.receivedMessageFromTarget', take)
    resolve(answer.result ?? {})
  }
  session.on('Target.receivedMessageFromTarget', take)
  void session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
  return promise
}
