import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { AxeResults } from 'axe-core'
import type { Browser } from 'playwright-core'
import { desktop, type Look, launchBrowser, openScreen, phone } from './gallery/browser.ts'
import { serveGallery } from './gallery/build.ts'
import { type WelcomeScreen, welcomeScreens } from './gallery/welcome-screens.ts'

let browser: Browser
let server: Awaited<ReturnType<typeof serveGallery>>
const axe = await Bun.file(Bun.resolveSync('axe-core/axe.min.js', import.meta.dir)).text()
const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), serveGallery('tests/web/gallery/page/welcome.ts')])
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await server?.stop(true)
})

async function findFaults({ path, act }: WelcomeScreen, look: Look): Promise<string[]> {
  const { page, complaints, close } = await openScreen(browser, new URL(path, server.url).href, look)
  await act?.(page)
  if (act) await page.waitForTimeout(200)
  await page.evaluate(axe)
  const results = (await page.evaluate(`axe.run(document, ${JSON.stringify(rules)})`)) as AxeResults
  const overflow = await page.evaluate('document.querySelector("[data-welcome-main]").scrollWidth - innerWidth')
  await close()
  expect(results.passes.length).toBeGreaterThan(5)
  expect(overflow).toBeLessThanOrEqual(0)
  const faults = results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
  return [...faults, ...complaints]
}

for (const [name, screen] of Object.entries(welcomeScreens)) {
  test(`axe finds nothing on the welcome screen "${name}", phone and desktop, light and dark, English and German`, async () => {
    expect(await findFaults(screen, { size: phone, locale: 'de-DE' })).toEqual([])
    expect(await findFaults(screen, { size: desktop, theme: 'dark' })).toEqual([])
  }, 60_000)
}
