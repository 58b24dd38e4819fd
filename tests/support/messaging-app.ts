import type { Server } from 'bun'
import { Elysia } from 'elysia'
import type { ConnectionLimits, SocketData } from '../../src/server/connection.ts'
import type { Context } from '../../src/server/context.ts'
import { toRefusal, toRefusalBody } from '../../src/server/errors.ts'
import { Conversations } from '../../src/server/features/conversations/conversations.ts'
import { conversationRoutes } from '../../src/server/features/conversations/routes.ts'
import { Healing } from '../../src/server/features/heal/heal.ts'
import { healRoutes } from '../../src/server/features/heal/routes.ts'
import { Messages } from '../../src/server/features/messages/messages.ts'
import { createSocketHost } from '../../src/server/features/messages/socket-host.ts'
import type { Peer } from '../../src/server/peer.ts'
import { notePeer } from '../../src/server/request-info.ts'
import { createSocket } from '../../src/server/socket.ts'

export function createApp(context: Context, { socketLimits = {} }: { socketLimits?: Partial<ConnectionLimits> } = {}) {
  const conversations = new Conversations(context)
  const messages = new Messages({ ...context, roster: conversations.roster, now: () => context.clock.now() })
  const healing = new Healing(context, conversations, messages)
  const socket = createSocket(createSocketHost(context, messages, socketLimits))
  const app = new Elysia()
    .onError(({ error, code, set }) => {
      if (code === 'VALIDATION' || code === 'PARSE') {
        set.status = 400
        return { error: 'bad_request' }
      }
      const refusal = toRefusal(error)
      if (refusal.code === 'internal') console.error(error)
      set.status = refusal.status
      return toRefusalBody(refusal, 'x')
    })
    .use(conversationRoutes(context, conversations))
    .use(healRoutes(context, healing))
  return {
    handleHttp: (request: Request, peer: { address: string; isSecure: boolean }) => {
      notePeer(request, peer)
      return app.handle(request)
    },
    upgrade: (request: Request, server: Server<SocketData>, peer: Peer) => {
      notePeer(request, peer)
      return socket.upgrade(request, server)
    },
    websocket: socket.websocket,
    dropSilent: socket.dropSilent,
    [Symbol.asyncDispose]: async () => socket[Symbol.dispose](),
  }
}
