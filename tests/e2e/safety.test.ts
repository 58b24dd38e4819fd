import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { chromiumPath, TestBrowser, type Visitor } from '../support/browser.ts'
import { filmOf, openWithCamera } from '../support/camera.ts'
import { foundHome, joinHome, openDirect } from '../support/family.ts'
import { RunningProgram } from '../support/program.ts'

setDefaultTimeout(120_000)

// One story in order: each test goes on where the one before it stopped.
const onlyWithBrowser = test.skipIf(!chromiumPath)
let home: RunningProgram
let browser: TestBrowser
let oma: Visitor & AsyncDisposable
let papa: Visitor
let kid: Visitor
/** What Papa's screen showed before he began anew. */
let codeOfBefore: string

beforeAll(async () => {
  if (!chromiumPath) return
  home = await RunningProgram.start()
  browser = await TestBrowser.launch()
})
afterAll(async () => {
  await oma?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
  await home?.[Symbol.asyncDispose]()
})

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click()
const film = () => join(home.folder, 'camera.y4m')

async function openPerson(page: Page, name: string): Promise<void> {
  await page.goto(`${home.url}/people`)
  await page.getByRole('link', { name: new RegExp(name) }).click()
  await page.getByRole('heading', { name, level: 1 }).waitFor()
  await press(page, 'Show safety number')
  await page.getByRole('img', { name: 'Safety number as a code' }).waitFor()
}

/** What the code on somebody's page about Oma says. */
async function codeAboutOma({ page }: Visitor): Promise<string> {
  await openPerson(page, 'Oma')
  return page.locator('tv-qr').evaluate((code: { text: string }) => code.text)
}

/** Oma has Papa's page open and points her camera at a screen that shows this code. */
async function scanForPapa(code: string): Promise<void> {
  await Bun.write(film(), filmOf(code))
  await openPerson(oma.page, 'Papa')
  await press(oma.page, 'Scan their code')
}

/** The badge beside the name of the chat is the other place that tells. */
async function isPapaCheckedInChat(): Promise<boolean> {
  await oma.page.goto(home.url)
  await openDirect(oma.page, 'Papa')
  const title = oma.page.getByRole('heading', { name: /Papa/, level: 1 })
  await title.waitFor()
  return oma.page.getByTitle('Checked').isVisible()
}

onlyWithBrowser('there are Papa, whom Oma invited, and the Kid, whose code is another', async () => {
  await Bun.write(film(), filmOf('nothing yet'))
  oma = await openWithCamera('Oma', film())
  await oma.context.grantPermissions(['camera', 'clipboard-read', 'clipboard-write'])
  const { links } = await foundHome(oma, home, { invite: ['Papa', 'Kid'] })
  papa = await browser.visitor('Papa', 'phone')
  await joinHome(papa, links[0]!)
  kid = await browser.visitor('Kid', 'phone')
  await joinHome(kid, links[1]!)
  codeOfBefore = await codeAboutOma(papa)
  expect(await codeAboutOma(kid)).not.toBe(codeOfBefore)
})

onlyWithBrowser('the code of somebody else is a warning, and nothing is verified', async () => {
  await scanForPapa(await codeAboutOma(kid))
  await oma.page.getByText('The numbers do not match. Send nothing important yet').waitFor()
  await oma.page.getByText('They joined with a link that you gave them').waitFor()
  expect(await oma.page.getByText('You compared your safety numbers').count()).toBe(0)
  expect(await isPapaCheckedInChat()).toBe(false)
})

onlyWithBrowser('a code that is none of ours is told apart from a wrong one', async () => {
  await scanForPapa(`${home.url}/i#somebody-s-invite`)
  await oma.page.getByText('This is not a safety code').waitFor()
  expect(await oma.page.getByText('You compared your safety numbers').count()).toBe(0)
})

onlyWithBrowser('Papa’s code verifies him, on his page and in the chat with him', async () => {
  await scanForPapa(codeOfBefore)
  await oma.page.getByText('Papa is checked').waitFor()
  await oma.page.getByText('Yes. You compared your safety numbers.').waitFor()
  expect(await oma.page.getByRole('button', { name: 'They match' }).count()).toBe(0)
  expect(await isPapaCheckedInChat()).toBe(true)
})

onlyWithBrowser('nobody else is verified by it', async () => {
  await openPerson(oma.page, 'Kid')
  await oma.page.getByText('They joined with a link that you gave them').waitFor()
  expect(await oma.page.getByText('You compared your safety numbers').count()).toBe(0)
})

onlyWithBrowser('when Papa began anew, his old code is a warning and does not bring him back', async () => {
  await openPerson(oma.page, 'Papa')
  await press(oma.page, 'Make the link')
  await oma.page.getByRole('dialog').getByRole('button', { name: 'Make the link' }).click()
  const again = await browser.visitor('Papa', 'phone')
  await beginAnew(again.page, await oma.page.getByLabel('Invite link').inputValue())
  await oma.page.getByText('Started afresh').first().waitFor()
  await scanForPapa(codeOfBefore)
  await oma.page.getByText('The numbers do not match. Send nothing important yet').waitFor()
  await oma.page.getByText('Started afresh').first().waitFor()
  expect(await oma.page.getByText('You compared your safety numbers').count()).toBe(0)
  papa = again
})

onlyWithBrowser('once Oma asked him, the code on his new screen verifies him again', async () => {
  await press(oma.page, 'I asked, it is really them')
  await oma.page.getByText('Noted. You can write again').first().waitFor()
  await papa.page.getByRole('textbox', { name: 'Message' }).waitFor()
  await scanForPapa(await codeAboutOma(papa))
  await oma.page.getByText('Yes. You compared your safety numbers.').waitFor()
  expect(await oma.page.getByText('Started afresh').count()).toBe(0)
  expect(await isPapaCheckedInChat()).toBe(true)
})

onlyWithBrowser('no browser complained', () => {
  for (const visitor of [oma, papa, kid]) visitor.forgive(/status of (401|409)/)
  expect([oma, papa, kid].flatMap(({ complaints }) => complaints)).toEqual([])
})

async function beginAnew(page: Page, link: string): Promise<void> {
  await page.goto(link)
  await press(page, 'Join in')
  await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  await press(page, 'Continue')
  await press(page, 'Continue')
  await page.getByRole('heading', { name: 'Your recovery kit', level: 1 }).waitFor()
  const kit = page.getByRole('region', { name: 'Recovery code' }).locator('.kit-code')
  const groups = (await kit.allInnerTexts()).join(' ').trim().split(/\s+/)
  await press(page, 'I have it, continue')
  await page.getByLabel('Last group').fill(groups.at(-1)!)
  await press(page, 'Check')
}
