import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

/** Null where there is no Chromium: tests that need one say so loudly and are skipped. */
export const chromiumPath = process.env['CHROMIUM'] ?? Bun.which('chromium')
if (!chromiumPath) console.warn('!!! SKIPPED: Chromium is missing, so nothing is tested in a browser')

const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
/** For what one person waits to see. Argon2id on a busy machine takes its time. */
const patienceMs = 20_000
const sizes = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } } as const

/** Ends with `await using`. */
export class TestBrowser implements AsyncDisposable {
  private constructor(private readonly browser: Browser) {}

  static async launch(): Promise<TestBrowser> {
    const args = ['--no-sandbox', '--disable-gpu', ...quiet]
    return new TestBrowser(await chromium.launch({ executablePath: chromiumPath!, args }))
  }

  /** Somebody's own browser profile with one tab open. */
  async visitor(
    name: string,
    size: keyof typeof sizes = 'desktop',
    theme: 'light' | 'dark' = 'light',
  ): Promise<Visitor> {
    const isPhone = size === 'phone'
    const context = await this.browser.newContext({
      viewport: sizes[size],
      colorScheme: theme,
      locale: 'en-GB',
      hasTouch: isPhone,
      deviceScaleFactor: isPhone ? 2 : 1,
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    context.setDefaultTimeout(patienceMs)
    return Visitor.open(name, context)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close()
  }
}

/** A browser profile, the page in front, and everything its browser complained of. */
export class Visitor {
  readonly complaints: string[] = []
  private constructor(
    readonly name: string,
    readonly context: BrowserContext,
    public page: Page,
  ) {}

  static async open(name: string, context: BrowserContext): Promise<Visitor> {
    const page = await context.newPage()
    const visitor = new Visitor(name, context, page)
    visitor.watch(page)
    return visitor
  }

  /** Another tab of the same profile; the first stays open. */
  async newTab(url: string): Promise<Page> {
    const page = await this.context.newPage()
    this.watch(page)
    await page.goto(url)
    return page
  }

  /** Forgives what a home that was stopped on purpose leaves in the console. */
  forgive(pattern: RegExp): void {
    const kept = this.complaints.filter((line) => !pattern.test(line))
    this.complaints.splice(0, this.complaints.length, ...kept)
  }

  private watch(page: Page): void {
    page.on('console', (line) => {
      if (line.type() === 'error') this.complaints.push(`${line.text()} (${line.location().url})`)
    })
    page.on('pageerror', (error) => this.complaints.push(String(error)))
  }
}
