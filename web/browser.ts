import type {
  HttpAnswer,
  HttpInit,
  Platform,
  PlatformClock,
  PlatformSocket,
  SocketEvents,
} from '../src/client/platform.ts'
import { startArgon2Worker } from './argon2-url.ts'
import { BrowserStorage } from './browser-storage.ts'

/** A home that takes longer than this is treated as away. */
const patienceMs = 60_000
/** Browsers' timers are 32 bits wide: a longer delay would fire at once. */
const longestTimerMs = 2 ** 31 - 1

/** What a member's device finds in a browser's worker. */
export function createBrowserPlatform(argon2Url: string): Platform {
  return {
    origin: location.origin,
    storage: new BrowserStorage(),
    clock: browserClock,
    request,
    openSocket,
    random: drawRandom,
    stretch: (...args) => stretch(argon2Url, args),
    holdLock,
  }
}

const browserClock: PlatformClock = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, longestTimerMs))
    return () => clearTimeout(timer)
  },
}

async function request(path: string, { method, json, bytes, headers }: HttpInit): Promise<HttpAnswer> {
  const body = bytes ? (bytes as Uint8Array<ArrayBuffer>) : json === undefined ? undefined : JSON.stringify(json)
  const type = bytes ? 'application/octet-stream' : 'application/json'
  const response = await fetch(path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
    ...(body === undefined ? {} : { body }),
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'error',
    signal: AbortSignal.timeout(patienceMs),
  })
  if (isBinary(response)) {
    return { status: response.status, json: null, bytes: new Uint8Array(await response.arrayBuffer()) }
  }
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, json: isJson && text !== '' ? JSON.parse(text) : null }
}

function isBinary(response: Response): boolean {
  return response.headers.get('content-type') === 'application/octet-stream'
}

function openSocket(path: string, events: SocketEvents): Promise<PlatformSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<PlatformSocket>()
  const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + path)
  socket.binaryType = 'arraybuffer'
  socket.onopen = () =>
    resolve({
      send(bytes) {
        // A closing socket drops what it is given, and onClose tells the sender.
        if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>)
      },
      close: () => socket.close(),
      bufferedBytes: () => socket.bufferedAmount,
    })
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => events.onFrame(new Uint8Array(data))
  socket.onclose = () => {
    reject(new Error('the socket did not open'))
    events.onClose()
  }
  return promise
}

function drawRandom(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  // getRandomValues refuses more than 65,536 bytes in one call.
  for (let offset = 0; offset < length; offset += 65_536)
    crypto.getRandomValues(bytes.subarray(offset, offset + 65_536))
  return bytes
}

export type StretchJob = { passphrase: Uint8Array; salt: Uint8Array; memKiB: number; passes: number }
type StretchArguments = [passphrase: Uint8Array, salt: Uint8Array, memKiB: number, passes: number]

// Wasm memory never shrinks: the worker that needed it goes away with it.
function stretch(argon2Url: string, [passphrase, salt, memKiB, passes]: StretchArguments): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const worker = startArgon2Worker(argon2Url)
  worker.onmessage = ({ data }: MessageEvent<Uint8Array>) => resolve(data)
  worker.onerror = (event) => reject(new Error(`the key worker failed: ${event.message}`))
  worker.postMessage({ passphrase, salt, memKiB, passes } satisfies StretchJob)
  return promise.finally(() => worker.terminate())
}

async function holdLock(name: string, work: () => Promise<void>): Promise<void> {
  await navigator.locks.request(name, work)
}
