import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { hasPublishedVectors, listPublished, publishedVectors } from './published.ts'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const canRun = hasPublishedVectors && existsSync(executablePath)
if (!canRun) console.warn('*** no Chromium or no published vectors: the crypto tests in a browser are SKIPPED ***')

/** Test files that run in a page as they are, with bun:test and the files' reader exchanged. */
const files = ['rfc', 'wycheproof-a', 'wycheproof-b', 'merkle', 'properties-a', 'bodies', 'session', 'validators']

async function bundle(name: string): Promise<string> {
  const shim = join(import.meta.dir, 'browser/bun-test.ts')
  const built = await Bun.build({
    entrypoints: ['in-page.ts'],
    files: {
      'in-page.ts': `import ${JSON.stringify(join(import.meta.dir, `${name}.test.ts`))}\nexport { runAll } from ${JSON.stringify(shim)}`,
    },
    target: 'browser',
    format: 'esm',
    plugins: [
      {
        name: 'in a page',
        setup(build) {
          build.onResolve({ filter: /^bun:test$/ }, () => ({ path: shim }))
          build.onResolve({ filter: /\/published\.ts$/ }, () => ({
            path: join(import.meta.dir, 'browser/published.ts'),
          }))
        },
      },
    ],
  })
  return built.outputs[0]!.text()
}

async function answer(request: Request, scripts: Map<string, string>): Promise<Response> {
  const { pathname } = new URL(request.url)
  const script = scripts.get(pathname)
  if (script) return new Response(script, { headers: { 'content-type': 'text/javascript' } })
  if (pathname.startsWith('/vectors/')) return new Response(Bun.file(join(publishedVectors, pathname.slice(9))))
  if (pathname.startsWith('/list/')) return Response.json(await listPublished(pathname.slice(6)))
  return new Response('<!doctype html><title>crypto</title>', { headers: { 'content-type': 'text/html' } })
}

test.skipIf(!canRun)(
  'the same test files pass in Chromium: published vectors, properties, bodies, sessions',
  async () => {
    const scripts = new Map<string, string>()
    for (const name of files) scripts.set(`/${name}.js`, await bundle(name))
    using server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: (request) => answer(request, scripts) })
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
    try {
      const page = await browser.newPage()
      await page.goto(server.url.href)
      for (const path of scripts.keys()) {
        const outcomes = await page.evaluate(async (script) => {
          const { runAll } = await import(script)
          return (await runAll()) as { name: string; failure: string | null }[]
        }, path)
        expect(outcomes.filter(({ failure }) => failure !== null)).toEqual([])
        expect(outcomes.length, path).toBeGreaterThan(1)
      }
    } finally {
      await browser.close()
    }
  },
  240_000,
)
