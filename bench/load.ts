// bun bench/load.ts: what a phone fetches before the first screen stands, and how long that takes on a slow one.
import { TestBrowser, type Visitor } from '../tests/support/browser.ts'
import { RunningProgram } from '../tests/support/program.ts'
import { Report, readOptions } from './support/report.ts'
import { spread } from './support/statistics.ts'

const options = readOptions({ runs: 5 })
const report = new Report('load', options.isJson)

// UI.md: 4x CPU slow-down and 9 Mbit/s.
const slow = { cpu: 4, bytesPerSecond: 9e6 / 8, latencyMs: 40 }

type Sizes = { script: number; worker: number; styles: number }
type Load = Sizes & { largestPaintMs: number; interactiveMs: number }

const largestPaint = `new Promise((done) => {
  let last = 0
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) last = entry.startTime })
    .observe({ type: 'largest-contentful-paint', buffered: true })
  setTimeout(() => done(last), 500)
})`

async function load(visitor: Visitor, url: string): Promise<Load> {
  const { page, context } = visitor
  const session = await context.newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: slow.cpu })
  const { bytesPerSecond, latencyMs } = slow
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', {
    ...{ offline: false, latency: latencyMs, downloadThroughput: bytesPerSecond, uploadThroughput: bytesPerSecond },
  })
  const startedAt = performance.now()
  await page.goto(url)
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  const interactiveMs = performance.now() - startedAt
  const largestPaintMs = (await page.evaluate(largestPaint)) as number
  return { ...(await countBytes(visitor)), interactiveMs, largestPaintMs }
}

// What a service worker answers is counted unpacked by the browser, so the sizes are asked of the home itself.
async function countBytes({ page }: Visitor): Promise<Sizes> {
  const names = (await page.evaluate(`performance.getEntriesByType('resource').map(({ name }) => name)`)) as string[]
  const sizes: Sizes = { script: 0, worker: 0, styles: 0 }
  for (const name of new Set(names)) {
    const kind = /worker-[^/]*\.js$/.test(name) ? 'worker' : /\.js$/.test(name) ? 'script' : 'styles'
    if (/\.(js|css)$/.test(name)) sizes[kind] += await packedBytes(name)
  }
  return sizes
}

async function packedBytes(url: string): Promise<number> {
  const response = await fetch(url, { headers: { 'accept-encoding': 'br' }, decompress: false })
  return (await response.arrayBuffer()).byteLength
}

await using home = await RunningProgram.start()
await using browser = await TestBrowser.launch()
const cold: Load[] = []
const warm: Load[] = []
for (let run = 0; run < options.runs; run++) {
  const visitor = await browser.visitor('Phone', 'phone')
  cold.push(await load(visitor, `${home.url}/`))
  await visitor.page.evaluate('navigator.serviceWorker.ready.then(() => null)')
  warm.push(await load(visitor, `${home.url}/`))
  await visitor.context.close()
}
const describe = (name: string, loads: Load[]) => {
  report.say(
    `${name}: largest paint ${spread(loads, (one) => one.largestPaintMs)} ms, first screen ${spread(loads, (one) => one.interactiveMs)} ms`,
  )
}
describe('cold', cold)
describe('warm', warm)
const [{ script, worker, styles } = { script: 0, worker: 0, styles: 0 }] = cold
report.say(`sent: ${script} bytes of JavaScript for the page, ${worker} for its workers, ${styles} of CSS (brotli)`)
report.end({ cold, warm })
