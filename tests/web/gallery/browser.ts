import { type Browser, type BrowserContext, chromium, type Page, type Request } from 'playwright-core'

export const desktop = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }
export type Look = { size?: typeof desktop; theme?: 'light' | 'dark'; locale?: string }

const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] })
}

/** Opens a screen of the gallery at a fixed hour and waits until it stands still; what the browser complains of is collected. */
export async function openScreen(browser: Browser, address: string, look: Look = {}) {
  const stage = await Stage.open(browser, look)
  await stage.show(address)
  return { page: stage.page, complaints: stage.complaints, close: () => stage.close() }
}

/** One page of one look, for one screen after the other: each is a new document that remembers nothing of the last. */
export class Stage {
  readonly complaints: string[] = []
  readonly #scripts = new Set<Request>()

  private constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on('console', (line) => line.type() === 'error' && this.complaints.push(line.text()))
    page.on('pageerror', (error) => this.complaints.push(String(error)))
    page.on('request', (request) => request.resourceType() === 'script' && this.#scripts.add(request))
    page.on('requestfinished', (request) => this.#scripts.delete(request))
    page.on('requestfailed', (request) => this.#scripts.delete(request))
  }

  static async open(browser: Browser, { size = desktop, theme = 'light', locale = 'en-GB' }: Look): Promise<Stage> {
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
    await page.addInitScript(
      `if (location.protocol === 'http:') for (const memory of [localStorage, sessionStorage]) memory.clear()`,
    )
    return new Stage(context, page)
  }

  async show(address: string): Promise<void> {
    await this.page.unrouteAll({ behavior: 'ignoreErrors' })
    this.complaints.length = 0
    this.#scripts.clear()
    // The same address once more would only scroll to its fragment.
    if (documentOf(this.page.url()) === documentOf(address)) await this.page.goto('about:blank')
    await this.page.goto(address)
    await this.settle()
  }

  /** Until no code is on its way and nothing changed any more for some frames. */
  async settle(): Promise<void> {
    do await this.page.evaluate(standStill)
    while (this.#scripts.size > 0)
  }

  close(): Promise<void> {
    return this.context.close()
  }
}

const documentOf = (address: string) => address.split('#')[0]

const stillMs = 100
const standStill = `new Promise((done) => {
  let changedAt = performance.now()
  const observer = new MutationObserver(() => { changedAt = performance.now() })
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
  const isMoving = () => document.getAnimations().some(({ playState }) => playState === 'running')
  const isLoading = () => [...document.images].some(({ complete }) => !complete)
  const isStaged = () => globalThis.gallery?.isStaged && document.querySelector('h1') !== null
  const look = () => {
    if (!isStaged() || isMoving() || isLoading()) changedAt = performance.now()
    if (performance.now() - changedAt < ${stillMs}) return requestAnimationFrame(look)
    observer.disconnect()
    done()
  }
  requestAnimationFrame(look)
})`
