import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { contentTypes, encodePayload } from '../../src/client/payloads.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { sealWithChain } from '../../src/crypto/sender-chain.ts'
import type { LogPage } from '../../src/protocol/devices.ts'
import { type AccountId, fromBase64Url } from '../../src/protocol/ids.ts'
import { Rogue } from '../hostile/rogue.ts'
import { takeAll } from '../support/archive.ts'
import { chromiumPath, TestBrowser, type Visitor } from '../support/browser.ts'
import { foundHome, openChat } from '../support/family.ts'
import { createMember, type Member } from '../support/member.ts'
import { joinByLink } from '../support/newcomer.ts'
import { RunningProgram } from '../support/program.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { knows, say } from '../support/talk.ts'
import { remoteHome } from '../torture/actors.ts'

setDefaultTimeout(180_000)

// A member who means harm writes markup wherever another person sees what they wrote. The program as shipped, in real Chromium.
const onlyWithBrowser = test.skipIf(!chromiumPath)

/** Each would run if it were ever taken for markup, an address or a template. */
const markup = {
  person: '<img src=x onerror=ran.push("person")>',
  introduced: '"><svg onload=ran.push("introduced")>',
  group: '<script>ran.push("group")</script>',
  renamed: '`-ran.push("renamed")-`$\u007bran.push("renamed")}',
  invitee: '<iframe srcdoc="<script>parent.ran.push(1)</script>">',
  home: '<svg><script>ran.push("home")</script></svg>',
}
const words = [
  'javascript:ran.push("address")',
  '[click](javascript:ran.push("markdown"))',
  'data:text/html,<script>opener.ran.push("data")</script>',
  'https://example.org/"onmouseover="ran.push(1)',
  'https://example.org/<img/src=x/onerror=ran.push(1)>',
  '<a href="javascript:ran.push(1)">https://example.org</a>',
  '<math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=ran.push(1) src>">',
  '{{constructor.constructor("ran.push(1)")()}}',
  '<!--><script>ran.push(1)</script>-->',
  '\u202e<img src=x onerror=ran.push(1)>\u202c',
]
const svg = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" onload="ran.push(1)"><script>ran.push(1)</script></svg>',
)
const page = Buffer.from(
  '<!doctype html><title>owned</title><script>ran.push(1)</script><h1>Your session has ended</h1>',
)

let home: RunningProgram
let browser: TestBrowser
let oma: Visitor
let rogue: Member
let links: string[]
const watches: Watch[] = []

/** What would show that something ran: a flag, a breach of the policy, a dialog, a window. */
class Watch {
  readonly dialogs: string[] = []
  readonly windows: string[] = []
  private constructor(readonly visitor: Visitor) {}

  static async on(visitor: Visitor): Promise<Watch> {
    const watch = new Watch(visitor)
    watches.push(watch)
    await visitor.context.addInitScript(`globalThis.ran = []; globalThis.breaches = []
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
        globalThis.breaches.push([violatedDirective, blockedURI, sample].join(' ')))`)
    visitor.page.on('dialog', async (dialog) => {
      watch.dialogs.push(dialog.message())
      await dialog.dismiss()
    })
    visitor.page.on('popup', (popup) => watch.windows.push(popup.url()))
    return watch
  }

  async sawNothingRun(): Promise<void> {
    const [ran, breaches] = (await this.visitor.page.evaluate('[globalThis.ran, globalThis.breaches]')) as string[][]
    expect({ ran, breaches, dialogs: this.dialogs, windows: this.windows }).toEqual({
      ...{ ran: [], breaches: [], dialogs: [], windows: [] },
    })
    const foreign =
      'iframe, object, embed, math, form[action], [onerror], [onload], script:not([src]):not(:first-of-type)'
    expect(await this.visitor.page.locator(foreign).count()).toBe(0)
  }
}

/** From wherever the page is. */
async function openFrom(page: Page, title: string): Promise<void> {
  await page.goto(home.url)
  await openChat(page, title)
}
const shows = (where: Page, text: string) => where.getByText(text, { exact: true }).first().waitFor()

beforeAll(async () => {
  if (!chromiumPath) return
  home = await RunningProgram.start()
  browser = await TestBrowser.launch()
  oma = await browser.visitor('Oma')
  await Watch.on(oma)
  links = (await foundHome(oma, home, { invite: ['Rogue', markup.invitee, 'Ghost'] })).links
  rogue = createMember('Rogue', { url: home.url })
  await rogue.client.joinHome(links[0]!, { ...rogue.person, name: markup.person, photo: svg })
  await rogue.inFamily()
})
afterAll(async () => {
  await rogue?.[Symbol.asyncDispose]()
  await browser?.[Symbol.asyncDispose]()
  await home?.[Symbol.asyncDispose]()
})

onlyWithBrowser('what runs would be seen', async () => {
  const careless = await browser.visitor('Careless')
  const watch = await Watch.on(careless)
  await careless.page.goto('data:text/html,<img src=x onerror=ran.push(1)>')
  await careless.page.waitForFunction('globalThis.ran.length > 0')
  await expect(watch.sawNothingRun()).rejects.toThrow('"ran"')
  watches.splice(watches.indexOf(watch), 1)
})

onlyWithBrowser('a name that is markup stands as it is wherever a person stands', async () => {
  await say(rogue, rogue.familyId, 'I am here')
  await oma.page.goto(`${home.url}/people`)
  await shows(oma.page, markup.person)
  await oma.page.getByRole('link', { name: markup.person }).first().click()
  await oma.page.getByRole('heading', { name: markup.person }).waitFor()
  await openFrom(oma.page, 'The Lindqvists')
  await oma.page.getByRole('article').getByText('I am here').waitFor()
  await shows(oma.page, markup.person)
  rogue.client.setTyping(rogue.familyId)
  await oma.page.goto(`${home.url}/c/${rogue.familyId}/members`)
  await shows(oma.page, markup.person)
  for (const watch of watches) await watch.sawNothingRun()
})

onlyWithBrowser('words stay words, and only addresses of the web become links', async () => {
  await openFrom(oma.page, 'The Lindqvists')
  for (const text of words) {
    await say(rogue, rogue.familyId, text)
    await oma.page.getByRole('article').filter({ hasText: text }).first().waitFor()
  }
  const addresses = (await oma.page.evaluate(
    `[...document.querySelectorAll('article a')].map((link) => [link.protocol, link.rel, link.getAttributeNames().sort().join()])`,
  )) as [string, string, string][]
  expect(addresses.length).toBeGreaterThan(0)
  for (const [protocol, relation, attributes] of addresses) {
    expect(protocol).toBe('https:')
    expect(relation).toContain('noopener')
    expect(attributes).toBe('href,rel,target')
  }
  for (const text of words.slice(0, 3)) await oma.page.getByRole('article').filter({ hasText: text }).first().click()
  await oma.page.reload()
  await oma.page
    .getByRole('article')
    .filter({ hasText: words.at(-1)! })
    .first()
    .waitFor()
  for (const watch of watches) await watch.sawNothingRun()
})

onlyWithBrowser("a group's name and picture, and the notices about them, are text and nothing", async () => {
  const [omaId] = rogue.people.filter(({ signInName }) => signInName === 'oma').map(({ accountId }) => accountId)
  const group = await rogue.client.createGroup(markup.group, page, [omaId!])
  await say(rogue, group, 'look at our name')
  await openFrom(oma.page, markup.group)
  await rogue.client.renameGroup(group, markup.renamed)
  await oma.page.getByText(markup.renamed).first().waitFor()
  await rogue.client.setGroupPhoto(group, svg)
  await oma.page.goto(`${home.url}/c/${group}/members`)
  await shows(oma.page, markup.renamed)
  for (const watch of watches) await watch.sawNothingRun()
})

onlyWithBrowser('a picture that is a page is no picture, and no page either', async () => {
  await oma.page.goto(`${home.url}/people`)
  await shows(oma.page, markup.person)
  const read = `Promise.all([...document.querySelectorAll('img')].map(async (image) => {
    await image.decode().catch(() => null)
    return [image.src, image.naturalWidth]
  }))`
  const images = (await oma.page.evaluate(read)) as [string, number][]
  expect(images.length).toBeGreaterThan(0)
  for (const [address, width] of images) {
    expect([address.slice(0, 5), width]).toEqual(['blob:', 0])
    const opened = oma.context.waitForEvent('page')
    await oma.page.evaluate(`void open(${JSON.stringify(address)}, '_blank', 'noopener')`)
    const alone = await opened
    await alone.waitForLoadState()
    expect(await alone.evaluate('[document.contentType, document.title]')).toEqual(['text/plain', ''])
    await alone.close()
  }
  // These windows were ours.
  watches[0]!.windows.length = 0
  for (const watch of watches) await watch.sawNothingRun()
})

onlyWithBrowser('a member who introduces others under a name of markup shows text', async () => {
  const ghost = await joinByLink(remoteHome(home.url, null), links[2]!, 'ghost')
  await oma.page.goto(`${home.url}/people`)
  await shows(oma.page, 'Ghost')
  await rogue.until('the ghost in the family', ({ view }) =>
    view.conversations?.conversations.some(({ members }) =>
      members.some(({ accountId }) => accountId === ghost.accountId),
    ),
  )
  await openFrom(oma.page, 'The Lindqvists')
  await say(rogue, rogue.familyId, 'my chain is ready')
  await oma.page.getByRole('article').getByText('my chain is ready').waitFor()
  await introduce(ghost.accountId)
  await oma.page.goto(`${home.url}/people`)
  await shows(oma.page, markup.introduced)
  await oma.page.getByRole('link', { name: markup.introduced }).first().click()
  await oma.page.getByRole('heading', { name: markup.introduced }).waitFor()
  for (const watch of watches) await watch.sawNothingRun()
})

/** The rogue's own software would not write this. */
async function introduce(accountId: AccountId): Promise<void> {
  const { json } = await rogue.platform.request('/api/log?from=0', { method: 'GET' })
  // logId 32 | size 8 | root 32 …
  const signed = Buffer.from(fromBase64Url((json as LogPage).treeHead)!)
  const head = { size: Number(signed.readBigUInt64BE(32)), root: Uint8Array.from(signed.subarray(40, 72)) }
  const traitor = await Rogue.of(rogue, head)
  const chain = await traitor.chain(rogue.familyId)
  const people = [{ accountId, name: markup.introduced, photo: svg, sentAt: Date.now() }]
  const payload = encodePayload({ kind: 'introductions', people })
  const plaintext = traitor.plaintext('', { contentType: contentTypes.introductions, payload })
  const { body } = await sealWithChain(chain, { class: 1, msgId: systemRandom(16) }, plaintext)
  // Two lines of one device: the newer one ends the older.
  await rogue.client[Symbol.asyncDispose]()
  const socket = new RawSocket(home.url, { origin: home.url, cookie: rogue.cookies.header('/api/socket') })
  await socket.first('welcome')
  const post = {
    type: 'post' as const,
    requestId: 0,
    conversationId: rogue.familyId,
    body,
    envelopes: [],
    archive: null,
  }
  expect(await socket.ask(post)).toMatchObject({ type: 'posted' })
  socket.close()
  await rogue.restart()
  await rogue.inFamily()
}

onlyWithBrowser('an invite for markup, from a home of that name, greets with text', async () => {
  await oma.page.goto(`${home.url}/settings/home`)
  await oma.page.getByLabel('Name of your home').fill(markup.home)
  await oma.page.getByLabel('Name of your home').press('Enter')
  await shows(oma.page, markup.home)
  await oma.page.goto(`${home.url}/settings/invites`)
  await oma.page.getByText(markup.invitee).first().waitFor()
  const stranger = await browser.visitor('Stranger', 'phone')
  const watch = await Watch.on(stranger)
  await stranger.page.goto(links[1]!)
  await stranger.page.getByRole('heading', { level: 1, name: /^Hello/ }).waitFor()
  await stranger.page.getByText(markup.invitee).first().waitFor()
  await watch.sawNothingRun()
  for (const one of watches) await one.sawNothingRun()
})

const inAddress = [
  '<img src=x onerror=ran.push(1)>',
  'javascript:ran.push(1)',
  '"><script>ran.push(1)</script>',
  '%3Csvg%20onload%3Dran.push(1)%3E',
  '//evil.example/%2e%2e',
]
const routes = [
  '',
  'c/X',
  'c/X/members',
  'new',
  'people',
  'people/X',
  'settings',
  'settings/X',
  'i',
  'setup',
  'sign-in',
]

onlyWithBrowser('no address runs anything or leads away, whatever stands in its path, query and fragment', async () => {
  const stranger = await browser.visitor('Passer-by')
  const watch = await Watch.on(stranger)
  for (const { page: tab } of [oma, stranger]) {
    for (const [index, route] of routes.entries()) {
      const evil = inAddress[index % inAddress.length]!
      const path = route.replace('X', encodeURIComponent(evil))
      await tab.goto(`${home.url}/${path}?next=${encodeURIComponent(evil)}&name=${evil}#${evil}`)
      await tab.locator('h1, nav, main').first().waitFor()
      expect(new URL(tab.url()).origin).toBe(home.url)
    }
  }
  await watch.sawNothingRun()
  for (const one of watches) await one.sawNothingRun()
})

onlyWithBrowser('markup instead of a linking code is no linking code', async () => {
  await oma.page.goto(`${home.url}/settings/devices`)
  await oma.page.getByRole('link', { name: 'Link a device' }).click()
  await oma.page.getByRole('heading', { name: 'Link a device', level: 1 }).waitFor()
  for (const evil of inAddress) {
    await oma.page.getByLabel('Or paste its code as text').fill(evil)
    await oma.page.getByLabel('Or paste its code as text').press('Enter')
    await oma.page.getByText('This is not a whole linking code').waitFor()
  }
  for (const watch of watches) await watch.sawNothingRun()
})

onlyWithBrowser('pages that a member takes along show all of it as text', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tv-pages-'))
  try {
    for (const { conversationId } of rogue.view.conversations!.conversations) await knows(rogue, conversationId)
    const { files } = await takeAll(rogue)
    const reader = await browser.visitor('Reader')
    const watch = await Watch.on(reader)
    const pages = [...files].filter(([name]) => name.endsWith('.html'))
    for (const [name, content] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    const seen: string[] = []
    for (const [name] of pages) {
      await reader.page.goto(`file://${join(folder, name).split('/').map(encodeURIComponent).join('/')}`)
      seen.push(await reader.page.locator('body').innerText())
      await watch.sawNothingRun()
    }
    expect(pages.length).toBeGreaterThan(2)
    for (const text of [markup.person, markup.renamed, markup.home, ...words.slice(0, -1)]) {
      expect(seen.join('\n').replace(/\s+/g, ' ')).toContain(text.replace(/\s+/g, ' '))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
