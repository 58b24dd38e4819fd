import { type ClientApi, type ClientEvent, ClientFailure, type FailureCode } from '../src/client/api.ts'
import { applyEvent } from './stores.ts'

/** A Worker, or a MessagePort to a worker that lives in another tab. */
export type Port = {
  postMessage(message: unknown): void
  onmessage: ((event: MessageEvent) => void) | null
}

export type CallName = keyof ClientApi
/** id 0: nobody waits for an answer. */
export type ToClient = { kind: 'hello' } | { kind: 'call'; id: number; name: CallName; args: unknown[] }
export type ToFace =
  | { kind: 'event'; event: ClientEvent }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'failure'; id: number; code: FailureCode; retryAfterMs: number; detail: string }

const unanswered = new Set<CallName>(['setActive', 'reconnect', 'setTyping', 'markRead'])
type Waiting = { resolve(value: unknown): void; reject(failure: ClientFailure): void }

class Bridge {
  /** Every command of the client; a refusal arrives as ClientFailure. */
  readonly call = new Proxy({} as ClientApi, {
    get: (_, name) => (typeof name === 'string' && name !== 'then' ? this.caller(name as CallName) : undefined),
  })
  private port: Port | null = null
  private readonly early: ToClient[] = []
  private readonly waiting = new Map<number, Waiting>()
  private lastId = 0

  /** Speaks to the client behind this port from now on. Whoever still waits for the former one is told that it went away. */
  connect(port: Port): void {
    if (this.port) this.dropWaiting()
    this.port = port
    port.onmessage = ({ data }: MessageEvent<ToFace>) => this.receive(data)
    port.postMessage({ kind: 'hello' } satisfies ToClient)
    for (const message of this.early.splice(0)) port.postMessage(message)
  }

  private caller(name: CallName): (...args: unknown[]) => unknown {
    return (...args) => {
      if (unanswered.has(name)) return this.post({ kind: 'call', id: 0, name, args })
      const id = ++this.lastId
      return new Promise((resolve, reject) => {
        this.waiting.set(id, { resolve, reject })
        this.post({ kind: 'call', id, name, args })
      })
    }
  }

  private post(message: ToClient): void {
    if (this.port) this.port.postMessage(message)
    else this.early.push(message)
  }

  private receive(message: ToFace): void {
    if (message.kind === 'event') applyEvent(message.event)
    else this.settle(message)
  }

  private settle(message: Exclude<ToFace, { kind: 'event' }>): void {
    const waiting = this.waiting.get(message.id)
    this.waiting.delete(message.id)
    if (message.kind === 'answer') waiting?.resolve(message.value)
    else waiting?.reject(new ClientFailure(message.code, message.retryAfterMs, message.detail))
  }

  private dropWaiting(): void {
    for (const { reject } of this.waiting.values()) reject(new ClientFailure('unavailable'))
    this.waiting.clear()
  }
}

export const bridge = new Bridge()
