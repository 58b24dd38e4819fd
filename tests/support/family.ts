import type { Page } from 'playwright-core'
import type { TestBrowser, Visitor } from './browser.ts'
import type { RunningProgram } from './program.ts'

/** What people of the cast do in a browser, found by what they see and hear, never by how it is built. */
export const passphrases = {
  Oma: 'lamp river stone cloud apple chair',
  Papa: 'winter kettle orange pillow stairs music',
  Kid: 'dragon castle pencil banana rocket tiger',
} as const
export type CastName = keyof typeof passphrases

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click()
const headline = (page: Page, name: string | RegExp) => page.getByRole('heading', { name, level: 1 }).waitFor()

/** Hands over each screen by name when it stands, to look at it or to test it. */
export type OnScreen = (name: string, page: Page) => Promise<void>
const ignore: OnScreen = async () => undefined

/** Through the whole wizard by the link that the program printed. Answers the recovery code and the invite links. */
export async function foundHome(
  oma: Visitor,
  home: RunningProgram,
  options: { invite: string[]; onScreen?: OnScreen },
): Promise<{ recoveryCode: string; links: string[] }> {
  const { page } = oma
  const { invite, onScreen = ignore } = options
  await page.goto(`${home.url}/setup#${home.claimToken}`)
  await headline(page, 'Welcome home')
  await onScreen('setup-choose', page)
  await press(page, 'Continue')
  await page.getByText(/All is well|It will work/).waitFor()
  await onScreen('setup-check', page)
  await press(page, 'Continue')
  await page.getByLabel('Family name').fill('The Lindqvists')
  await onScreen('setup-home', page)
  await press(page, 'Continue')
  const recoveryCode = await becomePerson(page, 'Oma', onScreen)
  await headline(page, 'Open it on a phone')
  await onScreen('setup-address', page)
  await press(page, /Continue|Do this later/)
  await headline(page, 'Bring your family in')
  const links: string[] = []
  for (const name of invite) links.push(await makeLink(page, name))
  await onScreen('setup-invite', page)
  await press(page, invite.length > 0 ? 'Go to the family' : 'Invite people later')
  await page.getByRole('textbox', { name: 'Message' }).waitFor()
  return { recoveryCode, links }
}

async function makeLink(page: Page, name: string): Promise<string> {
  await page.getByLabel('Who is it for?').fill(name)
  await press(page, 'Make the link')
  await press(page, `Copy link: ${name}`)
  return page.evaluate('navigator.clipboard.readText()')
}

/** Name, passphrase and recovery kit, in the founder's wizard and at an invite alike. */
async function becomePerson(page: Page, name: CastName, onScreen: OnScreen): Promise<string> {
  await headline(page, 'Who are you?')
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('Sign-in name').fill(name.toLowerCase())
  await onScreen('person', page)
  await press(page, 'Continue')
  await headline(page, 'Your passphrase')
  await onScreen('passphrase', page)
  await page.getByRole('radio', { name: /One of my own/ }).check({ force: true })
  await page.getByLabel('Your own passphrase').fill(passphrases[name])
  await press(page, 'Continue')
  await headline(page, 'Your recovery kit')
  const shown = await page.getByRole('region', { name: 'Recovery code' }).locator('.kit-code').textContent()
  const code = (shown ?? '').trim().replace(/\s+/g, ' ')
  await onScreen('kit', page)
  await press(page, 'I have it, continue')
  await page.getByLabel('Last group').fill(code.split(' ').at(-1)!)
  await onScreen('retype', page)
  await press(page, 'Check')
  return code
}

/** From an invite link to the family conversation. Answers the recovery code. */
export async function joinHome(who: Visitor, link: string, onScreen: OnScreen = ignore): Promise<string> {
  const { page } = who
  await page.goto(link)
  await headline(page, /^Hello/)
  await onScreen('join-hello', page)
  await press(page, 'Join in')
  const code = await becomePerson(page, who.name as CastName, onScreen)
  await page.getByRole('textbox', { name: 'Message' }).waitFor()
  return code
}

export async function signIn(who: Visitor, home: RunningProgram, name: CastName, secret: string): Promise<void> {
  const { page } = who
  await page.goto(`${home.url}/sign-in`)
  await page.getByLabel('Sign-in name').fill(name.toLowerCase())
  await page.getByLabel('Passphrase or recovery code').fill(secret)
  await press(page, 'Sign in')
  await page.getByRole('navigation', { name: 'Conversations' }).waitFor()
}

/** Three browsers in the family conversation; for tests whose subject comes after that. */
export async function openFamily(browser: TestBrowser, home: RunningProgram) {
  const oma = await browser.visitor('Oma')
  const { links } = await foundHome(oma, home, { invite: ['Papa', 'Kid'] })
  const papa = await browser.visitor('Papa', 'phone')
  await joinHome(papa, links[0]!)
  const kid = await browser.visitor('Kid', 'phone')
  await joinHome(kid, links[1]!)
  return { oma, papa, kid }
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text)
  await press(page, 'Send')
}

/** Resolves when a bubble with this text is on the screen. */
export async function reads(page: Page, text: string): Promise<void> {
  await page.getByRole('article').getByText(text, { exact: true }).waitFor()
}

export function listMessages(page: Page): Promise<string[]> {
  return page.locator('article .bubble-text').allInnerTexts()
}

/** On a phone the list and the thread take turns. */
export async function openList(page: Page): Promise<void> {
  const list = page.getByRole('navigation', { name: 'Conversations' })
  if (!(await list.isVisible())) await page.getByRole('link', { name: /back/i }).first().click()
  await list.waitFor()
}

export async function openChat(page: Page, title: string): Promise<void> {
  await openList(page)
  await page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: title }).first().click()
  await page.getByRole('textbox', { name: 'Message' }).waitFor()
}

/** A direct conversation with somebody who may never have been written to. */
export async function openDirect(page: Page, name: string): Promise<void> {
  await openList(page)
  await page.getByRole('link', { name: 'New chat' }).first().click()
  await page
    .getByRole('button', { name: new RegExp(name) })
    .first()
    .click()
  await page.getByRole('textbox', { name: 'Message' }).waitFor()
}
