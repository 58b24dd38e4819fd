import { hasDrafts } from './drafts.ts'
import { recallInTab, rememberInTab } from './features/welcome/session-memory.ts'

/** Nothing is under way yet in a page that has just begun. */
const fresh = 3_000
const key = 'tv-reloaded-at'
const again = 30_000

/**
 * Lets a newer build take over while nobody looks. Until then a page has all files of its own build in the cache of
 * its service worker; a page that lost them all the same begins again.
 */
export function followUpdates(registration: ServiceWorkerRegistration): void {
  const { serviceWorker } = navigator
  let isControlled = serviceWorker.controller !== null
  let isOutdated = false
  const step = () => {
    if (!mayReload()) return
    if (isOutdated) location.reload()
    else registration.waiting?.postMessage('skip-waiting')
  }
  serviceWorker.addEventListener('controllerchange', () => {
    isOutdated = isControlled
    isControlled = true
    step()
  })
  document.addEventListener('visibilitychange', step)
  if (isControlled) step()
}

function mayReload(): boolean {
  if (performance.now() < fresh) return true
  const isWriting = [...document.querySelectorAll('input, textarea')].some((field) => (field as HTMLInputElement).value)
  const isInside = document.querySelector('tv-shell') !== null
  return document.visibilityState === 'hidden' && isInside && !isWriting && !hasDrafts()
}

const lost = /dynamically imported module|importing a module script failed/i

/** A part of the page that is nowhere any more is of a former build. */
export function reloadWhenPartsAreLost(): void {
  addEventListener('unhandledrejection', ({ reason }) => {
    if (!lost.test(String(reason))) return
    if (Date.now() - Number(recallInTab(key)) < again) return
    void renew()
  })
}

// With the home away nothing is lost but the line: what is cached stays.
async function renew(): Promise<void> {
  const isHomeThere = await fetch('/health', { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  )
  if (!isHomeThere) return
  rememberInTab(key, String(Date.now()))
  await (await navigator.serviceWorker?.getRegistration())?.unregister()
  location.reload()
}
