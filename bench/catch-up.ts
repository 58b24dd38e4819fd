import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { MessageView } from '../src/client/api.ts'
import type { MessageId } from '../src/protocol/ids.ts'
import type { MemoryStorage } from '../tests/support/bun-platform.ts'
import { LiveHome } from './support/live-home.ts'
import { newFolder } from './support/prepared-home.ts'
import { Report, readOptions } from './support/report.ts'
import { startServer } from './support/server-process.ts'
import { round } from './support/statistics.ts'
import { numberedId, onOpened } from './support/texts.ts'

// A device was away while thousands of messages were written; it comes back, fetches, opens and stores them all.

const messages = Number(process.env['BENCH_MESSAGES'] ?? 10_000)
const underWay = 200
const patienceMs = 90_000
const words = 'x'.repeat(300)

const { isJson } = readOptions({ runs: 1 })
const report = new Report('catch-up', isJson)
const folder = newFolder()
mkdirSync(folder, { recursive: true })
await using server = await startServer(folder)
const claimToken = readFileSync(join(folder, 'claim-token'), 'utf8').trim()
await using home = await LiveHome.open(server, claimToken, 2)
const family = await home.family()
const [writer, reader] = home.members

const opened = new Set<MessageId>()
let wanted = 1
let everythingCame = Promise.withResolvers<void>()
onOpened(reader!, family, ({ messageId }) => {
  opened.add(messageId)
  if (opened.size === wanted) everythingCame.resolve()
})
// A device that never saw a message would fetch the newest pages only, and the rest on demand: it is to have its beginning.
await writer!.client.sendText(family, numberedId(0), 'ready')
await everythingCame.promise
await untilQuiet(reader!.storage)
reader!.platform.goOffline()
const preparing = performance.now()
const sent = new Set<MessageId>()
const finished = Promise.withResolvers<void>()
let next = 0
const say = () => writer!.client.sendText(family, numberedId(next++), words)
const isSent = (view: MessageView) => view.isOwn && view.state !== 'sending' && view.state !== 'failed'
writer!.client.subscribe((event) => {
  if (event.type !== 'messages') return
  for (const view of event.items.filter(isSent)) {
    if (view.kind !== 'text' || sent.has(view.messageId)) continue
    sent.add(view.messageId)
    if (next < messages) void say()
    if (sent.size === messages) finished.resolve()
  }
})
for (let waiting = 0; waiting < Math.min(underWay, messages); waiting++) await say()
await finished.promise
report.say(`${messages} messages were written in ${round((performance.now() - preparing) / 1_000, 1)} s`)

opened.clear()
wanted = messages
everythingCame = Promise.withResolvers<void>()
const usedBefore = process.cpuUsage()
const startedAt = performance.now()
reader!.platform.isOffline = false
reader!.client.reconnect()
const hasCome = await Promise.race([everythingCame.promise.then(() => true), Bun.sleep(patienceMs).then(() => false)])
if (!hasCome) throw new Error(`${opened.size} of ${messages} came within ${patienceMs / 1_000} s`)
const seconds = (performance.now() - startedAt) / 1_000
const used = process.cpuUsage(usedBefore)
// On a busy machine it is the processor time that compares.
const processorSeconds = round((used.user + used.system) / 1e6, 2)
report.say(`caught up with ${opened.size} in ${round(seconds, 2)} s: ${round(opened.size / seconds)} a second`)
report.say(`processor time of the client: ${processorSeconds} s`)
report.end({
  ...{ messages, seconds: round(seconds, 2), messages_per_s: round(opened.size / seconds) },
  processor_s: processorSeconds,
})
rmSync(folder, { recursive: true, force: true })
process.exit(0)

/** Until a device wrote nothing for two seconds. */
async function untilQuiet(storage: MemoryStorage): Promise<void> {
  for (let seen = -1; seen !== storage.commitCount; ) {
    seen = storage.commitCount
    await Bun.sleep(2_000)
  }
}
