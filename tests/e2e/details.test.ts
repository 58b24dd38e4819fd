import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chromiumPath, TestBrowser, type Visitor } from '../support/browser.ts'
import { foundHome, joinHome, openList } from '../support/family.ts'
import { RunningProgram } from '../support/program.ts'

setDefaultTimeout(120_000)

// What a demanding newcomer stumbled over once, tried with the executable as shipped.
const onlyWithBrowser = test.skipIf(!chromiumPath)
let home: RunningProgram
let browser: TestBrowser
let oma: Visitor
let links: string[]

beforeAll(async () => {
  if (!chromiumPath) return
  home = await RunningProgram.start()
  browser = await TestBrowser.launch()
  oma = await browser.visitor('Oma')
  links = (await foundHome(oma, home, { invite: ['Papa', 'Kid'] })).links
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await home?.[Symbol.asyncDispose]()
})

const drawnTags = 'globalThis.drawn'
/** Notes every one of our elements that the page ever draws. */
const noteDrawn = `globalThis.drawn = []
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes)
    if (node.localName?.startsWith('tv-')) globalThis.drawn.push(node.localName)
}).observe(document, { childList: true, subtree: true })`

onlyWithBrowser('a stranger is never shown a list of chats, not even for a moment', async () => {
  const stranger = await browser.visitor('Stranger')
  await stranger.page.addInitScript(noteDrawn)
  for (let visit = 0; visit < 2; visit++) {
    await stranger.page.goto(home.url)
    await stranger.page.getByRole('heading', { level: 1, name: 'Welcome back' }).waitFor()
    const drawn = (await stranger.page.evaluate(drawnTags)) as string[]
    expect(drawn).toContain('tv-welcome')
    expect(drawn).not.toContain('tv-shell')
  }
  expect(stranger.complaints).toEqual([])
})

onlyWithBrowser('a member who reloads is never shown the door', async () => {
  await oma.page.addInitScript(noteDrawn)
  await oma.page.goto(`${home.url}/people`)
  await oma.page.getByText('It is quiet here').waitFor()
  const drawn = (await oma.page.evaluate(drawnTags)) as string[]
  expect(drawn).toContain('tv-shell')
  expect(drawn).not.toContain('tv-welcome')
})

onlyWithBrowser('notes to self open however early they are asked for', async () => {
  await oma.page.goto(`${home.url}/new`)
  await oma.page.getByRole('button', { name: 'Notes to self' }).click()
  await oma.page.getByRole('textbox', { name: 'Message' }).waitFor()
})

onlyWithBrowser('a link that was changed on its way says what to do', async () => {
  const kid = await browser.visitor('Kid', 'phone')
  await kid.page.goto(`${links[1]!.slice(0, -4)}AAAA`)
  await kid.page.getByRole('heading', { level: 1, name: 'The invite could not be opened' }).waitFor()
  await kid.page.getByText('ask for a new one').waitFor()
})

onlyWithBrowser('a newcomer brings a photo, and a reload before it brings none', async () => {
  const papa = await browser.visitor('Papa', 'phone')
  const { page } = papa
  const picture = { name: 'me.png', mimeType: 'image/png', buffer: await oma.page.screenshot() }
  await joinHome(papa, links[0]!, async (screen) => {
    if (screen !== 'person') return
    await page.reload()
    await page.getByRole('button', { name: 'Choose photo' }).waitFor()
    await page.locator('tv-photo-field input[type=file]').setInputFiles(picture)
    await page.getByRole('button', { name: 'Use photo' }).click()
    await page.getByRole('button', { name: 'Change photo' }).waitFor()
  })
  await oma.page.goto(`${home.url}/people`)
  await oma.page.getByRole('link', { name: 'Papa' }).locator('img').waitFor()
  expect(papa.complaints).toEqual([])
})

onlyWithBrowser('a new device is known by its browser, without a visit to the settings', async () => {
  await oma.page.goto(`${home.url}/settings/devices`)
  await oma.page.getByText(' · Linux').waitFor()
})

onlyWithBrowser('the family conversation is renamed with the home', async () => {
  await oma.page.goto(`${home.url}/settings/home`)
  await oma.page.getByLabel('Name of your home').fill('The Lindqvists & friends')
  await oma.page.getByRole('button', { name: 'Save' }).click()
  await oma.page.getByText('The Lindqvists & friends').first().waitFor()
  await oma.page.goto(home.url)
  await openList(oma.page)
  await oma.page
    .getByRole('navigation', { name: 'Conversations' })
    .getByRole('link', { name: 'The Lindqvists & friends' })
    .waitFor()
  expect(oma.complaints).toEqual([])
})
