import { connect, createServer, type Server, type Socket } from 'node:net'
import { pause } from './report.ts'
import { FrameSplitter, type WireFrame } from './wire.ts'

/** To the home, or to the device. */
export type Way = 'up' | 'down'

/** Where a line ends: before byte `offset` of frame number `frame` of the next WebSocket. */
export interface Break {
  way: Way
  frame: number
  offset: number
  /** cut: both ends learn of it. hush: neither does; nothing comes through any more, and no end of it. */
  how: 'cut' | 'hush'
}

/** The network between one device and its home: everything goes through here, as bytes over TCP. */
export class Line implements AsyncDisposable {
  /** Once; null again when it has happened. */
  break: Break | null = null
  /** Ends an HTTP exchange behind so many bytes; once. */
  httpBreak: { way: Way; bytes: number } | null = null
  /** Takes visitors in and says nothing to them; lines that stand fall silent. */
  isDeaf = false
  /** How fast the device reads. */
  bytesPerSecond = Number.POSITIVE_INFINITY
  delayMs: () => number = () => 0
  /** What goes on instead of a frame from the device: itself, twice, none, older ones. */
  rewrite: (frame: WireFrame) => Uint8Array[] = ({ raw }) => [raw]
  onFrame: (way: Way, frame: WireFrame) => void = () => undefined
  breaks = 0
  readonly #passages = new Set<Passage>()

  private constructor(
    private readonly server: Server,
    readonly homePort: number,
  ) {}

  /** `path`: listens there instead of on a port, for a relay from another network. */
  static async open(homePort: number, path?: string): Promise<Line> {
    const server = createServer()
    const line = new Line(server, homePort)
    server.on('connection', (device) => line.#passages.add(new Passage(line, device)))
    const { promise, resolve } = Promise.withResolvers<void>()
    if (path) server.listen(path, resolve)
    else server.listen(0, '127.0.0.1', resolve)
    await promise
    return line
  }

  get url(): string {
    const address = this.server.address()
    return address && typeof address === 'object' ? `http://127.0.0.1:${address.port}` : ''
  }

  /** Everything that is open breaks now. */
  cutAll(): void {
    for (const passage of this.#passages) passage.end()
  }

  /** As good as new for whoever comes next; what had fallen silent stays so. */
  mend(): void {
    this.break = null
    this.httpBreak = null
    this.isDeaf = false
    this.bytesPerSecond = Number.POSITIVE_INFINITY
    this.delayMs = () => 0
    this.rewrite = ({ raw }) => [raw]
  }

  forget(passage: Passage): void {
    this.#passages.delete(passage)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.server.close(() => resolve())
    await promise
  }
}

const piece = 1_024
/** More than this on its way to a slow reader holds up who sends it, as a full window does. */
const window = 16 * piece

/** One connection through a line. */
class Passage {
  readonly #ends: Record<Way, Socket>
  readonly #splitters: Record<Way, FrameSplitter> = { up: new FrameSplitter(), down: new FrameSplitter() }
  readonly #frames: Record<Way, number> = { up: 0, down: 0 }
  readonly #bytes: Record<Way, number> = { up: 0, down: 0 }
  readonly #queued: Record<Way, number> = { up: 0, down: 0 }
  readonly #queue: Record<Way, Promise<void>> = { up: Promise.resolve(), down: Promise.resolve() }
  #isSocket = false
  #isHushed = false
  #isBreaking = false
  #isOver = false

  constructor(
    private readonly line: Line,
    device: Socket,
  ) {
    // By where what is written to it goes.
    this.#ends = { down: device, up: connect(line.homePort, '127.0.0.1') }
    for (const way of ['up', 'down'] as const) {
      const source = this.#sourceOf(way)
      source.setNoDelay(true)
      source.on('data', (chunk: Buffer) => this.#take(way, chunk))
      source.on('error', () => this.#sourceEnded(way))
      source.on('close', () => this.#sourceEnded(way))
    }
  }

  #sourceOf(way: Way): Socket {
    return way === 'up' ? this.#ends.down : this.#ends.up
  }

  // Of a silent line nobody learns that the other side gave up.
  #sourceEnded(way: Way): void {
    if (this.#isHushed && way === 'up') return
    this.end()
  }

  #take(way: Way, chunk: Uint8Array): void {
    if (this.line.isDeaf) this.#isHushed = true
    if (this.#isHushed || this.#isBreaking || this.#isOver) return
    const begun = new TextDecoder('latin1').decode(chunk.subarray(0, 12))
    if (this.#isSocket) {
      for (const frame of this.#splitters[way].push(chunk)) this.#takeFrame(way, frame)
    } else if (way === 'down' && begun === 'HTTP/1.1 101') this.#welcome(chunk)
    else this.#takeHttp(way, chunk)
  }

  #welcome(chunk: Uint8Array): void {
    const end = Buffer.from(chunk).indexOf('\r\n\r\n') + 4
    this.#isSocket = true
    this.#pass('down', chunk.slice(0, end))
    for (const frame of this.#splitters.down.push(chunk.subarray(end))) this.#takeFrame('down', frame)
  }

  #takeHttp(way: Way, chunk: Uint8Array): void {
    const at = this.line.httpBreak
    this.#bytes[way] += chunk.length
    if (at?.way === way && this.#bytes[way] > at.bytes) {
      this.line.httpBreak = null
      this.#breakOff(way, chunk.subarray(0, Math.max(0, at.bytes - this.#bytes[way] + chunk.length)))
    } else this.#pass(way, chunk.slice())
  }

  #takeFrame(way: Way, frame: WireFrame): void {
    if (this.#isHushed || this.#isBreaking || this.#isOver) return
    this.line.onFrame(way, frame)
    const number = this.#frames[way]++
    const at = this.line.break
    if (at?.way !== way || at.frame !== number) {
      for (const bytes of way === 'up' ? this.line.rewrite(frame) : [frame.raw]) this.#pass(way, bytes)
      return
    }
    this.line.break = null
    const part = frame.raw.subarray(0, Math.min(at.offset, frame.raw.length - 1))
    if (at.how === 'cut') this.#breakOff(way, part)
    else this.#hush(way, part)
  }

  // What is under way comes first, then the last bytes.
  #hush(way: Way, lastBytes: Uint8Array): void {
    this.line.breaks++
    this.#isHushed = true
    this.#queue[way] = this.#queue[way].then(() => {
      if (!this.#isOver) this.#ends[way].write(lastBytes)
    })
  }

  #breakOff(way: Way, lastBytes: Uint8Array): void {
    this.line.breaks++
    this.#isBreaking = true
    this.#queue[way] = this.#queue[way].then(() => {
      if (this.#isOver) return
      this.#isOver = true
      this.#ends[way].end(lastBytes)
      this.#sourceOf(way).destroy()
      this.line.forget(this)
    })
  }

  #pass(way: Way, bytes: Uint8Array): void {
    const isSlow = way === 'down' && this.line.bytesPerSecond !== Number.POSITIVE_INFINITY
    const delayMs = this.line.delayMs()
    if (!isSlow && delayMs === 0 && this.#queued[way] === 0) {
      this.#ends[way].write(bytes)
      return
    }
    this.#queued[way] += bytes.length
    if (this.#queued[way] > window) this.#sourceOf(way).pause()
    this.#queue[way] = this.#queue[way].then(() => this.#trickle(way, bytes, delayMs))
  }

  async #trickle(way: Way, bytes: Uint8Array, delayMs: number): Promise<void> {
    if (delayMs > 0) await pause(delayMs)
    for (let at = 0; at < bytes.length && !this.#isOver; at += piece) {
      this.#ends[way].write(bytes.subarray(at, at + piece))
      const { bytesPerSecond } = this.line
      if (way === 'down' && bytesPerSecond !== Number.POSITIVE_INFINITY) await pause((piece / bytesPerSecond) * 1_000)
    }
    this.#queued[way] -= bytes.length
    if (this.#queued[way] <= window) this.#sourceOf(way).resume()
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#ends.up.destroy()
    this.#ends.down.destroy()
    this.line.forget(this)
  }
}
