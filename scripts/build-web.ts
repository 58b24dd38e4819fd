import { CryptoHasher, Glob } from 'bun'
import { type Bundle, bundle, bundleServiceWorker, closure, shortHash } from './bundle.ts'
import { buildCss } from './css.ts'
import { emit, type WebFile } from './emit.ts'

const pageEntry = 'web/main.ts'
const door = 'web/features/welcome/tv-welcome.ts'
const clientWorker = 'web/worker.ts'
const argon2Worker = 'web/argon2-worker.ts'
// A lazy chunk of the page above this size is fetched when it is first needed, not kept ahead for offline use.
const precacheMaxBytes = 160_000

export interface WebBuild {
  build: string
  files: WebFile[]
  entry: string
  preloads: string[]
  styles: string
  precache: string[]
}

export async function buildWeb({ production }: { production: boolean }): Promise<WebBuild> {
  const workers = await buildWorkers(production)
  const [page, css] = await Promise.all([
    bundle([pageEntry], production, workerUrls(workers)),
    buildCss('web/styles.css', production),
  ])
  const entry = page.entries.get(pageEntry)!
  const styles = `/assets/styles-${shortHash(css)}.css`
  const preloads = [...closure(page, entry, false)].filter((url) => url !== entry)

  const files = new Map<string, WebFile>()
  const add = (url: string, body: string | Uint8Array, isHashed: boolean) =>
    files.set(url, { url, body: typeof body === 'string' ? new TextEncoder().encode(body) : body, isHashed })
  for (const [url, body] of [...workers.files, ...page.files]) add(url, body, true)
  add(styles, css, true)
  for (const name of await publicFiles()) add(`/${name}`, await Bun.file(`web/public/${name}`).bytes(), false)

  const boot = await bootScript(production)
  add('/index.html', await renderIndex({ boot, door: doorFiles(page, entry), entry, preloads, styles }), false)

  const build = shortHash([...files.values()].map((file) => file.url + shortHash(file.body)).join())
  const precache = listPrecache({ files, workers, page, entry, styles })
  const define = { __BUILD__: JSON.stringify(build), __PRECACHE__: JSON.stringify(precache) }
  add('/sw.js', await bundleServiceWorker('web/service-worker.ts', production, define), false)

  const inlineScriptHash = `sha256-${new CryptoHasher('sha256').update(boot).digest('base64')}`
  await emit([...files.values()], { build, inlineScriptHash }, production)
  return { build, files: [...files.values()], entry, preloads, styles, precache }
}

// Both workers in one build, so that libsodium is one chunk that they share.
async function buildWorkers(production: boolean): Promise<Bundle> {
  const entries: string[] = []
  for (const entry of [clientWorker, argon2Worker]) if (await Bun.file(entry).exists()) entries.push(entry)
  return bundle(entries, production, {})
}

function workerUrls(workers: Bundle): Record<string, string> {
  return {
    __WORKER_URL__: JSON.stringify(workers.entries.get(clientWorker) ?? ''),
    __ARGON2_WORKER_URL__: JSON.stringify(workers.entries.get(argon2Worker) ?? ''),
  }
}

async function publicFiles(): Promise<string[]> {
  return (await Array.fromAsync(new Glob('**/*').scan('web/public'))).sort()
}

async function bootScript(production: boolean): Promise<string> {
  const source = await Bun.file('web/theme-boot.js').text()
  if (!production) return source.trim()
  return new Bun.Transpiler({ loader: 'js', minifyWhitespace: true }).transformSync(source).trim()
}

/** What a stranger sees first, beyond what everybody fetches. */
function doorFiles(page: Bundle, entry: string): string {
  const known = closure(page, entry, false)
  return [...closure(page, page.entries.get(door)!, false)].filter((url) => !known.has(url)).join(' ')
}

async function renderIndex(page: {
  boot: string
  door: string
  entry: string
  preloads: string[]
  styles: string
}): Promise<string> {
  const head = [
    `<script data-door="${page.door}">${page.boot}</script>`,
    `<link rel="stylesheet" href="${page.styles}" />`,
    `<script type="module" src="${page.entry}"></script>`,
    ...page.preloads.map((url) => `<link rel="modulepreload" href="${url}" />`),
  ]
  return (await Bun.file('web/index.html').text()).replace('<!--head-->', () => head.join('\n    '))
}

interface Shell {
  files: Map<string, WebFile>
  workers: Bundle
  page: Bundle
  entry: string
  styles: string
}

function listPrecache({ files, workers, page, entry, styles }: Shell): string[] {
  const list = new Set<string>(['/', styles, '/manifest.webmanifest', '/icon-48.png', ...workers.files.keys()])
  for (const url of closure(page, entry, false)) list.add(url)
  for (const [url, body] of page.files) if (body.length <= precacheMaxBytes) list.add(url)
  const missing = [...list].filter((url) => url !== '/' && !files.has(url))
  if (missing.length > 0) throw new Error(`to be kept for a page without network, but not built: ${missing.join(', ')}`)
  return [...list]
}
