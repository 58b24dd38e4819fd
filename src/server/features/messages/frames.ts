import { Refusal } from '../../../protocol/errors.ts'
import type { ClientFrame } from '../../../protocol/socket.ts'
import type { Connection } from '../../connection.ts'
import type { Messages } from './messages.ts'

export interface FrameHost {
  messages: Messages
  now(): number
  /** Somebody began or stopped to look at this device. */
  activityChanged(connection: Connection): void
}

/** What each frame of a device asks for. A promise that rejects with a Refusal is answered with it. */
export function handleFrame(host: FrameHost, connection: Connection, frame: ClientFrame): void | Promise<void> {
  const { messages } = host
  switch (frame.type) {
    case 'post':
    case 'postEphemeral': {
      const { requestId } = frame
      return messages.post(connection, frame, ({ messageId, seq, receivedAt }) =>
        connection.answer({ type: 'posted', requestId, messageId, seq, receivedAt }),
      )
    }
    case 'transient':
      return messages.transient(connection, frame).catch(dropRefusal)
    case 'sendEnvelopes':
      return done(connection, frame.requestId, messages.sendEnvelopes(connection, frame))
    case 'acknowledge':
      return messages.acknowledge(connection.deviceId, frame)
    case 'putArchive':
      return done(connection, frame.requestId, messages.putArchive(connection.accountId, frame))
    case 'fetchPage':
      return connection.inTurn(async () => connection.answer(await messages.fetchPage(connection.accountId, frame)))
    case 'putVouchers':
      return done(connection, frame.requestId, messages.putVouchers(connection, frame))
    case 'fetchVouchers': {
      const { requestId } = frame
      return connection.inTurn(async () =>
        connection.answer({
          type: 'vouchers',
          requestId,
          rows: await messages.fetchVouchers(connection.accountId, frame),
        }),
      )
    }
    case 'ping':
      connection.answer({ type: 'pong', now: host.now() })
      if (connection.isActive === frame.isActive) return
      connection.isActive = frame.isActive
      host.activityChanged(connection)
  }
}

async function done(connection: Connection, requestId: number, work: Promise<void>): Promise<void> {
  await work
  connection.answer({ type: 'done', requestId })
}

// A transient is never answered, so there is nobody to tell.
function dropRefusal(error: unknown): void {
  if (!(error instanceof Refusal)) throw error
}
