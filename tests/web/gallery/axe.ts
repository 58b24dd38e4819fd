import { expect } from 'bun:test'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { type Look, Stage } from './browser.ts'

const axe = await Bun.file(Bun.resolveSync('axe-core/axe.min.js', import.meta.dir)).text()
const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }
// What passes is only counted, so it need not be described.
const options = JSON.stringify({ ...rules, resultTypes: ['violations'] })
const run = `axe.run(document, ${options}).then(({ violations, passes }) => ({ violations, passed: passes.length }))`
type Findings = Pick<AxeResults, 'violations'> & { passed: number }

type Visit = { address: string; look: Look; act?: ((page: Page) => Promise<void>) | undefined }

/** Looks at screens with axe-core, each look on a page of its own that is used again for the next screen. */
export class Audit {
  readonly #stages = new Map<string, Stage>()

  constructor(private readonly browser: Browser) {}

  /** What axe and the browser complain of on one screen. `alsoCheck` sees the page as axe saw it. */
  async findFaults({ address, look, act }: Visit, alsoCheck?: (page: Page) => Promise<void>): Promise<string[]> {
    const key = JSON.stringify(look)
    const stage = this.#stages.get(key) ?? (await Stage.open(this.browser, look))
    // Only a page that came through a screen is used again.
    this.#stages.delete(key)
    await stage.show(address)
    if (act) {
      await act(stage.page)
      await stage.settle()
    }
    // Through the debugger, so that the page's own policy stays as it is.
    await stage.page.evaluate(axe)
    const { violations, passed } = (await stage.page.evaluate(run)) as Findings
    expect(passed).toBeGreaterThan(5)
    await alsoCheck?.(stage.page)
    this.#stages.set(key, stage)
    const faults = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
    return [...faults, ...stage.complaints]
  }
}
