import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { AxeResults } from 'axe-core'
import type { Browser } from 'playwright-core'
import { desktop, launchBrowser, openScreen, phone } from './gallery/browser.ts'
import { serveGallery } from './gallery/build.ts'
import { screens } from './gallery/screens.ts'

let browser: Browser
let server: Awaited<ReturnType<typeof serveGallery>>
const axe = await Bun.file(Bun.resolveSync('axe-core/axe.min.js', import.meta.dir)).text()
const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), serveGallery()])
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await server?.stop(true)
})

async function findFaults(path: string, look: Parameters<typeof openScreen>[2]): Promise<string[]> {
  const { page, complaints, close } = await openScreen(browser, new URL(path, server.url).href, look)
  // Through the debugger, so that the page's own policy stays as it is.
  await page.evaluate(axe)
  const results = (await page.evaluate(`axe.run(document, ${JSON.stringify(rules)})`)) as AxeResults
  await close()
  expect(results.passes.length).toBeGreaterThan(5)
  const faults = results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
  return [...faults, ...complaints]
}

for (const [name, path] of Object.entries(screens)) {
  test(`axe finds nothing on the screen "${name}", phone and desktop, light and dark`, async () => {
    expect(await findFaults(path, { size: phone })).toEqual([])
    expect(await findFaults(path, { size: desktop, theme: 'dark' })).toEqual([])
  }, 60_000)
}
