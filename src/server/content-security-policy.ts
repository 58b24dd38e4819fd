// 'wasm-unsafe-eval' is for libsodium. Trusted Types: lit-html is Lit's own policy, tv-worker is web/script-urls.ts.
export function contentSecurityPolicy(inlineScriptHash: string): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'wasm-unsafe-eval' '${inlineScriptHash}'`,
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types lit-html tv-worker',
  ].join('; ')
}
