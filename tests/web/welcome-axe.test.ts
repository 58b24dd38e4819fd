import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { Audit } from './gallery/axe.ts'
import { desktop, type Look, launchBrowser, phone } from './gallery/browser.ts'
import { serveGallery } from './gallery/build.ts'
import { welcomeScreens } from './gallery/welcome-screens.ts'

let browser: Browser
let server: Awaited<ReturnType<typeof serveGallery>>
let audit: Audit

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), serveGallery('tests/web/gallery/page/welcome.ts')])
  audit = new Audit(browser)
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await server?.stop(true)
})

async function fitsTheWidth(page: Page): Promise<void> {
  const overflow = await page.evaluate('document.querySelector("[data-welcome-main]").scrollWidth - innerWidth')
  expect(overflow).toBeLessThanOrEqual(0)
}

for (const [name, { path, act }] of Object.entries(welcomeScreens)) {
  test(`axe finds nothing on the welcome screen "${name}", phone and desktop, light and dark, English and German`, async () => {
    const findFaults = (look: Look) =>
      audit.findFaults({ address: new URL(path, server.url).href, look, act }, fitsTheWidth)
    const [onPhone, onDesktop] = await Promise.all([
      findFaults({ size: phone, locale: 'de-DE' }),
      findFaults({ size: desktop, theme: 'dark' }),
    ])
    expect(onPhone).toEqual([])
    expect(onDesktop).toEqual([])
  }, 60_000)
}
