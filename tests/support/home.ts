import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../src/crypto/hash.ts'
import { signDevicePossession, signLogEntry } from '../../src/crypto/key-log-signing.ts'
import { findUser } from '../../src/crypto/key-log-validator.ts'
import type { DeviceSecretKey, RootPublicKey, RootSecretKey } from '../../src/crypto/key-types.ts'
import { generateDhKeyPair, generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import type { ConversationView } from '../../src/protocol/conversations.ts'
import type { SessionId } from '../../src/protocol/ids.ts'
import {
  type AccountId,
  type ConversationId,
  type DeviceId,
  idFromBytes,
  idToBytes,
  toBase64Url,
} from '../../src/protocol/ids.ts'
import type { ClientFrame, ServerFrame } from '../../src/protocol/socket.ts'
import { type App, createApp } from '../../src/server/app.ts'
import { readConfig } from '../../src/server/config.ts'
import type { SocketData } from '../../src/server/connection.ts'
import { type Context, createContext } from '../../src/server/context.ts'
import { makeId } from '../../src/server/ids.ts'
import { beginIncarnation } from '../../src/server/incarnation.ts'
import { RawSocket } from './raw-socket.ts'
import { addOf, GroupChain, type SealedBody, type Signer } from './sealed.ts'

/** Time that stands still until a test moves it. */
export class HandClock {
  nowMs = 1_750_000_000_000
  readonly #calls = new Set<{ atMs: number; call: () => void }>()
  now = (): number => this.nowMs
  after = (delayMs: number, call: () => void): Disposable => {
    const entry = { atMs: this.nowMs + delayMs, call }
    this.#calls.add(entry)
    return { [Symbol.dispose]: () => void this.#calls.delete(entry) }
  }
  move(ms: number): void {
    this.nowMs += ms
    for (const entry of [...this.#calls]) {
      if (entry.atMs > this.nowMs) continue
      this.#calls.delete(entry)
      entry.call()
    }
  }
}

/** Somebody with an account and its root key. */
export class Person {
  readonly devices: Device[] = []
  constructor(
    readonly home: Home,
    readonly accountId: AccountId,
    readonly uik: RootPublicKey,
    readonly rootSecret: RootSecretKey,
  ) {}

  get device(): Device {
    return this.devices[0]!
  }
}

/** A device of a person, known to the key log and signed in. */
export class Device implements Signer {
  constructor(
    readonly person: Person,
    readonly deviceId: DeviceId,
    readonly dskSecret: DeviceSecretKey,
    public cookie: string,
  ) {}

  get accountId(): AccountId {
    return this.person.accountId
  }
  get home(): Home {
    return this.person.home
  }

  /** Resolves when the server has said welcome and handed over everything that waited. */
  async connect(home = this.home): Promise<RawSocket> {
    const socket = new RawSocket(home.url, { cookie: this.cookie, origin: home.url })
    await socket.first('welcome')
    await socket.settle()
    return socket
  }

  async call(method: string, path: string, body?: unknown, home = this.home): Promise<{ status: number; json: never }> {
    const response = await fetch(home.url + path, {
      method,
      headers: { cookie: this.cookie, origin: home.url, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, json: (text === '' ? null : JSON.parse(text)) as never }
  }

  async openDirect(other: Person): Promise<ConversationView> {
    return (await this.call('POST', '/api/conversations/direct', { accountId: other.accountId })).json
  }

  async createGroup(...others: Person[]): Promise<GroupChain> {
    const chain = new GroupChain()
    chain.sign(this, this.home.logSize, { type: 'create', kind: 'group', historyPolicy: 'none' })
    for (const other of others) chain.sign(this, this.home.logSize, addOf(other))
    const { status, json } = await this.call('POST', '/api/conversations', { entries: chain.entries.map(toBase64Url) })
    if (status !== 200) throw new Error(`group refused: ${JSON.stringify(json)}`)
    return chain
  }
}

export interface HomeOptions {
  folder?: string
  clock?: HandClock
}

/** The real app on a real database behind a real port. */
export class Home implements AsyncDisposable {
  static async open(options: HomeOptions = {}): Promise<Home> {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'trallivalli-'))
    const clock = options.clock ?? new HandClock()
    const config = readConfig({}, { data: folder, host: '127.0.0.1', port: '0', tls: 'off', log: 'error' })
    const context = await createContext(config, { clock })
    const app = createApp(context)
    const server = Bun.serve<SocketData>({
      hostname: '127.0.0.1',
      port: 0,
      fetch(request, self) {
        const peer = { address: '127.0.0.1', isSecure: false }
        if (request.headers.get('upgrade') !== 'websocket') return app.handleHttp(request, peer)
        return app.upgrade(request, self, peer) ? undefined : new Response('no', { status: 400 })
      },
      websocket: app.websocket,
    })
    return new Home(folder, clock, context, app, server)
  }

  readonly people: Person[] = []
  private constructor(
    readonly folder: string,
    readonly clock: HandClock,
    readonly context: Context,
    readonly app: App,
    readonly server: Bun.Server<SocketData>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.server.port}`
  }
  get logSize(): number {
    return this.context.keyLog.size
  }

  /** An account with one device: genesis and device-add in the key log, as sign-up writes them. */
  async join(role: 'member' | 'host' = 'member', inviteId = systemRandom(16)): Promise<Person> {
    const { database, keyLog } = this.context
    const accountId = makeId<AccountId>()
    const root = generateSigningKeyPair<'root'>()
    const isFounder = keyLog.size === 0
    const genesis = signLogEntry(root.secretKey, {
      ...{ userId: idToBytes(accountId), useq: 0, prev: new Uint8Array(32), signer: { kind: 'root' } },
      time: this.clock.now(),
      body: {
        ...{ type: 'genesis', uik: root.publicKey, backupPkHash: systemRandom(32) },
        inviteId: isFounder ? new Uint8Array(16) : inviteId,
        inviteMac: isFounder ? new Uint8Array(32) : systemRandom(32),
      },
    })
    await database.transaction(async (tx) => {
      await keyLog.append(tx, [genesis])
      await tx.run(
        'UPDATE accounts SET role = ?, wrapped_root_seed = ?, sign_in_name = ? WHERE account_id = ?',
        ...[role, systemRandom(60), `p${this.people.length}${this.logSize}`, accountId],
      )
    })
    const person = new Person(this, accountId, root.publicKey, root.secretKey)
    this.people.push(person)
    await this.addDevice(person)
    return person
  }

  /** A device-add signed by root, and a session for the device. */
  async addDevice(person: Person): Promise<Device> {
    const { database, keyLog } = this.context
    const deviceId = makeId<DeviceId>()
    const dsk = generateSigningKeyPair<'device'>()
    const { publicKey: dik } = generateDhKeyPair<'device'>()
    const user = findUser(keyLog.state, idToBytes(person.accountId))!
    const named = { userId: user.userId, deviceId: idToBytes(deviceId), dsk: dsk.publicKey, dik, prev: user.head }
    const entry = signLogEntry(person.rootSecret, {
      ...{
        userId: user.userId,
        useq: user.useq + 1,
        prev: user.head,
        signer: { kind: 'root' },
        time: this.clock.now(),
      },
      body: { type: 'device-add', ...named, caps: 0, possession: signDevicePossession(dsk.secretKey, named) },
    })
    await database.transaction(async (tx) => {
      await keyLog.append(tx, [entry])
      await tx.run(
        "INSERT INTO prekeys (device_id, kind, prekey_id, created_at, public_key) VALUES (?, 'signed', 1, ?, ?)",
        ...[deviceId, this.clock.now(), systemRandom(32)],
      )
    })
    const device = new Device(person, deviceId, dsk.secretKey, await this.signIn(person.accountId, deviceId))
    person.devices.push(device)
    return device
  }

  async revoke(device: Device): Promise<void> {
    const user = findUser(this.context.keyLog.state, idToBytes(device.accountId))!
    const entry = signLogEntry(device.person.rootSecret, {
      ...{
        userId: user.userId,
        useq: user.useq + 1,
        prev: user.head,
        signer: { kind: 'root' },
        time: this.clock.now(),
      },
      body: { type: 'device-revoke', deviceId: idToBytes(device.deviceId), reason: 2 },
    })
    await this.context.database.transaction((tx) => this.context.keyLog.append(tx, [entry]))
  }

  /** The cookie of a fresh session. */
  async signIn(accountId: AccountId, deviceId: DeviceId): Promise<string> {
    const { database, tokens } = this.context
    const sessionId = makeId<SessionId>()
    const now = this.clock.now()
    await database.transaction((tx) =>
      tx.run(
        `INSERT OR REPLACE INTO sessions (session_id, account_id, device_id, generation, rotated_at, created_at,
           last_seen_at, expires_at) VALUES (?, ?, ?, 1, ?, ?, ?, ?)`,
        ...[sessionId, accountId, deviceId, now, now, now, now + 90 * 86_400_000],
      ),
    )
    const { token } = await tokens.sign({ accountId, deviceId, sessionId })
    return `tv_access=${token}`
  }

  async snapshot(): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'trallivalli-'))
    await this.context.database.snapshotTo(join(folder, 'database.sqlite'))
    return folder
  }

  /** A home on a copy, as a restore leaves it behind. */
  static async restore(folder: string, clock: HandClock): Promise<Home> {
    const config = readConfig({}, { data: folder, host: '127.0.0.1', tls: 'off', log: 'error' })
    const opened = await createContext(config, { clock })
    await opened.database.transaction((tx) => beginIncarnation(tx, clock.now() - 1_000))
    await opened[Symbol.asyncDispose]()
    return Home.open({ folder, clock })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop(true)
    this.app[Symbol.dispose]()
    await this.context[Symbol.asyncDispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export type PostFrame = Extract<ClientFrame, { type: 'post' }>

/** A post; its envelopes hold the receiver's id, so that a test can see whose it is. */
export function postOf(conversationId: ConversationId, sealed: SealedBody, to: readonly Device[] = []): PostFrame {
  return {
    ...{ type: 'post', requestId: 0, conversationId, body: sealed.body, archive: null },
    envelopes: to.map(({ deviceId }) => ({ deviceId, frame: envelopeFor(deviceId) })),
  }
}

export function envelopeFor(deviceId: DeviceId): Uint8Array {
  return sha256(idToBytes(deviceId))
}

export function fetchOf(
  conversationId: ConversationId,
  wish: { from?: number; direction?: number; count?: number } = {},
) {
  const { from = 0, direction = 0, count = 500 } = wish
  return {
    ...{ type: 'fetchPage' as const, requestId: 0, conversationId, from, direction, count, withArchive: true },
  }
}

export function codeOf(frame: ServerFrame): string {
  return frame.type === 'refused' ? frame.code : frame.type
}

export const someId = () => idFromBytes<never>(systemRandom(16))
