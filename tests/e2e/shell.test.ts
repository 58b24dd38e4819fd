import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const chromiumPath = Bun.which('chromium')
if (!chromiumPath) console.warn('!!! SKIPPED: Chromium is missing, so the page is not tested in a browser')

let folder: string
let server: Bun.Subprocess<'ignore', 'pipe', 'inherit'>
let browser: Browser
let context: BrowserContext
let page: Page
let url: string
// What runs in the page is text: this compiler knows no DOM.
const isDrawn = "document.querySelector('tv-app').childElementCount > 0"
const complaints: string[] = []

beforeAll(async () => {
  if (!chromiumPath) return
  folder = await mkdtemp(join(tmpdir(), 'tv-shell-'))
  const args = ['serve', '--data', join(folder, 'home'), '--host', '127.0.0.1', '--port', '0', '--tls', 'off']
  server = Bun.spawn([resolve('dist/trallivalli'), ...args], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
    env: {},
  })
  url = await readAddress(server.stdout)
  browser = await chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-background-networking'],
  })
  context = await browser.newContext()
  page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(url)
})
afterAll(async () => {
  await browser?.close()
  server?.kill()
  await server?.exited
  if (folder) await rm(folder, { recursive: true })
})

async function readAddress(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of stdout) {
    text += new TextDecoder().decode(chunk)
    const found = /http:\/\/localhost:\d+\//.exec(text)
    if (found) return found[0]
  }
  throw new Error(`the program ended early: ${text}`)
}

test.skipIf(!chromiumPath)('the page starts under its strict policy without one complaint', async () => {
  await page.waitForFunction(isDrawn)
  await page.evaluate('navigator.serviceWorker.ready.then(() => null)')
  expect(complaints.filter((text) => /policy|trusted|integrity|refused to/i.test(text))).toEqual([])
})

test.skipIf(!chromiumPath)('the policy really stops a string from becoming markup or a worker', async () => {
  for (const attempt of ["document.createElement('div').innerHTML = '<b>x</b>'", "new Worker('/sw.js')"]) {
    await expect(page.evaluate(attempt)).rejects.toThrow(/Trusted/)
  }
})

test.skipIf(!chromiumPath)('the shell opens without the server, on any of its pages', async () => {
  await page.reload()
  await page.waitForFunction('navigator.serviceWorker.controller !== null')
  await context.setOffline(true)
  for (const path of ['', 'settings']) {
    await page.goto(url + path)
    await page.waitForFunction(isDrawn)
  }
  await context.setOffline(false)
})
