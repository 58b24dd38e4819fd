import { Elysia } from 'elysia'
import type { ConnectionLimits, SocketData } from './connection.ts'
import type { Context } from './context.ts'
import { Departures } from './features/accounts/departures.ts'
import { watchMachineHosts } from './features/accounts/machine-hosts.ts'
import { accountRoutes } from './features/accounts/routes.ts'
import { auditRoutes } from './features/audit/routes.ts'
import { restoreRoutes } from './features/backups/routes.ts'
import { Conversations } from './features/conversations/conversations.ts'
import { conversationRoutes } from './features/conversations/routes.ts'
import { deviceRoutes } from './features/devices/routes.ts'
import { fileRoutes } from './features/files/routes.ts'
import { Healing } from './features/heal/heal.ts'
import { healRoutes } from './features/heal/routes.ts'
import { healthRoutes } from './features/health/routes.ts'
import { homeRoutes } from './features/home/routes.ts'
import { inviteRoutes } from './features/invites/routes.ts'
import { keyLogRoutes } from './features/key-log/routes.ts'
import { Links } from './features/linking/linking.ts'
import { linkingRoutes } from './features/linking/routes.ts'
import { Allowance } from './features/messages/allowance.ts'
import { Messages } from './features/messages/messages.ts'
import { createSocketHost } from './features/messages/socket-host.ts'
import { recoveryRoutes } from './features/recovery/routes.ts'
import { sessionRoutes } from './features/sessions/routes.ts'
import { setupRoutes } from './features/setup/routes.ts'
import type { Listenable } from './front-door.ts'
import { gateApi } from './gate.ts'
import { answerError } from './refusals.ts'
import { notePeer } from './request-info.ts'
import { createSocket } from './socket.ts'
import type { ServeWebAsset } from './web-assets.ts'

export interface App extends Listenable<SocketData>, Disposable {
  /** Every HTTP route, as `METHOD /path`. */
  routes: string[]
}

export interface AppOptions {
  serveWebAsset?: ServeWebAsset
  /** Other bounds than those of a home, for the benchmark. */
  socketLimits?: Partial<ConnectionLimits>
}

/** The table of contents: one line a feature. */
export function createApp(context: Context, { serveWebAsset, socketLimits }: AppOptions = {}): App {
  const { database, hub, clock } = context
  const conversations = new Conversations(context)
  const messages = new Messages({
    ...{ database, hub, roster: conversations.roster, now: () => clock.now() },
    allowance: new Allowance(clock),
  })
  const healing = new Healing(context, conversations, messages)
  const links = new Links(clock)
  const api = new Elysia({ normalize: false })
    .onError((failure) => answerError(context.log, failure))
    .use(healthRoutes(context))
    .use(setupRoutes(context))
    .use(restoreRoutes(context))
    .use(accountRoutes(context, new Departures(context, conversations)))
    .use(auditRoutes(context))
    .use(sessionRoutes(context))
    .use(recoveryRoutes(context))
    .use(homeRoutes(context))
    .use(inviteRoutes(context))
    .use(keyLogRoutes(context))
    .use(deviceRoutes(context))
    .use(linkingRoutes(context, links))
    .use(conversationRoutes(context, conversations))
    .use(fileRoutes(context))
    .use(healRoutes(context, healing))
  const socket = createSocket(createSocketHost(context, messages, socketLimits))
  const machineHosts = watchMachineHosts(context)
  const handleApi = gateApi(context, (request) => api.handle(request))

  return {
    routes: api.routes.map(({ method, path }) => `${method} ${path}`),
    async handleHttp(request, peer) {
      notePeer(request, peer)
      const { pathname } = new URL(request.url)
      if (pathname.startsWith('/api/') || pathname === '/health') return handleApi(request, peer)
      return (await serveWebAsset?.(request)) ?? new Response('Not found', { status: 404 })
    },
    upgrade(request, server, peer) {
      notePeer(request, peer)
      return socket.upgrade(request, server)
    },
    websocket: socket.websocket,
    [Symbol.dispose]() {
      machineHosts[Symbol.dispose]()
      links[Symbol.dispose]()
      socket[Symbol.dispose]()
    },
  }
}
