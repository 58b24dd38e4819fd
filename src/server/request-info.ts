import { isLoopback, type Peer } from './peer.ts'

// A header could be sent by anybody; this cannot.
const peers = new WeakMap<Request, Peer>()

export function notePeer(request: Request, peer: Peer): void {
  peers.set(request, peer)
}

export function peerOf(request: Request): Peer {
  return peers.get(request) ?? { address: '', isSecure: new URL(request.url).protocol === 'https:' }
}

/** The address this request was sent to, as its browser would write its origin. Null for a Host that makes no sense. */
export function ownOrigin(request: Request): string | null {
  const host = request.headers.get('host') ?? new URL(request.url).host
  const text = `${peerOf(request).isSecure ? 'https' : 'http'}://${host}`
  return URL.canParse(text) ? new URL(text).origin : null
}

/** Whether `origin` names this server as this request has reached it, or as the family knows it. */
export function isOwnOrigin(request: Request, origin: string, publicUrl: URL | null): boolean {
  return origin === ownOrigin(request) || origin === publicUrl?.origin
}

/**
 * False for a request that a page of another site made. Programs send neither header, browsers at least one with everything
 * but a plain GET.
 */
export function isFromOwnPage(request: Request, publicUrl: URL | null): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') return false
  const origin = request.headers.get('origin')
  return origin === null || isOwnOrigin(request, origin, publicUrl)
}

export function isFromElsewhere(request: Request): boolean {
  const { address } = peerOf(request)
  return address !== '' && !isLoopback(address)
}
