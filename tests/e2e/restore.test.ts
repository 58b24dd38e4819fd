import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromiumPath, TestBrowser, type Visitor } from '../support/browser.ts'
import { openChat, openFamily, passphrases, reads, say, signIn } from '../support/family.ts'
import { RunningProgram } from '../support/program.ts'

setDefaultTimeout(180_000)

const onlyWithBrowser = test.skipIf(!chromiumPath)
const backupPassphrase = 'harbour lantern pepper violin meadow sugar'
let scratch: string
let home: RunningProgram
let restored: RunningProgram
let browser: TestBrowser
let oma: Visitor
let papa: Visitor
let kid: Visitor

beforeAll(async () => {
  if (!chromiumPath) return
  scratch = await mkdtemp(join(tmpdir(), 'tv-restore-e2e-'))
  await Bun.write(join(scratch, 'passphrase'), backupPassphrase)
  home = await RunningProgram.start()
  browser = await TestBrowser.launch()
  const family = await openFamily(browser, home)
  ;({ oma, papa, kid } = family)
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await restored?.[Symbol.asyncDispose]()
  await home?.[Symbol.asyncDispose]()
  if (scratch) await rm(scratch, { recursive: true, force: true })
})

onlyWithBrowser('a backup is made while the family talks, and the home is lost after it', async () => {
  await say(oma.page, 'before the backup')
  await Promise.all([reads(papa.page, 'before the backup'), reads(kid.page, 'before the backup')])
  const said = await home.command([
    ...['backup', '--out', join(scratch, 'family.tvbackup')],
    ...['--passphrase-file', join(scratch, 'passphrase')],
  ])
  expect(said).toContain('3 people')
  await say(papa.page, 'after the backup')
  await Promise.all([reads(oma.page, 'after the backup'), reads(kid.page, 'after the backup')])
  await home.stop()
})

onlyWithBrowser('a new home in another folder takes the backup in its wizard', async () => {
  restored = await RunningProgram.start({ port: home.port })
  const helper = await browser.visitor('Helper')
  const { page } = helper
  await page.goto(`${restored.url}/setup#${restored.claimToken}`)
  await page.getByRole('radio', { name: /Restore from a backup/ }).check({ force: true })
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.locator('input[type=file]').setInputFiles(join(scratch, 'family.tvbackup'))
  await page.getByLabel('Passphrase of the backup').fill('not this one')
  await page.getByRole('button', { name: 'Open the backup' }).click()
  await page.getByText(/does not open the backup/).waitFor()
  await page.getByLabel('Passphrase of the backup').fill(backupPassphrase)
  await page.getByRole('button', { name: 'Open the backup' }).click()
  await page.getByRole('heading', { name: /The Lindqvists/ }).waitFor()
  await page.getByRole('button', { name: 'Restore this home' }).click()
  await page.getByRole('heading', { name: 'Your home is back' }).waitFor()
  helper.forgive(/status of 401/)
  expect(helper.complaints.filter((line) => !/ERR_CONNECTION|ERR_EMPTY|Failed to fetch/.test(line))).toEqual([])
})

onlyWithBrowser('the three browsers go on as if nothing had been', async () => {
  await say(kid.page, 'are you all there?')
  await Promise.all([reads(oma.page, 'are you all there?'), reads(papa.page, 'are you all there?')])
  await say(oma.page, 'yes, all of us')
  await Promise.all([reads(kid.page, 'yes, all of us'), reads(papa.page, 'yes, all of us')])
  await reads(oma.page, 'after the backup')
})

onlyWithBrowser('what was said after the backup is at the home again: a new device gets it', async () => {
  // Oma is the host: by closing the line she says that nobody's device is newer.
  await oma.page
    .getByText(/restored from/i)
    .first()
    .waitFor()
  await oma.page.getByRole('button', { name: 'Dismiss' }).click()
  await oma.page.getByRole('button', { name: 'Dismiss' }).waitFor({ state: 'hidden' })
  const tablet = await browser.visitor('Papa')
  await signIn(tablet, restored, 'Papa', passphrases.Papa)
  await openChat(tablet.page, 'The Lindqvists')
  for (const text of ['before the backup', 'after the backup', 'yes, all of us']) await reads(tablet.page, text)
})
