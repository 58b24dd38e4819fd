import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser, phone, Stage } from './gallery/browser.ts'
import { serveGallery } from './gallery/build.ts'
import { welcomeScreens } from './gallery/welcome-screens.ts'

let browser: Browser
let server: Awaited<ReturnType<typeof serveGallery>>

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), serveGallery('tests/web/gallery/page/welcome.ts')])
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await server?.stop(true)
})

function onScreen(sentence: string, name: string, run: (page: Page, stage: Stage) => Promise<void>): void {
  test(sentence, async () => {
    const stage = await Stage.open(browser, { size: phone })
    await stage.show(new URL(welcomeScreens[name]!.path, server.url).href)
    await run(stage.page, stage)
    expect(stage.complaints).toEqual([])
    await stage.close()
  }, 30_000)
}

const title = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 }).waitFor()
const goOn = (page: Page) => page.getByRole('button', { name: 'Continue' }).click()
// Not by the browser's driver, which waits for a load; and after its answer, since the page may be gone then.
const goBack = (page: Page) => page.evaluate('void setTimeout(() => history.back())')

onScreen(
  'the browser’s way back goes one step back, as often as there is one, and then leaves',
  'home-name',
  async (page) => {
    await title(page, 'Name your home')
    await goOn(page)
    await title(page, 'Who are you?')
    await goBack(page)
    await title(page, 'Name your home')
    expect(await page.getByLabel('Family name').inputValue()).toBe('The Lindqvists')
    await goBack(page)
    await page.getByText(/All is well|It will work/).waitFor()
    await goBack(page)
    await title(page, 'Welcome home')
    await goBack(page)
    await page.waitForURL('about:blank')
  },
)

onScreen('once the home is founded, it stays where it is', 'kit', async (page, stage) => {
  await title(page, 'Your recovery kit')
  for (let time = 0; time < 3; time++) {
    await goBack(page)
    await stage.settle()
    await title(page, 'Your recovery kit')
  }
  expect(await page.getByRole('region', { name: 'Recovery code' }).innerText()).toContain('PLUM')
})

onScreen('a step back by its own button leaves no dead way back behind', 'home-name', async (page) => {
  await page.getByRole('button', { name: 'Back' }).click()
  await page.getByText(/All is well|It will work/).waitFor()
  await page.getByRole('button', { name: 'Back' }).click()
  await title(page, 'Welcome home')
  await goBack(page)
  await page.waitForURL('about:blank')
})
