// bun bench/thread.ts: how fast a conversation of 100,000 messages opens, scrolls and takes a message in Chromium. On a machine
// that others use, only processor time compares: it is given as it is and times four, for a phone that slow.
// BENCH_SLOWDOWN=4 slows the processor down itself, for the wall clock on a quiet machine.
import type { Page } from 'playwright-core'
import { desktop, launchBrowser, openScreen } from '../tests/web/gallery/browser.ts'
import { serveGallery } from '../tests/web/gallery/build.ts'
import { conversationId } from '../tests/web/gallery/page/cast.ts'
import { describeMachine } from './support/machine.ts'
import { beginning, ending, type Spell, traceMainThread } from './support/main-thread.ts'
import { Report, readOptions } from './support/report.ts'
import { median, round, spread } from './support/statistics.ts'

const options = readOptions({ runs: 5 })
const report = new Report('thread', options.isJson)
const slowdown = Number(process.env['BENCH_SLOWDOWN'] ?? 1)
const phone = 4
type Run = {
  openMs: number
  switchMs: number
  switchBackMs: number
  ownMs: number
  longestFrameMs: number
  framesOver50: number
  largestJumpPixels: number
  mostRows: number
  spells: Record<string, Spell>
}

const measure = <Result>(page: Page, code: string) => page.evaluate(`(async () => {${code}})()`) as Promise<Result>
const frame = 'new Promise((done) => requestAnimationFrame(done))'
const long = ['school', '[data-message^=long]'] as const
const short = ['family', '[data-message^=m1-]'] as const

// Until the rows stand in the page and are laid out; painting them is the next frame's.
// A click's own task begins before it: that much is not counted.
const open = (page: Page, name: string, [id, row]: readonly [id: string, row: string]) =>
  measure<number>(
    page,
    `await ${frame}
    ${beginning(name)}
    const start = performance.now()
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
    ${ending(name)}
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
    ${beginning('scroll')}
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
    ${ending('scroll')}
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
  const run = { ownMs: 0, openMs: 0, switchMs: 0, switchBackMs: 0 }
  let scrolling: Scrolling = { frames: [], largestJumpPixels: 0, mostRows: 0 }
  const spells = await traceMainThread(browser, page, async () => {
    run.openMs = await open(page, 'open', long)
    scrolling = await scroll(page)
    run.ownMs = await sayOwn(page)
    run.switchMs = await open(page, 'switch', short)
    run.switchBackMs = await open(page, 'back', long)
  })
  await close()
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
  const { frames, ...rest } = scrolling
  const framesOver50 = frames.filter((milliseconds) => milliseconds > 50).length
  return { ...run, ...rest, longestFrameMs: Math.max(...frames), framesOver50, spells: Object.fromEntries(spells) }
}

const server = await serveGallery()
const browser = await launchBrowser()
const runs: Run[] = []
for (let count = 0; count < options.runs; count++) runs.push(await run(new URL('/', server.url).href))
await browser.close()
await server.stop(true)

report.say(`slowed down ${slowdown} times; at the end: ${describeMachine()}`)
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
const processor: Record<string, number> = {}
for (const name of Object.keys(runs[0]!.spells)) {
  const pick = name === 'scroll' ? 'longestTaskMs' : 'processorMs'
  const what = name === 'scroll' ? 'longest task while scrolling' : `processor time to ${name}`
  processor[name] = round(phone * median(runs.map((one) => one.spells[name]![pick])), 1)
  report.say(`${what}, times ${phone} (ms): ${spread(runs, (one) => phone * one.spells[name]![pick], 1)}`)
}
report.end({ slowdown, processor_times_4: processor, runs })
