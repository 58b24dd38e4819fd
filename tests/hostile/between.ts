import type { HttpAnswer, HttpInit, PlatformSocket, SocketEvents } from '../../src/client/platform.ts'
import {
  type ClientFrame,
  clientFrames,
  type ServerFrame,
  serverFrames,
  splitFrames,
} from '../../src/protocol/socket.ts'
import type { Member } from '../support/member.ts'

type Rewrite<Frame> = (frame: Frame) => Frame[]
type Asked = { method: string; path: string; json: unknown }
type Frame<Of extends { type: string }, Type extends Of['type']> = Extract<Of, { type: Type }>

/** Everything between one device and its home: what an operator can see, change, lose, keep for later and invent. */
export class Between {
  /** What the home sent and what the device sent, in order, before anything was changed. */
  readonly fromHome: ServerFrame[] = []
  readonly fromDevice: ClientFrame[] = []
  readonly requests: Asked[] = []
  toDevice: Rewrite<ServerFrame> = (frame) => [frame]
  toHome: Rewrite<ClientFrame> = (frame) => [frame]
  readonly #answers: { method: string; path: RegExp; change: (json: never, asked: Asked) => unknown }[] = []
  #events: SocketEvents | null = null
  #socket: PlatformSocket | null = null

  constructor(readonly member: Member) {
    this.attach()
  }

  /** Stands before a device that is one already: its page is opened anew, and nothing passes by. */
  static async before(member: Member): Promise<Between> {
    await member.restart()
    return new Between(member)
  }

  /** Also after the member's restart: it has a new platform then. */
  attach(): void {
    const { platform } = this.member
    const open = platform.openSocket.bind(platform)
    platform.openSocket = (path, events) => this.#open((wrapped) => open(path, wrapped), events)
    platform.middle = ({ path, init }, forward) => this.#carry(path, init, forward)
  }

  /** Changes the JSON of every answer to `method` on a path that matches, from now on. Throw to answer nothing. */
  answer<Json>(method: string, path: RegExp, change: (json: Json, asked: Asked) => unknown): void {
    this.#answers.push({ method, path, change: change as (json: never, asked: Asked) => unknown })
  }
  honest(): void {
    this.#answers.length = 0
    this.toDevice = (frame) => [frame]
    this.toHome = (frame) => [frame]
  }

  /** A frame that the home never sent. */
  inject(frame: ServerFrame): void {
    this.injectBytes(serverFrames.encode(frame))
  }
  injectBytes(bytes: Uint8Array): void {
    if (this.#events === null) throw new Error('no socket to inject into')
    this.#events.onFrame(bytes)
  }
  /** As if the network went away for a moment: the device opens a new socket. */
  cut(): void {
    this.#socket?.close()
  }

  got<Type extends ServerFrame['type']>(type: Type): Frame<ServerFrame, Type>[] {
    return this.fromHome.filter((frame) => frame.type === type) as Frame<ServerFrame, Type>[]
  }
  sent<Type extends ClientFrame['type']>(type: Type): Frame<ClientFrame, Type>[] {
    return this.fromDevice.filter((frame) => frame.type === type) as Frame<ClientFrame, Type>[]
  }
  /** The ids of all devices for which this device ever sealed anything. */
  sealedFor(): Set<string> {
    const envelopes = this.fromDevice.flatMap((frame) => ('envelopes' in frame ? frame.envelopes : []))
    return new Set(envelopes.map(({ deviceId }) => deviceId))
  }

  async #carry(path: string, init: HttpInit, forward: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const asked = { method: init.method, path, json: init.json }
    this.requests.push(asked)
    let answer = await forward()
    for (const { method, path: pattern, change } of this.#answers) {
      if (method !== init.method || !pattern.test(path)) continue
      answer = { status: 200, json: await change(answer.json as never, asked) }
    }
    return answer
  }

  async #open(open: (events: SocketEvents) => Promise<PlatformSocket>, events: SocketEvents): Promise<PlatformSocket> {
    const socket = await open({
      onFrame: (bytes) => {
        for (const frame of splitFrames(bytes).map((one) => serverFrames.decode(one))) {
          this.fromHome.push(frame)
          for (const changed of this.toDevice(frame)) events.onFrame(serverFrames.encode(changed))
        }
      },
      onClose: () => {
        if (this.#events === events) this.#events = null
        events.onClose()
      },
    })
    this.#events = events
    this.#socket = socket
    return {
      send: (bytes) => {
        const frame = clientFrames.decode(bytes)
        this.fromDevice.push(frame)
        for (const changed of this.toHome(frame)) socket.send(clientFrames.encode(changed))
      },
      close: () => socket.close(),
      bufferedBytes: () => socket.bufferedBytes(),
    }
  }
}
