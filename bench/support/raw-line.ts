import { connect, type Socket } from 'node:net'
import { clientFrames } from '../../src/protocol/socket.ts'

/** Called for each frame: the bytes between `start` and `end` of `chunk` are its payload, and are gone after the call. */
export type OnPayload = (chunk: Uint8Array, start: number, end: number) => void

/** Our server sends what one turn has for a receiver as one message (src/protocol/socket.ts). */
const bundleCode = 15

interface Address {
  url: string
  path: string
  headers?: Record<string, string>
}

/** Client frames of RFC 6455 one behind the other, masked with a key of zeros so that nothing has to be computed. */
export class FrameTrain {
  readonly bytes: Uint8Array
  /** Where each frame begins, and at last where all end. */
  readonly starts: number[] = [0]

  constructor(payloads: readonly Uint8Array[]) {
    const parts: Uint8Array[] = []
    let length = 0
    for (const payload of payloads) {
      const head = maskedHead(payload.length)
      parts.push(head, payload)
      length += head.length + payload.length
      this.starts.push(length)
    }
    this.bytes = Buffer.concat(parts)
  }

  get count(): number {
    return this.starts.length - 1
  }
}

function maskedHead(length: number): Uint8Array {
  const head = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14)
  head[0] = 0x82
  if (length < 126) head[1] = 0x80 | length
  else if (length < 65_536) {
    head[1] = 0x80 | 126
    head.writeUInt16BE(length, 2)
  } else {
    head[1] = 0x80 | 127
    head.writeBigUInt64BE(BigInt(length), 2)
  }
  return head
}

const heartbeatMs = 30_000
const ping = new FrameTrain([clientFrames.encode({ type: 'ping', isActive: false })])

/**
 * A WebSocket client that costs almost nothing: it finds frames in what the socket hands over and does not copy, unpack or
 * decrypt them. With the load generator beside the server, what a client costs is taken from the server.
 */
export class RawLine {
  #rest: Uint8Array | null = null
  #heartbeat: NodeJS.Timeout | undefined
  /** Called once after each piece that came from the network. */
  onTurn: () => void = () => undefined
  onClose: () => void = () => undefined

  private constructor(
    private readonly socket: Socket,
    private readonly onPayload: OnPayload,
  ) {}

  static open({ url, path, headers = {} }: Address, onPayload: OnPayload, localAddress?: string): Promise<RawLine> {
    const { hostname, port, host } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, ...(localAddress && { localAddress }) })
    const line = new RawLine(socket, onPayload)
    const lines = Object.entries({
      ...{ host, upgrade: 'websocket', connection: 'Upgrade', origin: url },
      ...{ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13', ...headers },
    })
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('close', () => {
        line.onClose()
        reject(new Error('the socket was closed'))
      })
      let answer = Buffer.alloc(0)
      socket.on('data', function first(chunk: Buffer) {
        answer = Buffer.concat([answer, chunk])
        const end = answer.indexOf('\r\n\r\n')
        if (end < 0) return
        socket.off('data', first)
        if (!answer.toString('latin1', 0, 12).endsWith(' 101'))
          return reject(new Error(answer.toString('latin1', 0, end)))
        socket.on('data', (bytes: Buffer) => line.#take(bytes))
        resolve(line)
        if (answer.length > end + 4) line.#take(answer.subarray(end + 4))
      })
    })
  }

  #take(bytes: Uint8Array): void {
    const chunk = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes
    let at = 0
    for (;;) {
      if (at + 2 > chunk.length) break
      const short = chunk[at + 1]! & 127
      const headLength = short < 126 ? 2 : short === 126 ? 4 : 10
      if (at + headLength > chunk.length) break
      const length =
        short < 126
          ? short
          : short === 126
            ? (chunk[at + 2]! << 8) | chunk[at + 3]!
            : chunk[at + 6]! * 0x1000000 + ((chunk[at + 7]! << 16) | (chunk[at + 8]! << 8) | chunk[at + 9]!)
      const end = at + headLength + length
      if (end > chunk.length) break
      if ((chunk[at]! & 15) === 2) this.#unpack(chunk, at + headLength, end)
      at = end
    }
    this.#rest = at < chunk.length ? chunk.slice(at) : null
    this.onTurn()
  }

  #unpack(chunk: Uint8Array, start: number, end: number): void {
    if (chunk[start] !== bundleCode) this.onPayload(chunk, start, end)
    else this.#unbundle(chunk, start, end)
  }

  #unbundle(chunk: Uint8Array, start: number, end: number): void {
    for (let at = start + 1; at < end; ) {
      const from = at + 4
      at = from + ((chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!)
      this.onPayload(chunk, from, at)
    }
  }

  /** Sends the frames from `from` up to `to` of a train. */
  send(train: FrameTrain, from: number, to: number): void {
    this.socket.write(train.bytes.subarray(train.starts[from]!, train.starts[to]!))
  }

  /** Our server cuts a line on which nothing came for 90 seconds. */
  keepAlive(): void {
    this.#heartbeat = setInterval(() => this.send(ping, 0, 1), heartbeatMs)
  }

  close(): void {
    clearInterval(this.#heartbeat)
    this.onClose = () => undefined
    this.socket.destroy()
  }
}
