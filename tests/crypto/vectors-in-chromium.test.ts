import { expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { hasPublishedVectors, publishedVectors } from './published.ts'
import type { CaseResult } from './vectors/run.ts'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const canRun = hasPublishedVectors && existsSync(executablePath)
if (!canRun) console.warn('*** no Chromium or no published vectors: the vectors in a browser are SKIPPED ***')

async function bundleRunner(): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, 'vectors/run.ts')],
    target: 'browser',
    format: 'esm',
  })
  return built.outputs[0]!.text()
}

test.skipIf(!canRun)(
  'every frozen vector comes out in Chromium as it does here',
  async () => {
    const script = await bundleRunner()
    // Localhost is a secure context, so that WebCrypto is there.
    using server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request) =>
        new URL(request.url).pathname === '/run.js'
          ? new Response(script, { headers: { 'content-type': 'text/javascript' } })
          : new Response('<!doctype html><title>vectors</title>', { headers: { 'content-type': 'text/html' } }),
    })
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    try {
      const page = await browser.newPage()
      await page.goto(server.url.href)
      const folder = join(publishedVectors, 'trallivalli-1')
      const failures: string[] = []
      let passed = 0
      for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
        const text = await Bun.file(join(folder, name)).text()
        const results: CaseResult[] = await page.evaluate(async (json) => {
          const path = '/run.js'
          const runner = await import(path)
          return runner.runFile(JSON.parse(json))
        }, text)
        for (const result of results) {
          if (result.failure === null) passed++
          else failures.push(`${name}: ${result.name}: ${result.failure}`)
        }
      }
      expect(failures).toEqual([])
      expect(passed).toBeGreaterThan(400)
    } finally {
      await browser.close()
    }
  },
  120_000,
)
