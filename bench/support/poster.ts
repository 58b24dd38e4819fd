import { SOCKET_PATH } from '../../src/protocol/socket.ts'
import type { Seat } from './prepared-home.ts'
import { FrameTrain, RawLine } from './raw-line.ts'

export const inFlight = 16
const codes = { welcome: 1, posted: 2, refused: 4, message: 5 }

/** One device that posts its train with a few posts under way, and counts what comes from others. */
export class Poster {
  delivered = 0
  readonly waitsMs: number[] = []
  #line!: RawLine
  #train = new FrameTrain([])
  #sentAt = new Float64Array()
  #next = 0
  #finish: () => void = () => undefined
  #fail: (error: Error) => void = () => undefined
  onDelivery: () => void = () => undefined

  static async open(url: string, { cookie }: Seat): Promise<Poster> {
    const poster = new Poster()
    const welcome = Promise.withResolvers<void>()
    poster.#line = await RawLine.open({ url, path: SOCKET_PATH, headers: { cookie } }, (chunk, start, end) => {
      if (chunk[start] === codes.welcome) welcome.resolve()
      else if (chunk[start] === codes.message) poster.onDelivery()
      else if (chunk[start] === codes.posted) poster.#note(new DataView(chunk.buffer, chunk.byteOffset + start + 1, 4))
      else if (chunk[start] === codes.refused)
        poster.#fail(new Error(`refused: ${Buffer.from(chunk.slice(start, end))}`))
    })
    poster.#line.onTurn = () => poster.#pump()
    await welcome.promise
    return poster
  }

  #note(requestId: DataView): void {
    this.waitsMs.push(performance.now() - this.#sentAt[requestId.getUint32(0)]!)
  }

  #pump(): void {
    const to = Math.min(this.#train.count, this.waitsMs.length + inFlight)
    if (to > this.#next) {
      this.#sentAt.fill(performance.now(), this.#next, to)
      this.#line.send(this.#train, this.#next, to)
      this.#next = to
    }
    if (this.waitsMs.length === this.#train.count) this.#finish()
  }

  post(train: FrameTrain): Promise<void> {
    this.#train = train
    this.#sentAt = new Float64Array(train.count)
    this.#next = 0
    this.waitsMs.length = 0
    return new Promise((resolve, reject) => {
      this.#finish = resolve
      this.#fail = reject
      this.#pump()
    })
  }

  close(): void {
    this.#line.close()
  }
}
