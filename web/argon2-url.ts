// The client's worker starts one script of its own. A worker has a Trusted Types realm of its own, so the policy of
// the page (script-urls.ts) does not reach here; this one lets exactly the key worker's hashed file through.
const argon2Pattern = /^\/assets\/argon2-worker-[\w-]+\.js$/

function checkUrl(url: string): string {
  if (!argon2Pattern.test(url)) throw new TypeError('not the key worker of this app')
  return url
}

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string }
}

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes
const policy = factory?.createPolicy('tv-worker', { createScriptURL: checkUrl }) ?? { createScriptURL: checkUrl }

export function startArgon2Worker(url: string): Worker {
  return new Worker(policy.createScriptURL(url), { type: 'module', name: 'argon2' })
}
