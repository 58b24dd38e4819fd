import { type Client, ClientFailure } from '../src/client/api.ts'
import type { CallName, Port, ToClient, ToFace } from './bridge.ts'

type Command = (...args: unknown[]) => unknown

/** The worker's end of the bridge: obeys one face and tells it every event. Answers a function that lets it go. */
export function serveFace(client: Client, port: Port): () => void {
  const send = (message: ToFace) => port.postMessage(message)
  let stop = () => {
    port.onmessage = null
  }
  port.onmessage = ({ data }: MessageEvent<ToClient>) => {
    if (data.kind === 'call') return void answer(client, data, send)
    const unsubscribe = client.subscribe((event) => send({ kind: 'event', event }))
    stop = () => {
      port.onmessage = null
      unsubscribe()
    }
  }
  return () => stop()
}

type Call = { id: number; name: CallName; args: unknown[] }

async function answer(client: Client, { id, name, args }: Call, send: (message: ToFace) => void): Promise<void> {
  try {
    const value = await (client[name] as Command)(...args)
    if (id) send({ kind: 'answer', id, value })
  } catch (cause) {
    const failure = cause instanceof ClientFailure ? cause : new ClientFailure('internal', 0, String(cause))
    if (id)
      send({ kind: 'failure', id, code: failure.code, retryAfterMs: failure.retryAfterMs, detail: failure.detail })
    else console.error(failure)
  }
}
