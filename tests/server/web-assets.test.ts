import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { chooseEncoding, type ServeWebAsset, serveWebAssets, type WebAsset } from '../../src/server/web-assets.ts'

const page = '<!doctype html><title>home</title>'
const script = 'console.log("hello")'.repeat(20)
let folder: string
let serve: ServeWebAsset

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tv-assets-'))
  const assets = {
    '/index.html': await store('index', page, { type: 'text/html; charset=utf-8', isHashed: false }),
    '/assets/main-1a2b.js': await store('main', script, { type: 'text/javascript; charset=utf-8', isHashed: true }),
    '/sw.js': await store('sw', script, { type: 'text/javascript; charset=utf-8', isHashed: false }),
  }
  serve = serveWebAssets({ assets, build: 'b1', inlineScriptHash: 'sha256-abc=' })
})
afterAll(() => rm(folder, { recursive: true }))

async function store(name: string, body: string, about: Pick<WebAsset, 'type' | 'isHashed'>): Promise<WebAsset> {
  const path = join(folder, name)
  await Bun.write(path, body)
  await Bun.write(`${path}.br`, brotliCompressSync(body))
  await Bun.write(`${path}.gz`, gzipSync(body))
  return { ...about, hash: name, raw: path, br: `${path}.br`, gzip: `${path}.gz` }
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return serve(new Request(`https://home.local${path}`, { headers, method }))
}

describe('the web UI', () => {
  test('answers a navigation to any page with the one page, under the policy', async () => {
    for (const path of ['/', '/settings', '/c/abc/def', '/setup']) {
      const response = await get(path)
      expect(await response!.text()).toBe(page)
      expect(response!.headers.get('cache-control')).toBe('no-cache')
      const policy = response!.headers.get('content-security-policy')!
      expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval' 'sha256-abc='")
      expect(policy).toContain("style-src 'self';")
      expect(policy).not.toContain('unsafe-inline')
      expect(policy).toContain("require-trusted-types-for 'script'")
      expect(policy).toContain("frame-ancestors 'none'")
    }
  })

  test('never answers a missing file, or the API, with the page', async () => {
    for (const path of [
      '/assets/main-old.js',
      '/assets/',
      '/assets',
      '/icon-999.png',
      '/api/nothing',
      '/api',
      '/index.html',
    ]) {
      const response = await get(path)
      expect(response).toBeNull()
    }
    expect(await get('/settings', { 'sec-fetch-mode': 'cors' })).toBeNull()
    expect(await get('/', {}, 'POST')).toBeNull()
  })

  test('lets browsers keep hashed files for ever and ask again for the others', async () => {
    expect((await get('/assets/main-1a2b.js'))!.headers.get('cache-control')).toContain('immutable')
    expect((await get('/sw.js'))!.headers.get('cache-control')).toBe('no-cache')
  })

  test('sends each encoding under a tag of its own, and 304 for that tag only', async () => {
    const tags = new Set<string>()
    for (const [accept, encoding] of [
      ['br', 'br'],
      ['gzip', 'gzip'],
      ['identity', null],
    ] as const) {
      const response = (await get('/assets/main-1a2b.js', { 'accept-encoding': accept }))!
      expect(response.headers.get('content-encoding')).toBe(encoding)
      expect(response.headers.get('vary')).toBe('Accept-Encoding')
      const etag = response.headers.get('etag')!
      expect(etag).toMatch(/^"[\w-]+"$/)
      tags.add(etag)
      const again = (await get('/assets/main-1a2b.js', {
        'accept-encoding': accept,
        'if-none-match': `"x", W/${etag}`,
      }))!
      expect(again.status).toBe(304)
    }
    expect(tags.size).toBe(3)
    const other = await get('/assets/main-1a2b.js', { 'accept-encoding': 'gzip', 'if-none-match': '"main-br"' })
    expect(other!.status).toBe(200)
  })

  test('what it sends unpacks to what was built', async () => {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: async (request) => (await serve(request)) ?? new Response(),
    })
    try {
      for (const accept of ['br', 'gzip', 'identity']) {
        const response = await fetch(new URL('/assets/main-1a2b.js', server.url), {
          headers: { 'accept-encoding': accept },
        })
        expect(await response.text()).toBe(script)
      }
    } finally {
      await server.stop(true)
    }
  })
})

// A client of our own: others tidy a path up before they ask for it.
function askRaw(port: number, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Mode: cors\r\nConnection: close\r\n\r\n`),
    )
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

test('no path leads out of what was built', async () => {
  const secret = 'the claim token'
  await Bun.write(join(folder, 'secret'), secret)
  const server = Bun.serve({
    ...{ port: 0, hostname: '127.0.0.1' },
    fetch: async (request) => (await serve(request)) ?? new Response('nothing', { status: 404 }),
  })
  try {
    expect(await askRaw(server.port!, '/assets/main-1a2b.js')).toContain('console.log')
    const climbs = [
      '../',
      '..%2f',
      '%2e%2e/',
      '%2e%2e%2f',
      '..\\',
      '..%5c',
      '....//',
      '..;/',
      '%c0%ae%c0%ae/',
      '..%00/',
    ]
    for (const climb of climbs) {
      for (const start of ['/', '/assets/', '/assets/main-1a2b.js/', '//', `/${folder}/`]) {
        for (const end of ['secret', 'secret%00.js', `${folder}/secret`, 'etc/passwd']) {
          const answer = await askRaw(server.port!, start + climb.repeat(4) + end)
          expect(answer).not.toContain(secret)
          expect(answer).not.toContain('root:')
          expect(answer).toMatch(/^HTTP\/1\.1 4\d\d/)
        }
      }
    }
  } finally {
    await server.stop(true)
  }
})

test.each([
  ['', 'raw'],
  ['gzip, deflate, br', 'br'],
  ['gzip;q=1.0, br;q=0.5', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['*', 'br'],
  ['*;q=0', 'raw'],
  ['br;q=0, *', 'gzip'],
  ['GZIP', 'gzip'],
  ['zstd', 'raw'],
  ['br;q=nonsense', 'raw'],
] as const)('Accept-Encoding "%s" gets %s', (accept, encoding) => {
  expect(chooseEncoding({ br: 'x', gzip: 'y' }, accept)).toBe(encoding)
})

test('an encoding that was not worth keeping is never chosen', () => {
  expect(chooseEncoding({}, 'br, gzip')).toBe('raw')
})
