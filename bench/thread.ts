// bun bench/thread.ts: how fast a conversation of 100,000 messages opens, scrolls and takes a message in Chromium.

import { desktop, launchBrowser, openScreen } from '../tests/web/gallery/browser.ts'
import { serveGallery } from '../tests/web/gallery/build.ts'
import { conversationId } from '../tests/web/gallery/page/cast.ts'

const server = await serveGallery()
const browser = await launchBrowser()
const { page, complaints, close } = await openScreen(browser, new URL('/', server.url).href, { size: desktop })
await page.clock.resume()

const rows = "document.querySelectorAll('[data-message]').length"
const measure = (code: string) => page.evaluate(`(async () => {${code}})()`) as Promise<Record<string, number>>
const frame = 'new Promise((done) => requestAnimationFrame(done))'
const results: Record<string, Record<string, number>> = {}

// Until the rows stand in the page and are laid out; painting them is the next frame's.
const openCode = (id: string, row: string) => `
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
  const fromBottom = view.scrollHeight - view.scrollTop - view.clientHeight
  const milliseconds = performance.now() - start
  await ${frame}
  await ${frame}
  return { milliseconds, withPaint: performance.now() - start, rows: ${rows}, fromBottom }`
const longRow = '[data-message^=long]'
results['open 100,000'] = await measure(openCode('school', longRow))

results['scroll back 4,000 messages'] = await measure(`
  const view = document.querySelector('.thread-scroll')
  let longest = 0, jump = 0, most = 0, last = performance.now()
  const seen = new Set()
  while (seen.size < 4000) {
    const row = [...view.querySelectorAll('[data-message]')].find((one) => one.getBoundingClientRect().bottom > view.getBoundingClientRect().top)
    const before = row.getBoundingClientRect().top
    const from = view.scrollTop
    view.scrollTop -= 300
    const scrolled = from - view.scrollTop
    await ${frame}
    if (row.isConnected) jump = Math.max(jump, Math.abs(row.getBoundingClientRect().top - before - scrolled))
    for (const one of view.querySelectorAll('[data-message]')) seen.add(one.dataset.message)
    most = Math.max(most, ${rows})
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  return { longestFrameMs: longest, largestJumpPixels: jump, mostRows: most, seen: seen.size }`)

results['jump to the newest'] = await measure(`
  const start = performance.now()
  document.querySelector('tv-messages > button').click()
  const view = document.querySelector('.thread-scroll')
  while (view.scrollHeight - view.scrollTop - view.clientHeight > 4) await ${frame}
  return { milliseconds: performance.now() - start, rows: ${rows} }`)

results['own message on screen'] = await measure(`
  const field = document.querySelector('tv-composer textarea')
  field.value = 'Measured'
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await ${frame}
  const start = performance.now()
  document.querySelector('tv-composer form').requestSubmit()
  await Promise.resolve().then(() => new Promise((done) => queueMicrotask(done)))
  const isThereBeforeAFrame = [...document.querySelectorAll('.bubble')].at(-1).textContent.includes('Measured') ? 1 : 0
  return { milliseconds: performance.now() - start, isThereBeforeAFrame }`)

results['switch to another'] = await measure(openCode('family', '[data-message^=m1-]'))
results['switch back'] = await measure(openCode('school', longRow))

console.table(results)
if (complaints.length) console.log(complaints)
await close()
await browser.close()
await server.stop(true)
