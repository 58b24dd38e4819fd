import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { chromiumPath } from '../tests/support/browser.ts'
import { type Costs, measureCosts } from './support/crypto-costs.ts'
import { Report, readOptions } from './support/report.ts'
import { round } from './support/statistics.ts'

// What the protocol costs on this machine, beside what it cost when it was designed (docs/protocol.md, section 1).
// `aes_gcm_300_alone`, one after the other, has nothing beside it: on an idle virtual processor it is the time another thread takes to wake.

/** Microseconds, [Bun, Chromium]. */
const designed: Record<string, [number, number]> = {
  ...{ x25519: [218, 121], ed25519_sign: [89, 60], ed25519_verify: [250, 140], mlkem768_encaps: [91, 208] },
  ...{ aes_gcm_300: [28, 15], group_send: [266, 333], group_receive: [376, 276], archive_read: [94, 93] },
  ...{ first_fan_out_89: [185_000, 156_000], rekey_89: [11_000, 7_000], argon2id_64mib: [303_000, 263_000] },
}
const allowedRatio = 1.5

async function measureInChromium(): Promise<Costs> {
  const entry = fileURLToPath(new URL('./support/crypto-costs.ts', import.meta.url))
  const built = await Bun.build({ entrypoints: [entry], target: 'browser', format: 'esm' })
  const script = await built.outputs[0]!.text()
  // Localhost is a secure context, so that WebCrypto is there.
  using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) =>
      new URL(request.url).pathname === '/costs.js'
        ? new Response(script, { headers: { 'content-type': 'text/javascript' } })
        : new Response('<!doctype html><title>costs</title>', { headers: { 'content-type': 'text/html' } }),
  })
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    await page.goto(server.url.href)
    return (await page.evaluate("import('/costs.js').then((costs) => costs.measureCosts())")) as Costs
  } finally {
    await browser.close()
  }
}

const { isJson } = readOptions({ runs: 1 })
const report = new Report('crypto', isJson)
const measured: [string, Costs, 0 | 1][] = [['bun', await measureCosts(), 0]]
if (chromiumPath) measured.push(['chromium', await measureInChromium(), 1])
else report.say('Chromium is left out: it is not installed')

const result: Record<string, Record<string, { us: number; ratio: number | null }>> = {}
for (const [where, costs, column] of measured) {
  const rows = Object.entries(costs).map(([name, us]) => {
    const design = designed[name]?.[column]
    const ratio = design ? round(us / design, 2) : null
    const mark = ratio !== null && ratio > allowedRatio ? '  <- slower than it may be' : ''
    const beside = ratio === null ? '' : `, ${ratio} of the design${mark}`
    report.say(`${where.padEnd(8)} ${name.padEnd(18)} ${String(round(us)).padStart(8)} us${beside}`)
    return [name, { us: round(us), ratio }]
  })
  result[where] = Object.fromEntries(rows)
}
report.end({ ...result, allowed_ratio: allowedRatio })
process.exit(0)
