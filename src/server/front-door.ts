import type { Server, WebSocketHandler } from 'bun'
import type { Config } from './config.ts'
import { type Peer, trustProxies } from './peer.ts'
import { renderPlainPage } from './plain-page.ts'
import { withSecurityHeaders } from './security-headers.ts'
import { serveDownloads } from './tls/downloads.ts'
import { identifyPeer, judgeWay, secureUrlFor } from './visit.ts'

/** What the app offers to whoever owns the ports. `Data` is what it hangs on each socket. */
export interface Listenable<Data> {
  handleHttp(request: Request, peer: Peer): Promise<Response>
  /** Asked for each GET /api/socket that wants to become a WebSocket: calls `server.upgrade` and returns its verdict. */
  upgrade(request: Request, server: Server<Data>, peer: Peer): boolean
  websocket: WebSocketHandler<Data>
}

type Answer = undefined | Response | Promise<Response>
type Fetch<Data> = (request: Request, server: Server<Data>) => Answer
type Download = (pathname: string) => Response | null

const socketPath = '/api/socket'

export function answerSecure<Data>(app: Listenable<Data>, config: Config, authority: string): Fetch<Data> {
  const isTrusted = trustProxies(config.trustedProxies)
  const download = serveDownloads(authority)
  return refuseNonsense((request, server) => {
    const peer = identifyPeer(request, server, isTrusted, true)
    return answerDownload(download, request) ?? answerAsApp(app, request, server, peer)
  })
}

export interface SecureSide {
  authority: string
  port: () => number
}

/** The plain port: the app for this machine and for a trusted proxy, one explaining page for everyone else. */
export function answerPlain<Data>(app: Listenable<Data>, config: Config, secure: SecureSide | null): Fetch<Data> {
  const isTrusted = trustProxies(config.trustedProxies)
  const download: Download = secure ? serveDownloads(secure.authority) : () => null
  return refuseNonsense((request, server) => {
    const way = judgeWay(request, server, isTrusted, config.publicUrl)
    const peer = identifyPeer(request, server, isTrusted, way === 'proxied')
    if (way !== 'open' || new URL(request.url).pathname === '/health') return answerAsApp(app, request, server, peer)
    const url = secureUrlFor(request, config.publicUrl, secure?.port() ?? null)
    return answerDownload(download, request) ?? explain(request, url, secure !== null)
  })
}

// With an unusable Host header Bun hands over a URL that is only a path.
function refuseNonsense<Data>(answer: Fetch<Data>): Fetch<Data> {
  return (request, server) => {
    if (URL.canParse(request.url)) return answer(request, server)
    return withSecurityHeaders(new Response('The Host header makes no sense.', { status: 400 }))
  }
}

function answerAsApp<Data>(app: Listenable<Data>, request: Request, server: Server<Data>, peer: Peer): Answer {
  const wantsSocket = request.headers.get('upgrade')?.toLowerCase() === 'websocket'
  if (!wantsSocket || new URL(request.url).pathname !== socketPath) return answerHttp(app, request, peer)
  // Undefined is Bun's word for "this request became a socket".
  if (app.upgrade(request, server, peer)) return undefined
  return withSecurityHeaders(new Response('The socket was refused.', { status: 403 }))
}

async function answerHttp<Data>(app: Listenable<Data>, request: Request, peer: Peer): Promise<Response> {
  return withSecurityHeaders(await app.handleHttp(request, peer))
}

function answerDownload(download: Download, request: Request): Response | null {
  const response = download(new URL(request.url).pathname)
  return response && withSecurityHeaders(response)
}

function explain(request: Request, secureUrl: string | null, offersCertificate: boolean): Response {
  const isPage = request.method === 'GET' && !new URL(request.url).pathname.startsWith('/api/')
  const refusal = () => new Response('Use the https address.', { status: 403 })
  const acceptLanguage = request.headers.get('accept-language')
  return withSecurityHeaders(isPage ? renderPlainPage({ secureUrl, offersCertificate, acceptLanguage }) : refusal())
}
