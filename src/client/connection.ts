import { MalformedFrame } from '../protocol/codec.ts'
import { isRefusalCode } from '../protocol/errors.ts'
import {
  type ClientFrame,
  clientFrames,
  type ServerFrame,
  SOCKET_PATH,
  serverFrames,
  splitFrames,
} from '../protocol/socket.ts'
import { ClientFailure, type Connection } from './api.ts'
import type { ClientContext } from './context.ts'
import type { Login } from './parts.ts'
import type { PlatformSocket } from './platform.ts'

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 60_000
const HEARTBEAT_MS = 25_000
/** A link on which nothing at all came for so long after a ping is dead, whatever the operating system believes. */
const PONG_WITHIN_MS = 4_000
/** While a page is on its way: on a slow network the pong stands behind it, and nobody sees how far it came. */
const PONG_BEHIND_PAGE_MS = 20_000
const ANSWER_WITHIN_MS = 30_000
/** A network that takes a line in and then carries nothing never says so. */
const WELCOME_WITHIN_MS = 30_000

type Answer = Extract<ServerFrame, { requestId: number }>
type Asked = { isPage: boolean; resolve(answer: Answer): void; reject(error: ClientFailure): void; cancel(): void }
type Without<Frame, Key extends PropertyKey> = Frame extends unknown ? Omit<Frame, Key> : never
export type RequestFrame = Without<Extract<ClientFrame, { requestId: number }>, 'requestId'>

/** The one socket: opened again for as long as it is wanted, each request answered or rejected, each frame handed on in order. */
export class SocketConnection {
  #socket: PlatformSocket | null = null
  #attempt = 0
  #isWanted = false
  #isOpening = false
  #failures = 0
  #nextRequestId = 1
  #isActive = false
  #isProbing = false
  #state: Connection = { state: 'offline', nextTryAt: null }
  #cancelRetry: (() => void) | null = null
  #cancelHeartbeat: (() => void) | null = null
  readonly #asked = new Map<number, Asked>()

  /** Every frame but answers to requests, in the order of arrival. */
  onFrame: (frame: ServerFrame) => void = () => undefined
  /** No socket could be opened, and why. */
  onRefusedEntry: (error: unknown) => void = () => undefined
  /** The socket was lost; what was under way has been rejected. */
  onLost: () => void = () => undefined

  constructor(
    private readonly context: ClientContext,
    private readonly login: Login,
  ) {}

  get isOnline(): boolean {
    return this.#state.state === 'online'
  }

  start(): void {
    this.#isWanted = true
    this.reconnect()
  }

  stop(): void {
    this.#isWanted = false
    this.#cancelRetry?.()
    this.#drop()
  }

  /** Tries now instead of waiting for the back-off; a socket that is up is probed instead. */
  reconnect(): void {
    if (!this.#isWanted) return
    if (this.#socket) {
      this.#beat()
      return
    }
    this.#cancelRetry?.()
    this.#open().catch((error: unknown) => {
      this.onRefusedEntry(error)
      this.#retryLater()
    })
  }

  /** Something that came could not be kept: begin again, and the home brings it again. */
  startOver(): void {
    if (this.#socket) this.#lose(this.#socket)
  }

  setActive(isActive: boolean): void {
    if (isActive === this.#isActive) return
    this.#isActive = isActive
    this.send({ type: 'ping', isActive })
  }

  /** Sends a frame that is not answered; without a socket it is dropped (what matters is kept by who sends it). */
  send(frame: ClientFrame): void {
    if (this.#socket && this.isOnline) this.#socket.send(clientFrames.encode(frame))
  }

  /** Rejects with ClientFailure: offline, or the code of the refusal. */
  request<Type extends Answer['type']>(frame: RequestFrame, expected: Type): Promise<Extract<Answer, { type: Type }>> {
    const socket = this.#socket
    if (!socket || !this.isOnline) return Promise.reject(new ClientFailure('offline'))
    const requestId = this.#nextRequestId++
    return new Promise((resolve, reject) => {
      const cancel = this.context.platform.clock.schedule(ANSWER_WITHIN_MS, () => this.#lose(socket))
      const settle = (answer: Answer) => {
        if (answer.type === expected) resolve(answer as Extract<Answer, { type: Type }>)
        else reject(new ClientFailure('internal', 0, `answered by ${answer.type}`))
      }
      this.#asked.set(requestId, { isPage: frame.type === 'fetchPage', resolve: settle, reject, cancel })
      socket.send(clientFrames.encode({ ...frame, requestId } as ClientFrame))
    })
  }

  replay(): void {
    this.context.emit({ type: 'connection', connection: this.#state })
  }

  async #open(): Promise<void> {
    if (this.#isOpening || this.#socket) return
    this.#isOpening = true
    const attempt = ++this.#attempt
    this.#setState({ state: 'connecting', nextTryAt: null })
    try {
      await (this.#failures > 1 ? this.login.renew() : this.login.ensure())
      let opened: PlatformSocket | null = null
      let isClosed = false
      const early: Uint8Array[] = []
      const opening = this.context.platform.openSocket(SOCKET_PATH, {
        onFrame: (bytes) => {
          if (!opened) early.push(bytes)
          else if (attempt === this.#attempt) this.#receive(bytes)
        },
        onClose: () => {
          isClosed = true
          if (opened) this.#lose(opened)
        },
      })
      const socket = await this.#inTime(opening)
      if (!this.#isWanted || isClosed) {
        socket.close()
        throw new ClientFailure('offline')
      }
      opened = socket
      this.#socket = socket
      this.#loseIfSilent(WELCOME_WITHIN_MS, socket)
      for (const bytes of early) this.#receive(bytes)
    } finally {
      this.#isOpening = false
    }
  }

  #inTime(opening: Promise<PlatformSocket>): Promise<PlatformSocket> {
    const { promise, reject } = Promise.withResolvers<never>()
    let isLate = false
    const cancel = this.context.platform.clock.schedule(WELCOME_WITHIN_MS, () => {
      isLate = true
      reject(new ClientFailure('offline'))
    })
    const closeIfLate = (socket: PlatformSocket) => {
      if (isLate) socket.close()
    }
    opening.then(closeIfLate, () => undefined)
    return Promise.race([opening, promise]).finally(cancel)
  }

  #loseIfSilent(withinMs: number, socket: PlatformSocket): void {
    this.#cancelHeartbeat?.()
    this.#cancelHeartbeat = this.context.platform.clock.schedule(withinMs, () => this.#lose(socket))
  }

  #receive(message: Uint8Array): void {
    try {
      for (const bytes of splitFrames(message)) this.#take(bytes)
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error
      console.warn('a frame this version cannot read', error.message)
    }
  }

  #take(bytes: Uint8Array): void {
    const frame = serverFrames.decode(bytes)
    if (frame.type === 'welcome') this.#greet()
    if (this.#isProbing) this.#rest()
    if ('requestId' in frame && frame.requestId !== 0) this.#settle(frame)
    else if (frame.type === 'refused') this.#refuse(frame.code)
    else this.onFrame(frame)
  }

  #greet(): void {
    this.#failures = 0
    this.#setState({ state: 'online', nextTryAt: null })
    this.#rest()
    if (this.#isActive) this.send({ type: 'ping', isActive: true })
  }

  #settle(answer: Answer): void {
    const asked = this.#asked.get(answer.requestId)
    if (!asked) return
    this.#asked.delete(answer.requestId)
    asked.cancel()
    if (answer.type === 'refused') {
      const code = isRefusalCode(answer.code) ? answer.code : 'internal'
      asked.reject(new ClientFailure(code, answer.retryAfterMs))
    } else asked.resolve(answer)
  }

  #refuse(code: string): void {
    if (code === 'not_signed_in') this.#failures = Math.max(this.#failures, 2)
    if (code === 'device_removed' || code === 'account_gone') this.login.end(code)
  }

  #rest(): void {
    this.#isProbing = false
    this.#cancelHeartbeat?.()
    this.#cancelHeartbeat = this.context.platform.clock.schedule(HEARTBEAT_MS, () => this.#beat())
  }

  #beat(): void {
    const socket = this.#socket
    if (!socket) return
    // Asked again while it is silent: the wait goes on, it does not begin anew.
    if (this.#isProbing) return
    this.#isProbing = true
    this.send({ type: 'ping', isActive: this.#isActive })
    const isPageComing = [...this.#asked.values()].some(({ isPage }) => isPage)
    this.#loseIfSilent(isPageComing ? PONG_BEHIND_PAGE_MS : PONG_WITHIN_MS, socket)
  }

  #lose(socket: PlatformSocket): void {
    if (socket !== this.#socket) return
    this.#drop()
    this.onLost()
    this.#retryLater()
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = null
    this.#attempt++
    this.#isProbing = false
    this.#cancelHeartbeat?.()
    socket?.close()
    for (const asked of this.#asked.values()) {
      asked.cancel()
      asked.reject(new ClientFailure('offline'))
    }
    this.#asked.clear()
    if (this.#state.state !== 'offline') this.#setState({ state: 'offline', nextTryAt: null })
  }

  #retryLater(): void {
    if (!this.#isWanted || this.#socket || this.#isOpening) return
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++)
    const [dice = 0] = this.context.platform.random(1)
    const delayMs = Math.round(longest * (0.5 + dice / 512))
    const { clock } = this.context.platform
    this.#setState({ state: 'offline', nextTryAt: clock.now() + delayMs })
    this.#cancelRetry?.()
    this.#cancelRetry = clock.schedule(delayMs, () => this.reconnect())
  }

  #setState(state: Connection): void {
    this.#state = state
    this.replay()
  }
}
