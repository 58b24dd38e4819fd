import { requirePrincipal } from '../../auth.ts'
import type { Connection, ConnectionLimits } from '../../connection.ts'
import type { Context } from '../../context.ts'
import { errorFields } from '../../log.ts'
import { isOwnOrigin } from '../../request-info.ts'
import type { SocketHost } from '../../socket.ts'
import { announcePresence, listMemberships, tellPresence } from '../conversations/conversations.ts'
import { handleFrame } from './frames.ts'
import type { Messages } from './messages.ts'

/** How a device is let in, greeted and listened to. */
export function createSocketHost(
  context: Context,
  messages: Messages,
  limits: Partial<ConnectionLimits> = {},
): SocketHost {
  const { database, hub, clock, config, log } = context
  const now = () => clock.now()
  const reportError = (error: unknown) => log.error('socket failed', errorFields(error))

  function announce({ accountId }: Connection): void {
    announcePresence(database, hub, accountId).catch(reportError)
  }

  return {
    ...{ hub, clock, limits, reportError },
    identify: (request) => requirePrincipal(context, request),
    // Programs name their origin too: what sends none is a page of an old browser or a mistake.
    isOwnOrigin(request) {
      const origin = request.headers.get('origin')
      return origin !== null && isOwnOrigin(request, origin, config.publicUrl)
    },
    async welcome(connection) {
      const conversations = await listMemberships(database, connection.accountId)
      connection.answer({
        type: 'welcome',
        incarnation: context.settings.incarnation,
        restoredFrom: context.settings.get('restoredFrom') ?? 0,
        now: now(),
        treeHead: context.keyLog.treeHead,
        conversations,
      })
    },
    deliverWaiting: (connection) =>
      messages.deliverWaiting(connection.deviceId, async (frame, lastId) => {
        connection.answer(frame, lastId)
        await connection.drained()
        return connection.isOpen
      }),
    async opened(connection) {
      await tellPresence(database, hub, connection)
      announce(connection)
    },
    closed: announce,
    handle: (connection, frame) => handleFrame({ messages, now, activityChanged: announce }, connection, frame),
  }
}
