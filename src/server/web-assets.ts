import { contentSecurityPolicy } from './content-security-policy.ts'

export interface WebAsset {
  type: string
  hash: string
  isHashed: boolean
  raw: string
  br?: string
  gzip?: string
}
export interface WebBundle {
  assets: Record<string, WebAsset>
  build: string
  inlineScriptHash: string
}
/** Answers a GET or HEAD for the web UI; null for what is not its business. */
export type ServeWebAsset = (request: Request) => Promise<Response | null>

type Encoding = 'br' | 'gzip' | 'raw'

// Null where the UI was never built: the server runs without its face then (tests, development).
export async function loadWebBundle(): Promise<WebBundle | null> {
  try {
    const { assets, build, inlineScriptHash } = await import('./web-assets.generated.ts')
    return { assets, build, inlineScriptHash }
  } catch (error) {
    if (isMissingModule(error)) return null
    throw error
  }
}

function isMissingModule(error: unknown): boolean {
  return /cannot find module|could not resolve|ENOENT/i.test(String(error))
}

export function serveWebAssets({ assets, inlineScriptHash }: WebBundle): ServeWebAsset {
  const policy = contentSecurityPolicy(inlineScriptHash)
  const bodies = new Map<string, Promise<ArrayBuffer>>()
  const read = (path: string) => {
    const known = bodies.get(path)
    if (known) return known
    const body = Bun.file(path).arrayBuffer()
    bodies.set(path, body)
    // No free descriptor now may be one later.
    body.catch(() => bodies.delete(path))
    return body
  }
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return null
    const asset = findAsset(assets, request)
    if (!asset) return null
    const encoding = chooseEncoding(asset, request.headers.get('accept-encoding') ?? '')
    const headers = headersFor(asset, encoding, policy)
    if (isUnchanged(request, headers['ETag']!)) return new Response(null, { status: 304, headers })
    if (encoding !== 'raw') headers['Content-Encoding'] = encoding
    return new Response(await read(asset[encoding]!), { headers })
  }
}

// Only a navigation falls back to the page: a missing script must never be answered with HTML.
function findAsset(assets: Record<string, WebAsset>, request: Request): WebAsset | null {
  const { pathname } = new URL(request.url)
  if (Object.hasOwn(assets, pathname) && pathname !== '/index.html') return assets[pathname]!
  const isPage = !/^\/(api|assets)(\/|$)/.test(pathname) && !/\.\w{1,16}$/.test(pathname)
  const isNavigation = (request.headers.get('sec-fetch-mode') ?? 'navigate') === 'navigate' || pathname === '/'
  return isPage && isNavigation ? (assets['/index.html'] ?? null) : null
}

function headersFor(asset: WebAsset, encoding: Encoding, policy: string): Record<string, string> {
  return {
    'Content-Type': asset.type,
    ETag: encoding === 'raw' ? `"${asset.hash}"` : `"${asset.hash}-${encoding}"`,
    Vary: 'Accept-Encoding',
    'Cache-Control': asset.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    // Workers obey the policy of their own response, so scripts carry it as well.
    'Content-Security-Policy': policy,
  }
}

export function chooseEncoding(asset: Pick<WebAsset, 'br' | 'gzip'>, accept: string): Encoding {
  const weights = new Map<string, number>()
  for (const part of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    weights.set(name, weight ? Number(weight.slice(2)) || 0 : 1)
  }
  const weightOf = (encoding: Encoding) => weights.get(encoding) ?? weights.get('*') ?? 0
  const usable = (['br', 'gzip'] as const).filter((encoding) => asset[encoding] && weightOf(encoding) > 0)
  return usable.sort((a, b) => weightOf(b) - weightOf(a))[0] ?? 'raw'
}

function isUnchanged(request: Request, etag: string): boolean {
  const known = request.headers.get('if-none-match')?.split(',') ?? []
  return known.some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*')
}
