import {
  type ClientFrame,
  clientFrames,
  type ServerFrame,
  SOCKET_PATH,
  serverFrames,
  splitFrames,
} from '../../src/protocol/socket.ts'

type FrameOf<Type extends ServerFrame['type']> = Extract<ServerFrame, { type: Type }>
type Wanted = (frame: ServerFrame) => boolean

interface Waiting {
  wanted: Wanted
  resolve(frame: ServerFrame): void
  reject(error: Error): void
}

const heartbeatMs = 30_000

/** A socket without a client behind it: sends any frame, remembers the frames in the order they came. */
export class RawSocket {
  readonly frames: ServerFrame[] = []
  readonly closed: Promise<number>
  /** Who listens for long does not remember everything. */
  remembers: Wanted = () => true
  #socket: WebSocket
  #waiting: Waiting[] = []
  #nextRequestId = 1
  #isClosed = false

  constructor(baseUrl: string, headers: Record<string, string>) {
    const url = baseUrl.replace(/^http/, 'ws') + SOCKET_PATH
    this.#socket = new WebSocket(url, { headers } as never)
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.onmessage = ({ data }) => {
      for (const bytes of splitFrames(new Uint8Array(data as ArrayBuffer))) this.#take(serverFrames.decode(bytes))
    }
    this.closed = new Promise((resolve) => {
      this.#socket.onclose = ({ code }) => {
        this.#isClosed = true
        for (const { reject } of this.#waiting.splice(0)) reject(new Error(`socket closed with ${code}`))
        resolve(code)
      }
    })
  }

  #take(frame: ServerFrame): void {
    if (this.remembers(frame)) this.frames.push(frame)
    const index = this.#waiting.findIndex(({ wanted }) => wanted(frame))
    if (index >= 0) this.#waiting.splice(index, 1)[0]!.resolve(frame)
  }

  /** The next frame from now on that is wanted. */
  waitFor(wanted: Wanted): Promise<ServerFrame> {
    if (this.#isClosed) return Promise.reject(new Error('socket is closed'))
    return new Promise((resolve, reject) => this.#waiting.push({ wanted, resolve, reject }))
  }

  /** The first frame of this type that came or comes. */
  first<Type extends ServerFrame['type']>(type: Type): Promise<FrameOf<Type>> {
    const found = this.frames.find((frame) => frame.type === type)
    return (found ? Promise.resolve(found) : this.waitFor((frame) => frame.type === type)) as Promise<FrameOf<Type>>
  }

  all<Type extends ServerFrame['type']>(type: Type): FrameOf<Type>[] {
    return this.frames.filter((frame) => frame.type === type) as FrameOf<Type>[]
  }

  /** Resolves when `count` frames of the type have come in all. */
  async count<Type extends ServerFrame['type']>(type: Type, count: number): Promise<FrameOf<Type>[]> {
    while (this.all(type).length < count) await this.waitFor((frame) => frame.type === type)
    return this.all(type)
  }

  send(frame: ClientFrame): void {
    this.#socket.send(clientFrames.encode(frame))
  }

  sendRaw(data: Uint8Array | string): void {
    this.#socket.send(data)
  }

  /** Sends with a request id of its own and answers the one answer. */
  ask(frame: Extract<ClientFrame, { requestId: number }>): Promise<ServerFrame> {
    const requestId = this.#nextRequestId++
    const answer = this.waitFor((candidate) => 'requestId' in candidate && candidate.requestId === requestId)
    this.send({ ...frame, requestId })
    return answer
  }

  /** The server cuts a line on which nothing came for 90 seconds. */
  keepAlive(): void {
    const heartbeat = setInterval(() => this.send({ type: 'ping', isActive: false }), heartbeatMs)
    void this.closed.then(() => clearInterval(heartbeat))
  }

  /** Everything the server sent before now has come: a ping goes the same way as what was sent before it. */
  async settle(): Promise<void> {
    const pong = this.waitFor((frame) => frame.type === 'pong')
    this.send({ type: 'ping', isActive: false })
    await pong
  }

  close(): void {
    this.#socket.close()
  }

  /** Goes away without a word. */
  terminate(): void {
    ;(this.#socket as WebSocket & { terminate(): void }).terminate()
  }
}
