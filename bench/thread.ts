// bun bench/thread.ts: how fast a conversation of 100,000 messages opens, scrolls and takes a message in Chromium, on a phone's screen
// and on a desktop's. On a machine that others use, only processor time compares: the phone's is given times four, for one that slow.
// BENCH_SLOWDOWN=4 slows the processor down itself, for the wall clock on a quiet machine.
import type { Page } from 'playwright-core'
import { desktop, launchBrowser, openScreen, phone } from '../tests/web/gallery/browser.ts'
import { serveGallery } from '../tests/web/gallery/build.ts'
import { conversationId } from '../tests/web/gallery/page/cast.ts'
import { describeMachine } from './support/machine.ts'
import { beginning, ending, type Spell, traceMainThread } from './support/main-thread.ts'
import { Report, readOptions } from './support/report.ts'
import { median, round, spread } from './support/statistics.ts'

const options = readOptions({ runs: 5 })
const report = new Report('thread', options.isJson)
const slowdown = Number(process.env['BENCH_SLOWDOWN'] ?? 1)
const slowerPhone = 4
/** How many messages are scrolled back. */
const screens = [
  { name: 'phone', size: phone, back: 1_000, factor: slowerPhone },
  { name: 'desktop', size: desktop, back: 4_000, factor: 1 },
] as const
type Screen = (typeof screens)[number]
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
// Three hundred pixels a frame.
const scroll = (page: Page, back: number) =>
  measure<Scrolling>(
    page,
    `const view = document.querySelector('.thread-scroll')
    let largestJumpPixels = 0, mostRows = 0, last = performance.now()
    const frames = []
    ${beginning('scroll')}
    const first = () => Number(/Message (\\d+)/.exec(document.querySelector('.bubble-text').textContent)[1])
    const oldest = first() - ${back}
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

async function run(url: string, { size, back }: Screen): Promise<Run> {
  const { page, complaints, close } = await openScreen(browser, url, { size })
  await page.clock.resume()
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
  const run = { ownMs: 0, openMs: 0, switchMs: 0, switchBackMs: 0 }
  let scrolling: Scrolling = { frames: [], largestJumpPixels: 0, mostRows: 0 }
  const spells = await traceMainThread(browser, page, async () => {
    run.openMs = await open(page, 'open', long)
    scrolling = await scroll(page, back)
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
const runs = new Map<Screen, Run[]>(screens.map((screen) => [screen, []]))
for (let count = 0; count < options.runs; count++) {
  for (const screen of screens) runs.get(screen)!.push(await run(new URL('/', server.url).href, screen))
}
await browser.close()
await server.stop(true)

report.say(`slowed down ${slowdown} times; at the end: ${describeMachine()}`)
const lines: Record<string, (run: Run) => number> = {
  'open 100,000 (ms)': (one) => one.openMs,
  'switch to another (ms)': (one) => one.switchMs,
  'switch back (ms)': (one) => one.switchBackMs,
  'own message on screen (ms)': (one) => one.ownMs,
  'longest frame while scrolling (ms)': (one) => one.longestFrameMs,
  'frames over 50 ms': (one) => one.framesOver50,
  'largest jump (pixels)': (one) => one.largestJumpPixels,
  'most rows': (one) => one.mostRows,
}
const processor: Record<string, Record<string, number>> = {}
for (const [{ name: screen, factor }, ofScreen] of runs) {
  for (const [name, pick] of Object.entries(lines)) report.say(`${screen}: ${name}: ${spread(ofScreen, pick, 1)}`)
  const times: Record<string, number> = {}
  for (const name of Object.keys(ofScreen[0]!.spells)) {
    const part = name === 'scroll' ? 'longestTaskMs' : 'processorMs'
    const what = name === 'scroll' ? 'longest task while scrolling' : `processor time to ${name}`
    const pick = (one: Run) => factor * one.spells[name]![part]
    times[name] = round(median(ofScreen.map(pick)), 1)
    report.say(`${screen}: ${what}, times ${factor} (ms): ${spread(ofScreen, pick, 1)}`)
  }
  processor[screen] = times
}
report.end({
  slowdown,
  phone_times: slowerPhone,
  processor,
  runs: Object.fromEntries([...runs].map(([{ name }, all]) => [name, all])),
})
