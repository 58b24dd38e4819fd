import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { languages } from '../../web/words/languages.ts'
import { launchBrowser, Stage } from './gallery/browser.ts'
import { serveGallery } from './gallery/build.ts'

let browser: Browser
let server: Awaited<ReturnType<typeof serveGallery>>

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), serveGallery()])
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await server?.stop(true)
})

/** Every language and direction that the page had, from its first line on. */
async function directionsIn(locale: string): Promise<string[]> {
  const stage = await Stage.open(browser, { locale })
  await stage.page.addInitScript(`{
    const note = () => seen.add(document.documentElement.lang + ' ' + document.documentElement.dir)
    const seen = globalThis.seenDirections = new Set()
    new MutationObserver(() => document.documentElement?.hasAttribute('data-theme') && note())
      .observe(document, { subtree: true, childList: true, attributes: true })
  }`)
  await stage.show(server.url.href)
  const seen = (await stage.page.evaluate('[...globalThis.seenDirections]')) as string[]
  await stage.close()
  return seen
}

test('a browser in a language that there is not sees English from left to right, from the first paint on', async () => {
  expect(await directionsIn('ar-EG')).toEqual(['en ltr'])
}, 30_000)

test('every language that there is stands from the first paint on', async () => {
  for (const language of Object.keys(languages))
    expect(await directionsIn(`${language}-AT`)).toEqual([`${language} ltr`])
}, 60_000)
