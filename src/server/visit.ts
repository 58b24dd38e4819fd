import type { Server } from 'bun'
import { forwardedAddress, isLoopback, isLoopbackHost, type Peer } from './peer.ts'

type IsTrusted = (address: string) => boolean

/** How somebody came to the plain port: from this machine, through a trusted proxy, or in the open. */
export type Way = 'local' | 'proxied' | 'open'

// A page from elsewhere can make a name of its own point to this machine; its Host header gives it away.
export function judgeWay<Data>(
  request: Request,
  server: Server<Data>,
  isTrusted: IsTrusted,
  publicUrl: URL | null,
): Way {
  const direct = server.requestIP(request)?.address ?? ''
  const { headers } = request
  const isHttps = publicUrl?.protocol === 'https:' || headers.get('x-forwarded-proto') === 'https'
  const isForwarded = headers.has('x-forwarded-for') || headers.has('x-forwarded-proto')
  const asLoopback = isLoopbackHost(headers.get('host') ?? '')
  if (isTrusted(direct) && isHttps && (isForwarded || !asLoopback)) return 'proxied'
  return isLoopback(direct) && asLoopback ? 'local' : 'open'
}

export function identifyPeer<Data>(
  request: Request,
  server: Server<Data>,
  isTrusted: IsTrusted,
  isSecure: boolean,
): Peer {
  const direct = server.requestIP(request)?.address ?? ''
  const header = isTrusted(direct) ? request.headers.get('x-forwarded-for') : null
  return { address: forwardedAddress(header, direct, isTrusted), isSecure }
}

/** Where the same visitor would find HTTPS. */
export function secureUrlFor(request: Request, publicUrl: URL | null, httpsPort: number | null): string | null {
  if (publicUrl?.protocol === 'https:') return publicUrl.href
  const host = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d+)?$/i.exec(request.headers.get('host') ?? '')?.[1]
  return httpsPort && host ? `https://${host}${httpsPort === 443 ? '' : `:${httpsPort}`}/` : null
}
