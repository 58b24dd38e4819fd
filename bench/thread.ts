// bun bench/thread.ts: how fast a conversation of 100,000 messages opens, scrolls and takes a message in Chromium, four times
// slowed down. BENCH_SLOWDOWN=1 for none; BENCH_TRACE=FILE keeps a performance trace of the scrolling.
import { writeFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { desktop, launchBrowser, openScreen } from '../tests/web/gallery/browser.ts'
import { serveGallery } from '../tests/web/gallery/build.ts'
import { conversationId } from '../tests/web/gallery/page/cast.ts'
import { describeMachine } from './support/machine.ts'
import { Report, readOptions } from './support/report.ts'
import { median, round, spread } from './support/statistics.ts'

const options = readOptions({ runs: 5 })
const report = new Report('thread', options.isJson)
const slowdown = Number(process.env['BENCH_SLOWDOWN'] ?? 4)
const traceFile = process.env['BENCH_TRACE']
type Run = {
  openMs: number
  switchMs: number
  switchBackMs: number
  ownMs: number
  longestFrameMs: number
  framesOver50: number
  largestJumpPixels: number
  mostRows: number
}

const measure = <Result>(page: Page, code: string) => page.evaluate(`(async () => {${code}})()`) as Promise<Result>
const frame = 'new Promise((done) => requestAnimationFrame(done))'
const longRow = '[data-message^=long]'

// Until the rows stand in the page and are laid out; painting them is the next frame's.
const open = (page: Page, id: string, row: string) =>
  measure<number>(
    page,
    `const start = performance.now()
    const shown = new Promise((done) => {
      const observer = new MutationObserver(() => {
        if (document.querySelector('${row}')) done(observer.disconnect())
      })
      observer.observe(document.querySelector('[data-pane=main]'), { childList: true, subtree: true })
    })
    document.querySelector('[data-conversation="${conversationId(id)}"]').click()
    await shown
    const view = document.querySelector('.thread-scroll')
    while (view.scrollHeight - view.scrollTop - view.clientHeight > 4) await ${frame}
    const milliseconds = performance.now() - start
    await ${frame}
    await ${frame}
    return milliseconds`,
  )

type Scrolling = { frames: number[]; largestJumpPixels: number; mostRows: number }
// Three hundred pixels a frame, back through 4,000 messages.
const scroll = (page: Page) =>
  measure<Scrolling>(
    page,
    `const view = document.querySelector('.thread-scroll')
    let largestJumpPixels = 0, mostRows = 0, last = performance.now()
    const frames = []
    const first = () => Number(/Message (\\d+)/.exec(document.querySelector('.bubble-text').textContent)[1])
    const oldest = first() - 4_000
    for (let seen = oldest + 1; seen > oldest; ) {
      const rows = [...view.querySelectorAll('[data-message]')]
      const row = rows.find((one) => one.getBoundingClientRect().bottom > 80)
      const before = row.getBoundingClientRect().top
      const from = view.scrollTop
      view.scrollTop -= 300
      const scrolled = from - view.scrollTop
      await ${frame}
      if (row.isConnected) largestJumpPixels = Math.max(largestJumpPixels, Math.abs(row.getBoundingClientRect().top - before - scrolled))
      seen = first()
      mostRows = Math.max(mostRows, rows.length)
      const now = performance.now()
      frames.push(now - last)
      last = now
    }
    return { frames, largestJumpPixels, mostRows }`,
  )

const sayOwn = (page: Page) =>
  measure<number>(
    page,
    `document.querySelector('tv-messages > button').click()
    const view = document.querySelector('.thread-scroll')
    while (view.scrollHeight - view.scrollTop - view.clientHeight > 4) await ${frame}
    const field = document.querySelector('tv-composer textarea')
    field.value = 'Measured'
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await ${frame}
    const start = performance.now()
    document.querySelector('tv-composer form').requestSubmit()
    await Promise.resolve().then(() => new Promise((done) => queueMicrotask(done)))
    if (![...document.querySelectorAll('.bubble')].at(-1).textContent.includes('Measured')) throw new Error('a frame late')
    return performance.now() - start`,
  )

async function run(url: string): Promise<Run> {
  const { page, complaints, close } = await openScreen(browser, url, { size: desktop })
  await page.clock.resume()
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
  const openMs = await open(page, 'school', longRow)
  if (traceFile) await browser.startTracing(page, { categories: ['devtools.timeline', 'v8', 'blink', 'cc'] })
  const { frames, largestJumpPixels, mostRows } = await scroll(page)
  if (traceFile) writeFileSync(traceFile, await browser.stopTracing())
  const ownMs = await sayOwn(page)
  const switchMs = await open(page, 'family', '[data-message^=m1-]')
  const switchBackMs = await open(page, 'school', longRow)
  await close()
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
  const framesOver50 = frames.filter((milliseconds) => milliseconds > 50).length
  const scrolling = { longestFrameMs: Math.max(...frames), framesOver50, largestJumpPixels, mostRows }
  return { openMs, switchMs, switchBackMs, ownMs, ...scrolling }
}

const server = await serveGallery()
const browser = await launchBrowser()
const runs: Run[] = []
for (let count = 0; count < options.runs; count++) runs.push(await run(new URL('/', server.url).href))
await browser.close()
await server.stop(true)

report.say(`processor slowed down ${slowdown} times; at the end: ${describeMachine()}`)
const lines: Record<string, (run: Run) => number> = {
  'open 100,000 (ms)': (one) => one.openMs,
  'switch to another (ms)': (one) => one.switchMs,
  'switch back (ms)': (one) => one.switchBackMs,
  'own message on screen (ms)': (one) => one.ownMs,
  'longest frame while scrolling 4,000 (ms)': (one) => one.longestFrameMs,
  'frames over 50 ms': (one) => one.framesOver50,
  'largest jump (pixels)': (one) => one.largestJumpPixels,
  'most rows': (one) => one.mostRows,
}
for (const [name, pick] of Object.entries(lines)) report.say(`${name}: ${spread(runs, pick, 1)}`)
const medians = Object.fromEntries(
  (Object.keys(runs[0]!) as (keyof Run)[]).map((name) => [name, round(median(runs.map((one) => one[name])), 1)]),
)
report.end({ slowdown, ...medians, runs })
