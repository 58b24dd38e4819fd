import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { desktop, type Look, launchBrowser, openScreen, phone } from './gallery/browser.ts'
import { serveGallery } from './gallery/build.ts'
import { conversationId } from './gallery/page/cast.ts'
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
    const { page, complaints, close } = await openScreen(browser, new URL(path, server.url).href, look)
    await run(page)
    expect(complaints).toEqual([])
    await close()
  }, 30_000)
}

/** Asks through the debugger: the page's own policy forbids code made of text. */
async function until(page: Page, condition: string): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await page.evaluate(condition)))
    if (performance.now() > deadline) throw new Error(`never came true: ${condition}`)
}

const focused = (page: Page) => page.evaluate('document.activeElement.outerHTML') as Promise<string>
const notes = conversationId('notes')

onScreen(
  'Enter sends on a desktop, Shift and Enter begin a new line',
  screens['empty-chat'],
  { size: desktop },
  async (page) => {
    const field = page.getByRole('textbox', { name: 'Message' })
    await field.click()
    await page.keyboard.type('First')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('Second')
    await page.keyboard.press('Enter')
    expect(await page.locator('.bubble-text').last().innerText()).toBe('First\nSecond')
    expect(await field.inputValue()).toBe('')
    await page.getByText('Delivered').waitFor({ state: 'attached' })
  },
)

onScreen(
  'a message never becomes markup, and only web and mail addresses become links',
  screens['empty-chat'],
  { size: desktop },
  async (page) => {
    await page
      .getByRole('textbox', { name: 'Message' })
      .fill('<img src=x onerror=alert(1)> javascript:alert(1) https://family.example/a?b=c oma@family.org')
    await page.keyboard.press('Enter')
    const bubble = page.locator('.bubble-text').last()
    expect(await bubble.locator('img').count()).toBe(0)
    expect(await bubble.locator('a').evaluateAll((links: { href: string }[]) => links.map(({ href }) => href))).toEqual(
      ['https://family.example/a?b=c', 'mailto:oma@family.org'],
    )
  },
)

onScreen(
  'what was begun and not sent waits in the composer and shows in the list',
  screens['empty-chat'],
  { size: desktop },
  async (page) => {
    await page.getByRole('textbox', { name: 'Message' }).fill('Bike pump')
    await page.locator(`[data-conversation="${conversationId('family')}"]`).click()
    const row = page.locator(`[data-conversation="${notes}"]`)
    await row.getByText('Draft').waitFor()
    await row.click()
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('Bike pump')
  },
)

onScreen(
  'on a phone a chat takes the focus to its title, and the way back to its row',
  '/',
  { size: phone },
  async (page) => {
    await page.locator(`[data-conversation="${conversationId('family')}"]`).click()
    await until(page, `document.activeElement.matches('h1[data-pane-title]')`)
    expect(await focused(page)).toContain('The Lindqvists')
    await page.getByRole('link', { name: 'Back' }).click()
    await until(page, `document.activeElement.matches('[data-conversation="${conversationId('family')}"]')`)
  },
)

onScreen('a chat that is opened again shows its very end', '/', { size: desktop }, async (page) => {
  const open = (name: string) => page.locator(`[data-conversation="${conversationId(name)}"]`).click()
  const fromEnd = `(() => {
    const { scrollHeight, scrollTop, clientHeight } = document.querySelector('.thread-scroll')
    return Math.round(scrollHeight - scrollTop - clientHeight)
  })()`
  await open('school')
  await page.getByText('Message 99999.').waitFor()
  await page.getByRole('textbox', { name: 'Message' }).fill('Measured')
  await page.keyboard.press('Enter')
  await page.getByText('Delivered').last().waitFor({ state: 'attached' })
  for (let turn = 0; turn < 3; turn++) {
    await open('family')
    await page.locator('[data-message^=m1-]').first().waitFor()
    await open('school')
    await page.locator('[data-message^=long]').last().waitFor()
    await page.waitForTimeout(300)
    expect(await page.evaluate(fromEnd)).toBe(0)
  }
})

onScreen('arrow keys move through the conversations', '/', { size: desktop }, async (page) => {
  await page.locator('tv-conversations .row').first().focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  expect(await focused(page)).toContain('Grandpa Joe')
  await page.keyboard.press('End')
  expect(await focused(page)).toContain('Book club')
})

onScreen('search finds chats and people without regard to case and accents', '/', { size: desktop }, async (page) => {
  await page.getByRole('searchbox').fill('GRÁNDPA')
  expect(await page.locator('tv-conversations .row-title').allInnerTexts()).toEqual(['Grandpa Joe'])
  await page.getByRole('searchbox').fill('noor')
  await page.getByRole('heading', { name: 'People' }).waitFor()
})

onScreen('a refusal becomes words with a next step', screens.home, { size: desktop }, async (page) => {
  await page.getByLabel('Name of your home').fill('The Lindqvists and friends')
  await page.getByRole('button', { name: 'Save' }).click()
  expect(await page.getByRole('alert').innerText()).toContain('Check your connection and try again')
})

onScreen(
  'what cannot be taken back is asked first, and may be cancelled',
  screens.members,
  { size: desktop },
  async (page) => {
    await page.getByRole('button', { name: 'Leave group' }).click()
    await page.getByRole('dialog', { name: 'Leave this group?' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    expect(page.url()).toContain('/members')
  },
)

onScreen(
  'a photo is cropped and used, and the page is free again',
  screens.profile,
  { size: desktop },
  async (page) => {
    const picture = { name: 'me.png', mimeType: 'image/png', buffer: await page.screenshot() }
    await page.locator('tv-photo-field input[type=file]').setInputFiles(picture)
    await page.getByRole('button', { name: 'Use photo' }).click()
    await page.getByRole('button', { name: 'Change photo' }).waitFor()
    await page.waitForTimeout(200)
    expect(await page.locator('dialog[open]').count()).toBe(0)
  },
)

onScreen(
  'German is complete and chosen by the browser’s language',
  '/',
  { size: desktop, locale: 'de-DE' },
  async (page) => {
    await page.getByPlaceholder('Chats und Leute suchen').waitFor()
    expect(await page.evaluate('document.documentElement.lang')).toBe('de')
    await page.getByText('Lena schreibt').waitFor()
  },
)

onScreen(
  'a long conversation never holds more than 160 rows, and goes back to its end',
  `/c/${conversationId('school')}`,
  { size: desktop },
  async (page) => {
    await page.locator('[data-message]').first().waitFor()
    const first = `Number(/Message (\\d+)/.exec(document.querySelector('.bubble-text').textContent)[1])`
    // Twelve pages of forty.
    while (Number(await page.evaluate(first)) > 99_999 - 12 * 40) {
      const before = await page.evaluate(first)
      await page.evaluate(`document.querySelector('.thread-scroll').scrollTop = 0`)
      await until(page, `${first} !== ${before}`)
      expect(await page.locator('[data-message]').count()).toBeLessThanOrEqual(160)
    }
    expect(await page.locator('[data-message]').count()).toBe(160)
    await page.getByRole('button', { name: 'To the newest message' }).click()
    await page.getByText('Message 99999.').waitFor()
  },
)
