// The only Trusted Types policy of our own: it lets exactly our three scripts be started, and no other address.
// Its name stands in src/server/content-security-policy.ts.
const allowed = new Set([__WORKER_URL__, __ARGON2_WORKER_URL__, '/sw.js'])

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

export function startClientWorker(): Worker {
  return new Worker(policy.createScriptURL(__WORKER_URL__), { type: 'module', name: 'client' })
}

export function startArgon2Worker(): Worker {
  return new Worker(policy.createScriptURL(__ARGON2_WORKER_URL__), { type: 'module', name: 'argon2' })
}

export async function registerServiceWorker(): Promise<ServiceWorkerRegistration | null> {
  if (!('serviceWorker' in navigator) || !isSecureContext) return null
  return navigator.serviceWorker.register(policy.createScriptURL('/sw.js'), { updateViaCache: 'none' })
}
