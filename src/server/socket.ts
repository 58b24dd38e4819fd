import type { Server, ServerWebSocket, WebSocketHandler } from 'bun'
import { MalformedFrame } from '../protocol/codec.ts'
import { Refusal } from '../protocol/errors.ts'
import type { AccountId, DeviceId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { type ClientFrame, clientFrames, serverFrames, socketCloseCodes } from '../protocol/socket.ts'
import type { Clock } from './clock.ts'
import { Connection, type ConnectionLimits, connectionLimits, type SocketData } from './connection.ts'
import { toRefusal } from './errors.ts'
import type { Hub } from './hub.ts'

const silenceMs = 90_000
const sweepMs = 15_000
const maxEarlyBytes = limits.maxFrameBytes
const maxEarlyFrames = 256
const maxOverruns = 1_000

/** What the socket asks of the rest of the server: it carries frames and knows none of their rules. */
export interface SocketHost {
  hub: Hub
  clock: Clock
  /** Throws the Refusal with which this request is turned away. */
  identify(request: Request): Promise<{ accountId: AccountId; deviceId: DeviceId }>
  isOwnOrigin(request: Request): boolean
  /** The first frame of all. */
  welcome(connection: Connection): Promise<void>
  /** Hands over what waited for this device. Live frames are held back until it resolves. */
  deliverWaiting(connection: Connection): Promise<void>
  opened(connection: Connection): void | Promise<void>
  closed(connection: Connection): void
  handle(connection: Connection, frame: ClientFrame): void | Promise<void>
  reportError(error: unknown): void
  limits?: Partial<ConnectionLimits>
}

export interface Socket extends Disposable {
  upgrade(request: Request, server: Server<SocketData>): boolean
  websocket: WebSocketHandler<SocketData>
}

export function createSocket(host: SocketHost): Socket {
  const bounds: ConnectionLimits = { ...connectionLimits, ...host.limits }
  const open = new Set<Connection>()
  let sweep = host.clock.after(sweepMs, dropSilent)

  // Lines on which nothing came for too long: a phone without network says no goodbye.
  function dropSilent(): void {
    sweep = host.clock.after(sweepMs, dropSilent)
    const now = host.clock.now()
    for (const connection of open) {
      // After a clock was put back nobody was heard in the future.
      connection.lastHeardAt = Math.min(connection.lastHeardAt, now)
      if (connection.lastHeardAt < now - silenceMs) connection.cut()
    }
  }

  // A browser never sees the HTTP status of a refused upgrade, so everybody is let in and told the reason on the line.
  function upgrade(request: Request, server: Server<SocketData>): boolean {
    const isOwn = host.isOwnOrigin(request)
    // Bun takes its request back after the upgrade; this copy is asked for its cookie later.
    const copy = new Request(request.url, { headers: request.headers })
    const data: SocketData = {
      identify: () => (isOwn ? host.identify(copy) : Promise.reject(new Refusal('wrong_origin'))),
      early: [],
      connection: null,
    }
    return server.upgrade(request, { data })
  }

  async function welcome(socket: ServerWebSocket<SocketData>): Promise<void> {
    const { data } = socket
    const who = await data.identify()
    if (socket.readyState !== WebSocket.OPEN) return
    const connection = new Connection(socket, who, { limits: bounds, nowMs: host.clock.now() })
    data.connection = connection
    open.add(connection)
    host.hub.add(connection)
    // Once more: a sign-out between the first look and the hub would have found no line to end.
    await data.identify()
    await host.welcome(connection)
    connection.isWelcome = true
    for (const bytes of data.early.splice(0)) receive(connection, bytes)
    await host.deliverWaiting(connection)
    connection.releaseHeld()
    await host.opened(connection)
  }

  function turnAway(socket: ServerWebSocket<SocketData>, error: unknown): void {
    const { code } = toRefusal(error)
    if (code === 'internal') host.reportError(error)
    const { connection } = socket.data
    if (connection) connection.closeWith(code)
    else {
      socket.sendBinary(serverFrames.encode({ type: 'refused', requestId: 0, code, retryAfterMs: 0 }))
      socket.close(socketCloseCodes.refused)
    }
  }

  function receive(connection: Connection, bytes: Uint8Array): void {
    if (!connection.isOpen) return
    connection.lastHeardAt = host.clock.now()
    try {
      const frame = clientFrames.decodeViews(bytes)
      const waitMs = connection.bucket.take(connection.lastHeardAt)
      connection.overruns = Math.max(0, connection.overruns + (waitMs > 0 ? 1 : -1))
      if (waitMs > 0) throw new TooFast(frame, waitMs)
      const work = host.handle(connection, frame)
      if (work) work.catch((error: unknown) => answerFailure(connection, frame, error))
    } catch (error) {
      if (error instanceof MalformedFrame) connection.closeWith('bad_request')
      else if (error instanceof TooFast) slowDown(connection, error)
      else host.reportError(error)
    }
  }

  // Who was told a thousand times to wait: even saying no costs more than it should.
  function slowDown(connection: Connection, { frame, refusal }: TooFast): void {
    if (connection.overruns > maxOverruns) connection.closeWith('too_many', refusal.options.retryAfterMs)
    else answerFailure(connection, frame, refusal)
  }

  function answerFailure(connection: Connection, frame: ClientFrame, error: unknown): void {
    const refusal = toRefusal(error)
    if (refusal.code === 'internal') host.reportError(error)
    if ('requestId' in frame) connection.refuse(frame.requestId, refusal)
  }

  const websocket: WebSocketHandler<SocketData> = {
    maxPayloadLength: limits.maxFrameBytes,
    backpressureLimit: bounds.maxBufferedBytes + 2 * limits.maxFrameBytes,
    closeOnBackpressureLimit: true,
    idleTimeout: 120,
    sendPings: false,
    perMessageDeflate: false,
    open(socket) {
      socket.binaryType = 'arraybuffer'
      welcome(socket).catch((error: unknown) => turnAway(socket, error))
    },
    message(socket, message) {
      const { connection, early } = socket.data
      if (typeof message === 'string') return turnAway(socket, new Refusal('bad_request'))
      // A buffer of its own, that nobody takes back: what is read from it need not be copied.
      const bytes = new Uint8Array(message as unknown as ArrayBuffer)
      if (connection?.isWelcome) return receive(connection, bytes)
      const earlyBytes = early.reduce((sum, frame) => sum + frame.length, bytes.length)
      if (earlyBytes <= maxEarlyBytes && early.length < maxEarlyFrames) early.push(bytes)
      else turnAway(socket, new Refusal('too_many'))
    },
    drain(socket) {
      socket.data.connection?.noteDrain()
    },
    close(socket) {
      const { connection } = socket.data
      if (!connection) return
      connection.markClosed()
      open.delete(connection)
      host.hub.remove(connection)
      host.closed(connection)
    },
  }

  return { upgrade, websocket, [Symbol.dispose]: () => sweep[Symbol.dispose]() }
}

class TooFast extends Error {
  readonly refusal: Refusal
  constructor(
    readonly frame: ClientFrame,
    waitMs: number,
  ) {
    super('too fast')
    this.refusal = new Refusal('too_many', { retryAfterMs: waitMs })
  }
}
