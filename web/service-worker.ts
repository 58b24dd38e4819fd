/// <reference lib="webworker" />
declare const self: ServiceWorkerGlobalScope
declare const __BUILD__: string
declare const __PRECACHE__: string[]

const prefix = 'shell-'
const shell = `${prefix}${__BUILD__}`
const isHashed = (path: string) => path.startsWith('/assets/')

self.addEventListener('install', (event) => event.waitUntil(fillShell()))
self.addEventListener('activate', (event) => event.waitUntil(dropOldShells()))
self.addEventListener('message', (event) => {
  if (event.data === 'skip-waiting') void self.skipWaiting()
})
self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin || !isOfShell(request, url)) return
  event.respondWith(request.mode === 'navigate' ? answerNavigation(request) : answerAsset(request, url))
})

// Everything that is not plainly the shell (the API, downloads, certificates) goes to the server untouched.
function isOfShell(request: Request, url: URL): boolean {
  if (url.pathname.startsWith('/api/') || url.pathname === '/sw.js') return false
  if (request.mode === 'navigate') return !/\.\w{1,16}$/.test(url.pathname) && url.pathname !== '/health'
  return isHashed(url.pathname) || __PRECACHE__.includes(url.pathname)
}

async function fillShell(): Promise<void> {
  const cache = await caches.open(shell)
  await Promise.all(__PRECACHE__.map((path) => fillOne(cache, path)))
}

// A hashed file that an older shell already holds is not fetched again: an update costs only the difference.
async function fillOne(cache: Cache, path: string): Promise<void> {
  const known = isHashed(path) ? await caches.match(path) : undefined
  const response = known ?? (await fetch(path, { cache: isHashed(path) ? 'default' : 'no-cache' }))
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  await cache.put(path, response)
}

async function dropOldShells(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(
    names.filter((name) => name.startsWith(prefix) && name !== shell).map((name) => caches.delete(name)),
  )
  await self.clients.claim()
}

async function answerNavigation(request: Request): Promise<Response> {
  return (await caches.match('/', { cacheName: shell })) ?? fetch(request)
}

// Hashed files never change, so one from any shell will do: a page of the previous build keeps working while the
// new shell waits. Lazy chunks outside the list are kept when they are first used.
async function answerAsset(request: Request, url: URL): Promise<Response> {
  const known = await (isHashed(url.pathname) ? caches.match(request) : caches.match(request, { cacheName: shell }))
  if (known) return known
  const response = await fetch(request)
  if (response.ok && response.status === 200 && isHashed(url.pathname)) await keep(request, response.clone())
  return response
}

async function keep(request: Request, response: Response): Promise<void> {
  const cache = await caches.open(shell)
  await cache.put(request, response)
}

export type {}
