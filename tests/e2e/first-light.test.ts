import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import AxeBuilder from 'axe-core'
import type { Page } from 'playwright-core'
import { chromiumPath, TestBrowser, type Visitor } from '../support/browser.ts'
import {
  foundHome,
  joinHome,
  listMessages,
  openChat,
  openDirect,
  openList,
  passphrases,
  reads,
  say,
  signIn,
} from '../support/family.ts'
import { RunningProgram } from '../support/program.ts'

setDefaultTimeout(120_000)

// The whole story, in order: each test goes on where the one before it stopped.
const family = 'The Lindqvists'
const onlyWithBrowser = test.skipIf(!chromiumPath)
let home: RunningProgram
let browser: TestBrowser
let oma: Visitor
let papa: Visitor
let kid: Visitor
let links: string[]
let omasCode: string
const flaws: string[] = []

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
const by = (who: string) => (name: string, page: Page) => inspect(`${who}-${name}`, page)

onlyWithBrowser('Oma founds the home and makes two links', async () => {
  oma = await browser.visitor('Oma')
  const founded = await foundHome(oma, home, { invite: ['Papa', 'Kid'], onScreen: by('oma') })
  links = founded.links
  omasCode = founded.recoveryCode
  expect(new Set(links).size).toBe(2)
  expect(omasCode).toMatch(/^([A-Z2-7]{4} ){13}[A-Z2-7]{4}$/)
})

onlyWithBrowser('Papa and Kid join on their phones and are let into the family', async () => {
  papa = await browser.visitor('Papa', 'phone')
  await joinHome(papa, links[0]!, by('papa'))
  kid = await browser.visitor('Kid', 'phone', 'dark')
  await joinHome(kid, links[1]!, by('kid'))
  await oma.page.getByText('You added Kid').last().waitFor()
})

onlyWithBrowser('what one says in the family, the others read, and the ticks say so', async () => {
  await say(oma.page, 'Welcome, both of you')
  await Promise.all([reads(papa.page, 'Welcome, both of you'), reads(kid.page, 'Welcome, both of you')])
  await say(kid.page, 'Hi Oma! 🐕')
  await Promise.all([reads(oma.page, 'Hi Oma! 🐕'), reads(papa.page, 'Hi Oma! 🐕')])
  await oma.page
    .getByRole('article')
    .filter({ hasText: 'Welcome, both of you' })
    .getByText('Read', { exact: true })
    .waitFor()
  await inspect('oma-family', oma.page)
  await inspect('kid-family', kid.page)
})

onlyWithBrowser('a direct conversation stays between two', async () => {
  await openDirect(papa.page, 'Oma')
  await say(papa.page, 'Kid’s birthday: a bicycle?')
  await openChat(oma.page, 'Papa')
  await reads(oma.page, 'Kid’s birthday: a bicycle?')
  await say(oma.page, 'A red one')
  await reads(papa.page, 'A red one')
  await inspect('papa-direct', papa.page)
  await openList(kid.page)
  const rows = kid.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link')
  expect(await rows.allInnerTexts()).toHaveLength(1)
  await inspect('kid-list', kid.page)
})

onlyWithBrowser('a reload shows everything again', async () => {
  await papa.page.reload()
  await reads(papa.page, 'A red one')
  await openChat(papa.page, family)
  await reads(papa.page, 'Welcome, both of you')
})

onlyWithBrowser('every page behind the list stands', async () => {
  for (const path of [
    '/',
    '/people',
    '/settings',
    '/settings/profile',
    '/settings/devices',
    '/settings/appearance',
    '/new',
  ]) {
    await oma.page.goto(home.url + path)
    await oma.page.getByRole('heading', { level: 1 }).first().waitFor()
    await inspect(`oma-at-${path.slice(1).replaceAll('/', '-') || 'home'}`, oma.page)
  }
})

onlyWithBrowser('Oma signs in on a new device by passphrase and sees the whole history', async () => {
  const tablet = await browser.visitor('Oma')
  await signIn(tablet, home, 'Oma', passphrases.Oma)
  await seesAll(tablet.page)
  await say(tablet.page, 'From my tablet')
  await openChat(kid.page, family)
  await reads(kid.page, 'From my tablet')
  expect(tablet.complaints).toEqual([])
})

onlyWithBrowser('and by her recovery code, too', async () => {
  const laptop = await browser.visitor('Oma')
  await signIn(laptop, home, 'Oma', omasCode)
  await seesAll(laptop.page)
  await reads(laptop.page, 'From my tablet')
  expect(laptop.complaints).toEqual([])
})

async function seesAll(page: Page): Promise<void> {
  await openChat(page, 'Papa')
  await reads(page, 'Kid’s birthday: a bicycle?')
  await reads(page, 'A red one')
  await openChat(page, family)
  await reads(page, 'Welcome, both of you')
  await reads(page, 'Hi Oma! 🐕')
  expect(await listMessages(page)).toContain('Welcome, both of you')
}

onlyWithBrowser('Stranger, who has the address and a used link, gets nothing', async () => {
  const stranger = await browser.visitor('Stranger')
  const answers: string[] = []
  stranger.page.on('response', async (response) => {
    if (new URL(response.url()).pathname.startsWith('/api/')) answers.push(await response.text().catch(() => ''))
  })
  await stranger.page.goto(home.url)
  await stranger.page.getByRole('heading', { level: 1, name: 'Welcome back' }).waitFor()
  await inspect('stranger-sign-in', stranger.page)
  for (const path of ['/people', '/settings', '/c/AAAAAAAAAAAAAAAAAAAAAA']) {
    await stranger.page.goto(home.url + path)
    await stranger.page.getByRole('heading', { level: 1, name: 'Welcome back' }).waitFor()
  }
  await stranger.page.goto(`${home.url}/setup#${'x'.repeat(43)}`)
  await stranger.page.getByRole('heading', { level: 1 }).waitFor()
  await stranger.page.goto(links[0]!)
  await stranger.page.getByRole('heading', { level: 1, name: 'This invite was used already' }).waitFor()
  await inspect('stranger-used-link', stranger.page)
  const said = answers.join('\n') + (await stranger.page.content())
  expect(answers.length).toBeGreaterThan(0)
  for (const secret of [family, 'Oma', 'Papa', 'Kid']) expect(said).not.toContain(secret)
})

onlyWithBrowser('no screen has a flaw that axe knows, and no browser complained', () => {
  expect(flaws).toEqual([])
  expect([oma, papa, kid].flatMap(({ complaints }) => complaints)).toEqual([])
})
