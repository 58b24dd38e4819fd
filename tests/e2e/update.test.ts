import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type Server, serve } from 'bun'
import { chromiumPath, TestBrowser, type Visitor } from '../support/browser.ts'
import { foundHome } from '../support/family.ts'
import { RunningProgram } from '../support/program.ts'

setDefaultTimeout(120_000)

// The home is met through a line on which its web UI can be swapped for another build, as a new executable would.
const onlyWithBrowser = test.skipIf(!chromiumPath)
let home: RunningProgram
let browser: TestBrowser
let line: Server<undefined>
let oma: Visitor
let suffix = ''

beforeAll(async () => {
  if (!chromiumPath) return
  home = await RunningProgram.start()
  line = serve({ hostname: '127.0.0.1', port: 0, fetch: forward })
  browser = await TestBrowser.launch()
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await line?.stop(true)
  await home?.[Symbol.asyncDispose]()
})

/** Another build: every part of the page has another name, and the service worker another shell. */
async function forward(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const isOld = /^\/assets\//.test(pathname) && !pathname.includes(suffix)
  if (isOld) return new Response('gone', { status: 404 })
  const headers = new Headers(request.headers)
  headers.set('accept-encoding', 'identity')
  headers.delete('if-none-match')
  headers.set('host', new URL(home.url).host)
  const path = suffix ? pathname.replace(suffix, '') : pathname
  const body = request.body ? await request.arrayBuffer() : null
  const answer = await fetch(home.url + path + search, { method: request.method, headers, body })
  const type = answer.headers.get('content-type') ?? ''
  if (!suffix || !/html|javascript/.test(type)) return answer
  const text = (await answer.text())
    .replaceAll(/\/assets\/([\w-]+)\.(js|css)/g, `/assets/$1${suffix}.$2`)
    .replaceAll(
      /"shell-([0-9a-f]{12})"|`shell-([0-9a-f]{12})`/g,
      (whole) => `${whole.slice(0, -1)}${suffix}${whole.slice(-1)}`,
    )
  return new Response(text, { status: answer.status, headers: answer.headers })
}

const shells = "caches.keys().then((names) => names.filter((name) => name.startsWith('shell-')))"

onlyWithBrowser('every screen opens without the home, in every language', async () => {
  oma = await browser.visitor('Oma')
  await foundHome(oma, home, { invite: [] })
  await oma.page.evaluate('navigator.serviceWorker.ready.then(() => null)')
  await oma.page.reload()
  await oma.page.waitForFunction('navigator.serviceWorker.controller !== null')
  await oma.context.setOffline(true)
  await oma.page.goto(`${home.url}/settings/appearance`)
  await oma.page.getByText('Deutsch').first().click()
  await oma.page.getByRole('heading', { level: 1, name: 'Darstellung' }).waitFor()
  await oma.context.setOffline(false)
  await oma.page.getByText('English').first().click()
})

onlyWithBrowser('a page that is opened again takes the newer build', async () => {
  const url = `http://localhost:${line.port}`
  const guest = await browser.visitor('Stranger')
  const arrive = () => guest.page.getByRole('heading', { level: 1, name: 'Welcome back' }).waitFor()
  await guest.page.goto(url)
  await arrive()
  await guest.page.evaluate('navigator.serviceWorker.ready.then(() => null)')
  await guest.page.reload()
  await arrive()
  suffix = '-next'
  // The first visit finds that there is a newer build, one soon after it begins with that.
  let isNew = false
  for (let visit = 0; visit < 5 && !isNew; visit++) {
    await guest.page.goto(url)
    isNew = await comesAnew(guest)
  }
  expect(isNew).toBe(true)
  await arrive()
  expect(await guest.page.evaluate(shells)).toHaveLength(1)
})

/** The page may reload itself at any time, which ends whatever is asked of it. */
async function comesAnew({ page }: Visitor): Promise<boolean> {
  for (const deadline = performance.now() + 3_000; performance.now() < deadline; await Bun.sleep(50)) {
    if ((await page.content().catch(() => '')).includes(suffix)) return true
  }
  return false
}
