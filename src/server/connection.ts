import type { ServerWebSocket } from 'bun'
import { Refusal, type RefusalCode } from '../protocol/errors.ts'
import type { AccountId, DeviceId } from '../protocol/ids.ts'
import { bundleFrames, type ServerFrame, serverFrames, socketCloseCodes } from '../protocol/socket.ts'
import type { Line } from './hub.ts'
import { TokenBucket } from './token-bucket.ts'

/** What Bun keeps beside each socket. */
export interface SocketData {
  /** Finds out who it is, or throws the Refusal that ends the socket. */
  identify(): Promise<{ accountId: AccountId; deviceId: DeviceId }>
  /** Frames that came before the socket knew whose it is. */
  early: Uint8Array[]
  connection: Connection | null
}

export interface ConnectionLimits {
  /** What may wait for a slow receiver. More than this and it is cut off: it catches up by pages. */
  maxBufferedBytes: number
  /** Requests of one connection that are answered one after the other and may wait for their turn. */
  maxWaitingRequests: number
  framesPerSecond: number
  frameBurst: number
}

/** Of one bundle; a frame that is larger goes alone. */
const maxTurnBytes = 256 * 1024

export const connectionLimits: ConnectionLimits = {
  maxBufferedBytes: 4 * 1024 * 1024,
  maxWaitingRequests: 64,
  framesPerSecond: 200,
  frameBurst: 1_000,
}

interface Held {
  frame: Uint8Array
  envelopeId: number
}

let newestBundle: { frames: readonly Uint8Array[]; bytes: Uint8Array } = { frames: [], bytes: new Uint8Array() }

// Those who share a conversation are sent the same frames in the same turn: the bundle is made for the first of them.
function bundleOnce(frames: readonly Uint8Array[]): Uint8Array {
  const known = newestBundle.frames
  const isSame = known.length === frames.length && known.every((frame, at) => frame === frames[at])
  if (!isSame) newestBundle = { frames, bytes: bundleFrames(frames) }
  return newestBundle.bytes
}

/** One signed-in device on one WebSocket. */
export class Connection implements Line {
  readonly accountId: AccountId
  readonly deviceId: DeviceId
  isActive = false
  /** Was said welcome: from now on it is listened to. */
  isWelcome = false
  lastHeardAt: number
  readonly bucket: TokenBucket
  /** Frames that came faster than they may, less those that did not. */
  overruns = 0
  readonly #socket: ServerWebSocket<SocketData>
  readonly #limits: ConnectionLimits
  #isOpen = true
  // Live frames wait here until everything older was handed over; null from then on.
  #held: Held[] | null = []
  #heldBytes = 0
  #lastEnvelopeId = 0
  #turnFrames: Uint8Array[] = []
  #turnBytes = 0
  #waitingRequests = 0
  #turn: Promise<void> = Promise.resolve()
  #onDrain: (() => void)[] = []

  constructor(
    socket: ServerWebSocket<SocketData>,
    who: { accountId: AccountId; deviceId: DeviceId },
    { limits, nowMs }: { limits: ConnectionLimits; nowMs: number },
  ) {
    this.#socket = socket
    this.#limits = limits
    this.accountId = who.accountId
    this.deviceId = who.deviceId
    this.lastHeardAt = nowMs
    this.bucket = new TokenBucket(limits.framesPerSecond, limits.frameBurst, nowMs)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  send(frame: Uint8Array, envelopeId = 0): void {
    if (!this.#isOpen) return
    if (this.#held === null) this.#pass(frame, envelopeId)
    else {
      this.#held.push({ frame, envelopeId })
      this.#heldBytes += frame.length
      if (this.#heldBytes > this.#limits.maxBufferedBytes) this.cut()
    }
  }

  /** An answer, or something older than what is held back: goes out at once. */
  answer(frame: ServerFrame, envelopeId = 0): void {
    if (!this.#isOpen) return
    this.#pass(serverFrames.encode(frame), envelopeId)
  }

  refuse(requestId: number, error: Refusal): void {
    const { code, options } = error
    this.answer({ type: 'refused', requestId, code, retryAfterMs: options.retryAfterMs ?? 0 })
  }

  /** Everything older is out: what was held goes, and from now on frames go as they come. */
  releaseHeld(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const { frame, envelopeId } of held) if (this.#isOpen) this.#pass(frame, envelopeId)
  }

  // An envelope may come twice, from the table and live, when it was stored while the waiting ones were read.
  #pass(frame: Uint8Array, envelopeId: number): void {
    if (envelopeId > 0) {
      if (envelopeId <= this.#lastEnvelopeId) return
      this.#lastEnvelopeId = envelopeId
    }
    if (this.#turnBytes + frame.length > maxTurnBytes) this.flush()
    this.#turnBytes += frame.length
    if (this.#turnFrames.push(frame) === 1) queueMicrotask(() => this.flush())
  }

  /** What one turn of the event loop has for this receiver goes out together: one message, not one a frame. */
  flush(): void {
    const frames = this.#turnFrames
    if (frames.length === 0) return
    this.#turnFrames = []
    this.#turnBytes = 0
    if (this.#isOpen) this.#write(frames.length === 1 ? frames[0]! : bundleOnce(frames))
  }

  #write(message: Uint8Array): void {
    const sent = this.#socket.sendBinary(message)
    const isTaken = sent > 0 || (sent < 0 && this.#socket.getBufferedAmount() <= this.#limits.maxBufferedBytes)
    if (!isTaken) this.cut()
  }

  /** Resolves when less than half of what may wait is waiting, or the socket closed. */
  async drained(): Promise<void> {
    this.flush()
    while (this.#isOpen && this.#socket.getBufferedAmount() > this.#limits.maxBufferedBytes / 2) {
      await new Promise<void>((resolve) => this.#onDrain.push(resolve))
    }
  }

  noteDrain(): void {
    const waiting = this.#onDrain
    this.#onDrain = []
    for (const resolve of waiting) resolve()
  }

  /** One after the other, each when the receiver has taken what came before: a reader sets the pace of its own reading. */
  inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#waitingRequests >= this.#limits.maxWaitingRequests) {
      return Promise.reject(new Refusal('too_many', { retryAfterMs: 1_000 }))
    }
    this.#waitingRequests++
    const mine = this.#turn.then(async () => {
      try {
        await this.drained()
        if (this.#isOpen) await work()
      } finally {
        this.#waitingRequests--
      }
    })
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  end(code: string): void {
    this.answer({ type: 'signedOut', code })
    this.close(socketCloseCodes.signedOut)
  }

  replace(): void {
    this.close(socketCloseCodes.replaced)
  }

  /** `refused` for no request, then the end. */
  closeWith(code: RefusalCode, retryAfterMs = 0): void {
    this.answer({ type: 'refused', requestId: 0, code, retryAfterMs })
    this.close(socketCloseCodes.refused)
  }

  /** Closes after what is buffered. */
  close(code: number): void {
    if (!this.#isOpen) return
    this.flush()
    this.markClosed()
    this.#socket.close(code)
  }

  /** Closes at once and drops what is buffered. */
  cut(): void {
    if (!this.#isOpen) return
    this.markClosed()
    this.#socket.terminate()
  }

  markClosed(): void {
    this.#isOpen = false
    this.#turnFrames = []
    this.#held = null
    this.noteDrain()
  }
}
