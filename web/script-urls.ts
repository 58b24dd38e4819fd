import type { WorkerStart } from './worker.ts'

// The page's only Trusted Types policy of our own: it lets exactly these scripts be started, and no other address.
// Its name stands in src/server/content-security-policy.ts; the client's worker has its own in argon2-url.ts.
const allowed = new Set([__WORKER_URL__, '/sw.js'])

function checkScriptUrl(url: string): string {
  if (!allowed.has(url)) throw new TypeError('not a script of this app')
  return url
}

interface ScriptPolicy {
  createScriptURL(url: string): string
}
interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): ScriptPolicy
}

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes
const policy: ScriptPolicy = factory?.createPolicy('tv-worker', { createScriptURL: checkScriptUrl }) ?? {
  createScriptURL: checkScriptUrl,
}

/** Started and told where its own helper is; the next thing it hears is the bridge. */
export function startClientWorker(): Worker {
  const worker = new Worker(policy.createScriptURL(__WORKER_URL__), { type: 'module', name: 'client' })
  worker.postMessage({ kind: 'start', argon2Url: __ARGON2_WORKER_URL__ } satisfies WorkerStart)
  return worker
}

export async function registerServiceWorker(): Promise<ServiceWorkerRegistration | null> {
  if (!('serviceWorker' in navigator) || !isSecureContext) return null
  return navigator.serviceWorker.register(policy.createScriptURL('/sw.js'), { updateViaCache: 'none' })
}
