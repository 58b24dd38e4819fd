import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { Audit } from './gallery/axe.ts'
import { desktop, type Look, launchBrowser, phone } from './gallery/browser.ts'
import { serveGallery } from './gallery/build.ts'
import { screens } from './gallery/screens.ts'

let browser: Browser
let server: Awaited<ReturnType<typeof serveGallery>>
let audit: Audit

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), serveGallery()])
  audit = new Audit(browser)
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await server?.stop(true)
})

for (const [name, path] of Object.entries(screens)) {
  test(`axe finds nothing on the screen "${name}", phone and desktop, light and dark`, async () => {
    const findFaults = (look: Look) => audit.findFaults({ address: new URL(path, server.url).href, look })
    const [onPhone, onDesktop] = await Promise.all([
      findFaults({ size: phone }),
      findFaults({ size: desktop, theme: 'dark' }),
    ])
    expect(onPhone).toEqual([])
    expect(onDesktop).toEqual([])
  }, 60_000)
}
