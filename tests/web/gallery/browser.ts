import { type Browser, chromium, type Page } from 'playwright-core'

export const desktop = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }
export type Look = { size?: typeof desktop; theme?: 'light' | 'dark'; locale?: string }

const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] })
}

/** Opens a screen of the gallery at a fixed hour and waits until it stands still; what the browser complains of is collected. */
export async function openScreen(
  browser: Browser,
  address: string,
  { size = desktop, theme = 'light', locale = 'en-GB' }: Look = {},
) {
  const isPhone = size.width < 600
  const context = await browser.newContext({
    viewport: size,
    colorScheme: theme,
    locale,
    reducedMotion: 'reduce',
    deviceScaleFactor: isPhone ? 2 : 1,
    hasTouch: isPhone,
  })
  // Sooner than the test's own limit, which would take the browser down with it.
  context.setDefaultTimeout(12_000)
  const page = await context.newPage()
  await page.clock.setFixedTime(new Date(2026, 10, 18, 9, 36))
  const complaints: string[] = []
  page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(address)
  await settle(page)
  return { page, complaints, close: () => context.close() }
}

async function settle(page: Page): Promise<void> {
  await page.waitForSelector('h1', { state: 'attached' })
  await page.waitForTimeout(350)
}
