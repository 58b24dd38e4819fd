import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { desktop, type Look, launchBrowser, openScreen, phone } from './gallery/browser.ts'
import { serveGallery } from './gallery/build.ts'
import { screens } from './gallery/screens.ts'

let browser: Browser
let server: Awaited<ReturnType<typeof serveGallery>>

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), serveGallery()])
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await server?.stop(true)
})

function onScreen(sentence: string, path: string, look: Look, run: (page: Page) => Promise<void>): void {
  test(sentence, async () => {
    const { page, close } = await openScreen(browser, new URL(path, server.url).href, look)
    await run(page)
    await close()
  }, 30_000)
}
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })

onScreen('the archive is made piece by piece and saved as one file', screens.data, { size: phone }, async (page) => {
  await button(page, 'Make the file').click()
  // On a busy machine the pieces may all be there before one has looked.
  await page
    .getByText(/Writing the file: \d of 3|Your file is ready/)
    .first()
    .waitFor()
  // It goes on while one looks at something else.
  await page.getByRole('link', { name: 'Back' }).first().click()
  await page.getByRole('link', { name: /Your data/ }).click()
  await page.getByText(/Your file is ready: 11/).waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Save the file').click()])
  expect(download.suggestedFilename()).toBe('messages-of-sofia-2026-11-18.zip')
  expect(readFileSync(await download.path(), 'utf8')).toBe('onetwothree')
})

onScreen('the archive can be stopped', screens.data, { size: desktop }, async (page) => {
  await button(page, 'Make the file').click()
  await button(page, 'Stop').click()
  await page.getByText('Stopped. Nothing was kept.').waitFor()
  expect(await button(page, 'Make the file').isVisible()).toBe(true)
})

onScreen('leaving takes name, secret and a second word', screens.leave, { size: phone }, async (page) => {
  const leave = page.locator('form').getByRole('button', { name: 'Leave for good' })
  expect(await leave.isDisabled()).toBe(true)
  await page.getByLabel(/type your sign-in name: sofia/).fill('sophia')
  await page.getByLabel('Passphrase or recovery code').fill('six words that are right')
  await leave.click()
  await page.getByText('That is not your sign-in name.').waitFor()
  await page.getByLabel(/type your sign-in name: sofia/).fill('Sofia')
  await leave.click()
  const dialog = page.getByRole('dialog', { name: 'Leave this home for good?' })
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await leave.click()
  await dialog.getByRole('button', { name: 'Leave for good' }).click()
  await page.getByRole('heading', { name: 'You have left this home' }).waitFor()
})

onScreen('the only host is sent to make another one', screens['leave-last-host'], { size: phone }, async (page) => {
  expect(await page.getByRole('button', { name: 'Leave for good' }).count()).toBe(0)
  await page.getByRole('link', { name: 'Choose somebody' }).click()
  await page.getByRole('heading', { name: 'People' }).waitFor()
})

onScreen('a host closes an account after a plain question', screens.person, { size: desktop }, async (page) => {
  await button(page, 'Close account').click()
  const dialog = page.getByRole('dialog', { name: 'Close the account of Anna?' })
  await dialog.getByText(/signed out everywhere at once/).waitFor()
  await dialog.getByRole('button', { name: 'Close account' }).click()
  await page.getByText('The account of Anna is closed').waitFor()
  await button(page, 'Make host').click()
  await page.getByRole('dialog', { name: 'Make Anna a host?' }).getByRole('button', { name: 'Make host' }).click()
  await page.getByText('Made host').waitFor()
})

onScreen('what happened is said in sentences with names', screens.events, { size: phone }, async (page) => {
  const lines = await page.locator('tv-audit li').allInnerTexts()
  const sentences = lines.map((line) => line.split('\n')[0])
  expect(sentences.slice(0, 4)).toEqual([
    ...['Sofia Lindqvist made an invite for Emil', 'Anna added a device', 'Anna removed a device'],
    'Sofia Lindqvist made Anna a host',
  ])
  expect(sentences[4]).toMatch(/^Noor.* was made a host by a command on the home’s own computer$/)
  expect(sentences.at(-1)).toBe('Sofia Lindqvist founded this home')
})

onScreen('nobody writes to somebody who left', screens['former-chat'], { size: desktop }, async (page) => {
  await page.getByText('Gustav is no longer at this home. You can read what was written.').waitFor()
  expect(await page.getByRole('textbox', { name: 'Message' }).count()).toBe(0)
  await page.goto(new URL(screens.new, server.url).href)
  await page.getByText('Grandpa Joe').first().waitFor()
  expect(await page.getByRole('button', { name: /Gustav/ }).count()).toBe(0)
})
