import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import AxeBuilder from 'axe-core'
import type { Page } from 'playwright-core'
import { chromiumPath, TestBrowser, type Visitor } from '../support/browser.ts'
import { filmOf, openWithCamera } from '../support/camera.ts'
import { foundHome, joinHome, openChat, passphrases, reads, say, signIn } from '../support/family.ts'
import { RunningProgram } from '../support/program.ts'

setDefaultTimeout(120_000)

// One story in order: each test goes on where the one before it stopped.
const family = 'The Lindqvists'
const onlyWithBrowser = test.skipIf(!chromiumPath)
let home: RunningProgram
let browser: TestBrowser
let oma: Visitor
let papa: Visitor
let tablet: Visitor
let links: string[]
const flaws: string[] = []
const fresh = 'seven purple elephants dance on toast'

beforeAll(async () => {
  if (!chromiumPath) return
  home = await RunningProgram.start()
  browser = await TestBrowser.launch()
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await home?.[Symbol.asyncDispose]()
})

/** Every real screen passes under the eyes of axe, and is kept as a picture where SHOTS names a folder. */
async function inspect(name: string, page: Page): Promise<void> {
  await page.evaluate('Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)))')
  const folder = process.env['SHOTS']
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) })
  await page.evaluate(AxeBuilder.source)
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { target: string[] }[] }[]
  }
  for (const { id, nodes } of violations) flaws.push(`${name}: ${id} at ${nodes[0]?.target.join(' ')}`)
}

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click()
const digitsOn = async (page: Page) =>
  (await page.getByLabel('Number to compare').allTextContents()).join('').replace(/\s/g, '')
const lastGroup = (texts: string[]) => texts.join(' ').trim().split(/\s+/).at(-1)!
const codeOn = (page: Page) => page.getByLabel('Linking code as text').inputValue()

async function openLinking(page: Page): Promise<void> {
  await page.goto(`${home.url}/settings/devices`)
  await page.getByRole('link', { name: 'Link a device' }).click()
  await page.getByRole('heading', { name: 'Link a device', level: 1 }).waitFor()
}

async function confirmSame(page: Page, other: Page, name: string): Promise<void> {
  await page.getByLabel('Number to compare').waitFor()
  await other.getByLabel('Number to compare').waitFor()
  expect(await digitsOn(page)).toMatch(/^\d{6}$/)
  expect(await digitsOn(other)).toBe(await digitsOn(page))
  await other.getByText('This device will belong to Oma.').waitFor()
  await page.getByLabel('Name for the new device').fill(name)
  await inspect(`compare-old-${name}`, page)
  await inspect(`compare-new-${name}`, other)
  await press(page, 'It is the same, add the device')
  await page.getByText('The device is linked').waitFor()
}

onlyWithBrowser('Oma and Papa have something to read', async () => {
  oma = await browser.visitor('Oma')
  const founded = await foundHome(oma, home, { invite: ['Papa'] })
  links = founded.links
  papa = await browser.visitor('Papa', 'phone')
  await joinHome(papa, links[0]!)
  await openChat(oma.page, family)
  await say(oma.page, 'Plum cake at four')
  await reads(papa.page, 'Plum cake at four')
})

onlyWithBrowser('a new device shows a code, the old one takes its text, and everything is there', async () => {
  tablet = await browser.visitor('Oma', 'phone', 'dark')
  await tablet.page.goto(`${home.url}/sign-in`)
  await inspect('sign-in', tablet.page)
  await press(tablet.page, 'Link with another device')
  const code = await codeOn(tablet.page)
  expect(code).toMatch(/^[\w-]{114}$/)
  await tablet.page.getByRole('img', { name: 'Linking code to scan' }).waitFor()
  await inspect('new-shows', tablet.page)
  await openLinking(oma.page)
  await inspect('old-start', oma.page)
  await oma.page.getByLabel('Or paste its code as text').fill(code)
  await press(oma.page, 'Continue')
  await confirmSame(oma.page, tablet.page, 'Tablet')
  await inspect('old-done', oma.page)
  await tablet.page.getByRole('navigation', { name: 'Conversations' }).waitFor()
  await openChat(tablet.page, family)
  await reads(tablet.page, 'Plum cake at four')
  await say(tablet.page, 'From the tablet')
  await reads(papa.page, 'From the tablet')
})

onlyWithBrowser('the list of devices names both, and removing one takes the passphrase', async () => {
  await oma.page.getByRole('link', { name: 'Done' }).click()
  await oma.page.getByText('Tablet', { exact: true }).waitFor()
  await inspect('devices', oma.page)
  await press(oma.page, 'Remove: Tablet')
  await oma.page.getByLabel('Passphrase or recovery code').fill('not the passphrase')
  await press(oma.page, 'Remove the device')
  await oma.page.getByText('That passphrase or code is not right').waitFor()
  await inspect('remove', oma.page)
  await oma.page.getByLabel('Passphrase or recovery code').fill(passphrases.Oma)
  await press(oma.page, 'Remove the device')
  await oma.page.getByText('The device was removed').first().waitFor()
  await tablet.page.getByRole('heading', { name: 'This device was removed' }).waitFor()
  await inspect('removed', tablet.page)
  await oma.page.getByText('You are signed in on this device only.').waitFor()
  oma.forgive(/status of 401/)
})

onlyWithBrowser('the other way round: the old device shows, the new one takes the text', async () => {
  await tablet.page.getByRole('link', { name: 'Sign in again' }).click()
  await press(tablet.page, 'Link with another device')
  await press(tablet.page, 'Scan or paste a code instead')
  await openLinking(oma.page)
  await press(oma.page, 'Show a code here instead')
  const code = await codeOn(oma.page)
  await inspect('old-shows', oma.page)
  await tablet.page.getByLabel('Or paste its code as text').fill('nonsense')
  await press(tablet.page, 'Continue')
  await tablet.page.getByText('This is not a whole linking code').waitFor()
  await inspect('new-paste', tablet.page)
  await tablet.page.getByLabel('Or paste its code as text').fill(code)
  await press(tablet.page, 'Continue')
  await confirmSame(oma.page, tablet.page, 'Kitchen')
  await tablet.page.getByRole('navigation', { name: 'Conversations' }).waitFor()
  await openChat(tablet.page, family)
  await reads(tablet.page, 'From the tablet')
})

onlyWithBrowser('a camera reads the code as well', async () => {
  await openLinking(oma.page)
  await press(oma.page, 'Show a code here instead')
  const film = join(home.folder, 'code.y4m')
  await Bun.write(film, filmOf(await codeOn(oma.page)))
  await using laptop = await openWithCamera('Oma', film)
  await laptop.page.goto(`${home.url}/sign-in`)
  await press(laptop.page, 'Link with another device')
  await press(laptop.page, 'Scan or paste a code instead')
  await press(laptop.page, 'Scan its code')
  await confirmSame(oma.page, laptop.page, 'Laptop')
  await openChat(laptop.page, family)
  await reads(laptop.page, 'From the tablet')
  expect(laptop.complaints).toEqual([])
})

onlyWithBrowser('a link that is stopped on one device says on the other where to look', async () => {
  const phone = await browser.visitor('Oma', 'phone')
  await phone.page.goto(`${home.url}/sign-in`)
  await press(phone.page, 'Link with another device')
  const code = await codeOn(phone.page)
  await openLinking(oma.page)
  await oma.page.getByLabel('Or paste its code as text').fill(code)
  await press(oma.page, 'Continue')
  await phone.page.getByLabel('Number to compare').waitFor()
  await press(phone.page, 'It differs, stop')
  await oma.page.getByText('Look at your other device').waitFor()
  await inspect('failed', oma.page)
  await press(oma.page, 'Start again')
  await oma.page.getByLabel('Or paste its code as text').waitFor()
})

onlyWithBrowser('the passphrase is changed, and a new kit is made and asked for', async () => {
  const { page } = oma
  await page.goto(`${home.url}/settings/recovery`)
  await inspect('recovery', page)
  await press(page, /Change the passphrase/)
  await page.getByLabel('Passphrase or recovery code').fill(passphrases.Oma)
  await page.getByLabel('New passphrase').fill(fresh)
  await inspect('recovery-passphrase', page)
  await press(page, 'Change it')
  await page.getByText('Your new passphrase is in force').first().waitFor()
  await press(page, /Make a new kit/)
  await page.getByLabel('Passphrase or recovery code').fill(fresh)
  await press(page, 'Make the kit')
  await page.getByRole('heading', { name: 'Your recovery kit', level: 1 }).waitFor()
  const code = await page.getByRole('region', { name: 'Recovery code' }).locator('.kit-code').allInnerTexts()
  await inspect('recovery-kit', page)
  await press(page, 'I have it, continue')
  await page.getByLabel('Last group').fill(lastGroup(code))
  await press(page, 'Check')
  await page.getByText('You have your kit').waitFor()
  await inspect('recovery-settled', page)
  const laptop = await browser.visitor('Oma')
  await signIn(laptop, home, 'Oma', code.join(' ').trim())
  await openChat(laptop.page, family)
  await reads(laptop.page, 'From the tablet')
})

onlyWithBrowser('Papa begins anew by a link of the host, and Oma decides whether it is him', async () => {
  const { page } = oma
  await page.goto(`${home.url}/people`)
  await page.getByRole('link', { name: /Papa/ }).first().click()
  await page.getByRole('heading', { name: 'Lost everything?' }).waitFor()
  await inspect('person', page)
  await press(page, 'Make the link')
  await page.getByRole('dialog').getByRole('button', { name: 'Make the link' }).click()
  const link = await page.getByLabel('Invite link').inputValue()
  const again = await browser.visitor('Papa', 'phone')
  await again.page.goto(link)
  await again.page.getByRole('heading', { name: 'Begin anew, Papa' }).waitFor()
  await inspect('anew-hello', again.page)
  await press(again.page, 'Join in')
  await again.page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  await inspect('anew-person', again.page)
  await press(again.page, 'Continue')
  await press(again.page, 'Continue')
  await again.page.getByRole('heading', { name: 'Your recovery kit', level: 1 }).waitFor()
  const code = await again.page.getByRole('region', { name: 'Recovery code' }).locator('.kit-code').allInnerTexts()
  await press(again.page, 'I have it, continue')
  await again.page.getByLabel('Last group').fill(lastGroup(code))
  await press(again.page, 'Check')
  await papa.page.getByRole('heading', { name: 'Your account was begun anew' }).waitFor()
  await inspect('began-anew', papa.page)
  await page.getByText('Papa began anew').first().waitFor()
  await inspect('reset-notice', page)
  await press(page, 'Compare safety numbers')
  await press(page, 'I asked, it is really them')
  await page.getByText('Noted. You can write again').first().waitFor()
  await again.page.getByRole('textbox', { name: 'Message' }).waitFor()
  await say(again.page, 'It is me')
  await page.goto(home.url)
  await openChat(page, family)
  await reads(page, 'It is me')
})

onlyWithBrowser('no screen has a flaw that axe knows, and no browser complained', () => {
  for (const visitor of [oma, papa, tablet]) visitor.forgive(/status of (401|409|410)/)
  expect(flaws).toEqual([])
  expect([oma, papa, tablet].flatMap(({ complaints }) => complaints)).toEqual([])
})
