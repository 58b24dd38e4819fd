import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { chromiumPath, TestBrowser, type Visitor } from '../support/browser.ts'
import { foundHome, joinHome, reads, say } from '../support/family.ts'
import { RunningProgram } from '../support/program.ts'

setDefaultTimeout(120_000)

const onlyWithBrowser = test.skipIf(!chromiumPath)
let home: RunningProgram
let browser: TestBrowser
let oma: Visitor
let papa: Visitor
let second: Page

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

const locksHeld = async (page: Page): Promise<string[]> =>
  page.evaluate('navigator.locks.query().then(({ held }) => held.map(({ name }) => name))')

onlyWithBrowser('two tabs of one profile show the same, and one of them alone holds the keys', async () => {
  second = await oma.newTab(oma.page.url())
  await second.getByRole('textbox', { name: 'Message' }).waitFor()
  expect((await locksHeld(second)).filter((name) => name === 'tv-crypto')).toHaveLength(1)
  await say(oma.page, 'from the first tab')
  await Promise.all([reads(second, 'from the first tab'), reads(papa.page, 'from the first tab')])
  await say(second, 'from the second tab')
  await Promise.all([reads(oma.page, 'from the second tab'), reads(papa.page, 'from the second tab')])
  await say(papa.page, 'for both')
  await Promise.all([reads(oma.page, 'for both'), reads(second, 'for both')])
})

onlyWithBrowser('when the tab that holds the keys is closed, the other takes over within a second', async () => {
  await oma.page.close()
  const closedAt = performance.now()
  while (!(await locksHeld(second)).includes('tv-crypto')) await Bun.sleep(20)
  expect(performance.now() - closedAt).toBeLessThan(1_000)
  await say(second, 'still here')
  await reads(papa.page, 'still here')
  await say(papa.page, 'good')
  await reads(second, 'good')
})

onlyWithBrowser('what is sent in the very moment of the change is sent once', async () => {
  const third = await oma.newTab(second.url())
  await third.getByRole('textbox', { name: 'Message' }).waitFor()
  const closing = second.close()
  await say(third, 'in between')
  await closing
  await reads(papa.page, 'in between')
  await say(third, 'and after')
  await reads(papa.page, 'and after')
  expect(await papa.page.getByRole('article').getByText('in between', { exact: true }).count()).toBe(1)
  await third.reload()
  await reads(third, 'in between')
  expect([...oma.complaints, ...papa.complaints]).toEqual([])
})
