import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser, phone, Stage } from './gallery/browser.ts'
import { serveGallery } from './gallery/build.ts'
import { screens } from './gallery/screens.ts'

let browser: Browser
let server: Awaited<ReturnType<typeof serveGallery>>

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), serveGallery()])
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await server?.stop(true)
})

/** The page's own time stands still, and moves only when it is told to. */
async function onStillPage(run: (page: Page) => Promise<void>): Promise<void> {
  const stage = await Stage.open(browser, { size: phone })
  await stage.show(new URL(screens.list, server.url).href)
  const { page } = stage
  await page.clock.pauseAt(new Date(2026, 10, 18, 10, 0))
  await run(page)
  expect(stage.complaints).toEqual([])
  await stage.close()
}

const tell = (page: Page, connection: string) =>
  page.evaluate(`gallery.emit({ type: 'connection', connection: ${connection} })`)
const lost = `{ state: 'offline', nextTryAt: Date.now() + 400 }`
const line = (page: Page) => page.locator('tv-banner').getByText(/No connection|Connecting|offline/i)

test('a hiccup is not shown', async () => {
  await onStillPage(async (page) => {
    await tell(page, lost)
    await page.clock.runFor(1_500)
    await tell(page, `{ state: 'connecting', nextTryAt: null }`)
    await tell(page, `{ state: 'online', nextTryAt: null }`)
    await page.clock.runFor(5_000)
    expect(await line(page).count()).toBe(0)
  })
}, 30_000)

test('what lasts is shown after two seconds, and goes when it is over', async () => {
  await onStillPage(async (page) => {
    await tell(page, lost)
    await page.clock.runFor(1_900)
    expect(await line(page).count()).toBe(0)
    await tell(page, `{ state: 'connecting', nextTryAt: null }`)
    await page.clock.runFor(200)
    await line(page).first().waitFor()
    await tell(page, `{ state: 'online', nextTryAt: null }`)
    await line(page).first().waitFor({ state: 'detached' })
  })
}, 30_000)

test('without any network, or with a long wait ahead, it is shown at once', async () => {
  await onStillPage(async (page) => {
    await tell(page, `{ state: 'offline', nextTryAt: Date.now() + 30_000 }`)
    await page.clock.runFor(10)
    await line(page).first().waitFor()
    await tell(page, `{ state: 'online', nextTryAt: null }`)
    await line(page).first().waitFor({ state: 'detached' })
    await page.context().setOffline(true)
    await tell(page, lost)
    await page.clock.runFor(10)
    await line(page).first().waitFor()
  })
}, 30_000)
