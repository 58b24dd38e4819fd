import type {
  HttpAnswer,
  HttpInit,
  Platform,
  PlatformClock,
  PlatformSocket,
  PlatformStorage,
  RowRange,
  SocketEvents,
  StoredWrite,
  TableName,
} from '../../src/client/platform.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { sodium, sodiumReady } from '../../src/crypto/sodium.ts'

/** What a commit rejects with when a test let it fail. */
export class Crashed extends Error {
  override readonly name = 'Crashed'
}

/** A device's database in memory. It outlives the client, so that a second client on it is "the page after a reload". */
export class MemoryStorage implements PlatformStorage {
  readonly #tables = new Map<TableName, Map<string, Uint8Array>>()
  #deviceKey: Promise<CryptoKey> | null = null
  #run = 0
  #onCrash: () => void = () => undefined
  #commitsUntilCrash = Number.POSITIVE_INFINITY
  /** How many commits there were: to walk a crash through every step of something. */
  commitCount = 0
  /** How often a page asked anything of it: one that works without a word to its home is known by this. */
  callCount = 0

  /** Lets `count` more commits through, then none: they reject, and for an attached page the process is gone. */
  crashAfter(count: number): Promise<void> {
    this.#commitsUntilCrash = count
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onCrash = resolve
    return promise
  }
  revive(): void {
    this.#commitsUntilCrash = Number.POSITIVE_INFINITY
  }
  get hasCrashed(): boolean {
    return this.#commitsUntilCrash < 0
  }

  /** What one run of a page holds; a later one cuts off the earlier. A process that is gone is answered nothing. */
  attach(): PlatformStorage {
    const run = ++this.#run
    this.revive()
    const alive = <Answer>(work: () => Promise<Answer>): Promise<Answer> => {
      this.callCount++
      return run === this.#run && !this.hasCrashed ? work() : new Promise(() => undefined)
    }
    return {
      read: (table, key) => alive(() => this.read(table, key)),
      list: (table, range) => alive(() => this.list(table, range)),
      commit: (writes) => alive(() => this.#commitOrDie(writes)),
      deviceKey: () => alive(() => this.deviceKey()),
      clear: () => alive(() => this.clear()),
    }
  }

  #commitOrDie(writes: readonly StoredWrite[]): Promise<void> {
    return this.commit(writes).catch(() => {
      this.#onCrash()
      return new Promise(() => undefined)
    })
  }

  async read(table: TableName, key: string): Promise<Uint8Array | null> {
    return this.#table(table).get(key)?.slice() ?? null
  }
  async list(table: TableName, range: RowRange) {
    const keys = [...this.#table(table).keys()]
      .filter((key) => (range.from === undefined || key >= range.from) && (!range.before || key < range.before))
      .sort()
    if (range.descending) keys.reverse()
    return keys.slice(0, range.limit).map((key) => ({ key, value: this.#table(table).get(key)!.slice() }))
  }
  async commit(writes: readonly StoredWrite[]): Promise<void> {
    this.#commitsUntilCrash--
    if (this.hasCrashed) throw new Crashed()
    this.commitCount++
    for (const { table, key, value } of writes) {
      if (value === null) this.#table(table).delete(key)
      else this.#table(table).set(key, value.slice())
    }
  }
  deviceKey(): Promise<CryptoKey> {
    this.#deviceKey ??= crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    return this.#deviceKey
  }
  async clear(): Promise<void> {
    this.#tables.clear()
    this.#deviceKey = null
  }
  /** Everything as the disk holds it: to look for what must not be there. */
  dump(): Uint8Array[] {
    return [...this.#tables.values()].flatMap((table) => [...table.values()])
  }

  #table(name: TableName): Map<string, Uint8Array> {
    const known = this.#tables.get(name)
    if (known) return known
    const made = new Map<string, Uint8Array>()
    this.#tables.set(name, made)
    return made
  }
}

type Cookie = { value: string; path: string }

/** The cookies of one browser profile, by name and path. */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>()

  header(path: string): string {
    return [...this.#cookies]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([key, { value }]) => `${key.split(';')[0]}=${value}`)
      .join('; ')
  }
  take(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const at = pair.indexOf('=')
      const attribute = (name: string) =>
        attributes.find((text) => text.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1)
      const path = attribute('path') ?? '/'
      const expires = attribute('expires')
      const isGone = attribute('max-age') === '0' || (expires !== undefined && Date.parse(expires) <= 0)
      const key = `${pair.slice(0, at)};${path}`
      if (isGone || pair.length === at + 1) this.#cookies.delete(key)
      else this.#cookies.set(key, { value: pair.slice(at + 1), path })
    }
  }
  clear(): void {
    this.#cookies.clear()
  }
}

/** Sees, changes, loses or invents what passes between a device and its home. */
export type HttpMiddle = (
  request: { path: string; init: HttpInit },
  forward: () => Promise<HttpAnswer>,
) => Promise<HttpAnswer>

export type BunPlatformOptions = {
  /** Where the home listens: http://127.0.0.1:1234. */
  url: string
  /** What the browser's address bar would say; the url by default. */
  origin?: string
  storage?: PlatformStorage
  cookies?: CookieJar
  clock?: PlatformClock
  middle?: HttpMiddle
  /** Instead of {@link stretch} itself: to pay for the same passphrase once. */
  stretch?: Platform['stretch']
}

/** Argon2id on the calling thread. */
export async function stretch(
  passphrase: Uint8Array,
  salt: Uint8Array,
  memKiB: number,
  passes: number,
): Promise<Uint8Array> {
  await sodiumReady
  const algorithm = sodium.crypto_pwhash_ALG_ARGON2ID13
  return sodium.crypto_pwhash(32, passphrase, salt, passes, memKiB * 1024, algorithm)
}

export const systemClock: PlatformClock = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/** A host for the headless client on Bun: what the browser's worker is for a page. */
export class BunPlatform implements Platform {
  readonly origin: string
  readonly storage: PlatformStorage
  readonly cookies: CookieJar
  readonly clock: PlatformClock
  readonly stretch: Platform['stretch']
  middle: HttpMiddle | null
  /** True: requests and sockets fail as without a network. */
  isOffline = false
  readonly #url: string
  readonly #sockets = new Set<WebSocket>()
  readonly #timers = new Set<() => void>()
  #isDead = false
  readonly #locks = new Map<string, Promise<void>>()

  constructor(options: BunPlatformOptions) {
    this.#url = options.url
    this.origin = options.origin ?? options.url
    this.storage = options.storage ?? new MemoryStorage()
    this.cookies = options.cookies ?? new CookieJar()
    this.clock = this.#mortal(options.clock ?? systemClock)
    this.middle = options.middle ?? null
    this.stretch = options.stretch ?? stretch
  }

  request(path: string, init: HttpInit): Promise<HttpAnswer> {
    if (this.#isDead) return new Promise(() => undefined)
    const forward = () => this.#send(path, init)
    return this.middle === null ? forward() : this.middle({ path, init }, forward)
  }

  async #send(path: string, init: HttpInit): Promise<HttpAnswer> {
    if (this.isOffline) throw new Error('offline')
    const response = await fetch(this.#url + path, {
      method: init.method,
      headers: {
        origin: this.origin,
        cookie: this.cookies.header(path),
        ...(init.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(init.bytes ? { 'content-type': 'application/octet-stream' } : {}),
        ...init.headers,
      },
      ...(init.json === undefined ? {} : { body: JSON.stringify(init.json) }),
      ...(init.bytes ? { body: init.bytes as Uint8Array<ArrayBuffer> } : {}),
      redirect: 'manual',
    })
    this.cookies.take(response)
    if (response.headers.get('content-type') === 'application/octet-stream') {
      return { status: response.status, json: null, bytes: new Uint8Array(await response.arrayBuffer()) }
    }
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    return { status: response.status, json: isJson && text !== '' ? JSON.parse(text) : null }
  }

  openSocket(path: string, events: SocketEvents): Promise<PlatformSocket> {
    if (this.isOffline) return Promise.reject(new Error('offline'))
    const { promise, resolve, reject } = Promise.withResolvers<PlatformSocket>()
    const headers = { origin: this.origin, cookie: this.cookies.header(path) }
    const socket = new WebSocket(this.#url.replace(/^http/, 'ws') + path, { headers } as never)
    socket.binaryType = 'arraybuffer'
    this.#sockets.add(socket)
    socket.onopen = () =>
      resolve({
        send: (bytes) => void socket.send(bytes as Uint8Array<ArrayBuffer>),
        close: () => socket.close(),
        bufferedBytes: () => socket.bufferedAmount,
      })
    socket.onmessage = (message) => events.onFrame(new Uint8Array(message.data as ArrayBuffer))
    socket.onclose = () => {
      this.#sockets.delete(socket)
      reject(new Error('the socket did not open'))
      events.onClose()
    }
    return promise
  }

  /** The network goes away under open sockets, and stays away until it is set back. */
  goOffline(): void {
    this.isOffline = true
    for (const socket of this.#sockets) socket.terminate()
  }

  /** The process is gone: no timer, no socket, no request goes on. */
  kill(): void {
    this.goOffline()
    this.#isDead = true
    for (const cancel of this.#timers) cancel()
  }

  #mortal(clock: PlatformClock): PlatformClock {
    return {
      now: () => clock.now(),
      schedule: (delayMs, callback) => {
        if (this.#isDead) return () => undefined
        const cancel = clock.schedule(delayMs, () => {
          this.#timers.delete(cancel)
          callback()
        })
        this.#timers.add(cancel)
        return () => {
          this.#timers.delete(cancel)
          cancel()
        }
      },
    }
  }

  random(length: number): Uint8Array {
    return systemRandom(length)
  }

  async holdLock(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#locks.get(name) ?? Promise.resolve()
    const run = before.then(work)
    this.#locks.set(
      name,
      run.catch(() => undefined),
    )
    await run
  }
}
