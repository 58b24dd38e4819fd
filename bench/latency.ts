// bun bench/latency.ts: Enter in one browser to the text on the other's screen, through the program as shipped.

import { TestBrowser, type Visitor } from '../tests/support/browser.ts'
import { openFamily, say } from '../tests/support/family.ts'
import { RunningProgram } from '../tests/support/program.ts'
import { Report, readOptions } from './support/report.ts'
import { median, percentile, round } from './support/statistics.ts'

const options = readOptions({ runs: 50 })
const report = new Report('latency', options.isJson)
const warmUps = 5

// One machine, one clock: both pages count milliseconds since the same beginning.
const now = 'performance.timeOrigin + performance.now()'

async function prepareReader({ page }: Visitor): Promise<void> {
  await page.evaluate(`{
    const shownAt = new Map()
    new MutationObserver(() => {
      for (const { textContent } of document.querySelectorAll('article .bubble-text')) {
        if (shownAt.has(textContent)) continue
        shownAt.set(textContent, new Promise((done) => requestAnimationFrame(() => done(${now}))))
      }
    }).observe(document.body, { childList: true, subtree: true })
    window.whenShown = async (text) => {
      while (!shownAt.has(text)) await new Promise((done) => setTimeout(done, 20))
      return shownAt.get(text)
    }
  }`)
}

async function measure(sender: Visitor, reader: Visitor, text: string): Promise<{ own: number; other: number }> {
  await sender.page.getByRole('textbox', { name: 'Message' }).fill(text)
  await sender.page.evaluate(
    `addEventListener('keydown', () => { window.pressedAt = ${now} }, { capture: true, once: true })`,
  )
  await sender.page.getByRole('textbox', { name: 'Message' }).press('Enter')
  const at = ({ page }: Visitor) => page.evaluate(`window.whenShown(${JSON.stringify(text)})`)
  const [own, other] = (await Promise.all([at(sender), at(reader)])) as number[]
  const pressedAt = (await sender.page.evaluate('window.pressedAt')) as number
  return { own: own! - pressedAt, other: other! - pressedAt }
}

await using home = await RunningProgram.start()
await using browser = await TestBrowser.launch()
const { oma, papa } = await openFamily(browser, home)
await say(papa.page, 'ready')
await prepareReader(oma)
await prepareReader(papa)

const runs: { own: number; other: number }[] = []
for (let count = 0; count < options.runs + warmUps; count++) {
  const run = await measure(oma, papa, `message ${count}`)
  if (count >= warmUps) runs.push(run)
}
const result = {
  messages: runs.length,
  ownMedianMs: round(median(runs.map(({ own }) => own)), 1),
  ownP95Ms: round(
    percentile(
      runs.map(({ own }) => own),
      0.95,
    ),
    1,
  ),
  otherMedianMs: round(median(runs.map(({ other }) => other)), 1),
  otherP95Ms: round(
    percentile(
      runs.map(({ other }) => other),
      0.95,
    ),
    1,
  ),
}
report.say(`own screen: median ${result.ownMedianMs} ms, p95 ${result.ownP95Ms} ms`)
report.say(
  `the other's screen: median ${result.otherMedianMs} ms, p95 ${result.otherP95Ms} ms over ${result.messages} messages`,
)
report.end(result)
