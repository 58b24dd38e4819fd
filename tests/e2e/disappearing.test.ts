import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { chromiumPath, TestBrowser, type Visitor } from '../support/browser.ts'
import { foundHome, joinHome, listMessages, reads, say } from '../support/family.ts'
import { RunningProgram } from '../support/program.ts'

setDefaultTimeout(120_000)

const onlyWithBrowser = test.skipIf(!chromiumPath)
let home: RunningProgram
let browser: TestBrowser
let oma: Visitor
let papa: Visitor

beforeAll(async () => {
  if (!chromiumPath) return
  home = await RunningProgram.start()
  browser = await TestBrowser.launch()
  oma = await browser.visitor('Oma')
  const { links } = await foundHome(oma, home, { invite: ['Papa'] })
  papa = await browser.visitor('Papa', 'phone')
  await joinHome(papa, links[0]!)
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await home?.[Symbol.asyncDispose]()
})

/** For this tab's client it is later by so much, as after a sleep of the machine; then the network is back. */
async function sleepFor(page: Page, ms: number): Promise<void> {
  for (const worker of page.workers()) {
    await worker.evaluate((aheadMs: number) => {
      const now = Date.now.bind(Date)
      Date.now = () => now() + aheadMs
    }, ms)
  }
  await page.evaluate('dispatchEvent(new Event("online"))')
}

async function goneFrom(page: Page, text: string): Promise<void> {
  await page.getByRole('article').getByText(text, { exact: true }).waitFor({ state: 'detached' })
}

onlyWithBrowser('an admin sets a timer, everybody is told, and such a message carries a small clock', async () => {
  await say(oma.page, 'this stays')
  await reads(papa.page, 'this stays')
  const address = oma.page.url()
  await oma.page.goto(`${address}/members`)
  await oma.page.getByRole('radio', { name: '5 minutes' }).check({ force: true })
  await oma.page.getByText('New messages last 5 minutes').waitFor()
  await papa.page.getByRole('log').getByText('Oma set new messages to disappear after 5 minutes').waitFor()
  await oma.page.goto(address)
  await oma.page.getByRole('log').getByText('You set new messages to disappear after 5 minutes').waitFor()
  await say(oma.page, 'this goes')
  await reads(papa.page, 'this goes')
  for (const { page } of [oma, papa]) {
    const bubble = page.getByRole('article').filter({ hasText: 'this goes' })
    await bubble.getByText('Disappears 5 minutes after it was seen').waitFor({ state: 'attached' })
    const other = page.getByRole('article').filter({ hasText: 'this stays' })
    expect(await other.getByText('Disappears').count()).toBe(0)
  }
})

onlyWithBrowser('it is gone from both when its time is over, and stays gone after a reload', async () => {
  await oma.page.getByRole('article').filter({ hasText: 'this goes' }).getByText('Read').waitFor({ state: 'attached' })
  await sleepFor(papa.page, 4 * 60_000)
  await reads(papa.page, 'this goes')
  for (const { page } of [oma, papa]) await sleepFor(page, 6 * 60_000)
  for (const { page } of [oma, papa]) await goneFrom(page, 'this goes')
  for (const { page } of [oma, papa]) {
    await page.reload()
    await reads(page, 'this stays')
    expect(await listMessages(page)).toEqual(['this stays'])
  }
  expect([...oma.complaints, ...papa.complaints]).toEqual([])
})
