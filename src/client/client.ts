import { estimateStrength, generatePassphrase } from '../crypto/passphrase.ts'
import { runSelfTest } from '../crypto/self-test.ts'
import { openAlarmBell } from './alarm.ts'
import { type Client, type ClientApi, type ClientEvent, ClientFailure, type Phase } from './api.ts'
import type { ClientContext } from './context.ts'
import { createHttp, HttpCaller } from './http.ts'
import type { StoredIdentity } from './identity.ts'
import { type Inside, openInside } from './inside.ts'
import { type InsideCommands, insideCommands, toldCommands } from './inside-commands.ts'
import { LinkDesk } from './link-desk.ts'
import { readOtherCode } from './link-line.ts'
import { linkAsNew } from './link-new.ts'
import { LinkRelay } from './link-relay.ts'
import { createLocalStore } from './local-store.ts'
import type { RemovedReason } from './login.ts'
import type { Platform } from './platform.ts'
import { recover } from './recovery.ts'
import { spellSignInName } from './sign-in-name.ts'
import { found, join, loadPending, lookAgain } from './sign-up.ts'

const SETUP_RETRY_MS = 3_000
const LEFT: Phase = { name: 'removed', reason: 'left' }
/** Parts whose newest value a late subscriber is told first, in this order. */
const REPLAYED = ['phase', 'connection', 'me', 'home', 'people', 'conversations', 'linking'] as const

/** A member's device on this host: opens what is stored, shows it, then connects. */
export function createClient(platform: Platform): Client {
  return new DeviceClient(platform).face()
}

class DeviceClient {
  readonly #context: ClientContext
  readonly #caller: HttpCaller
  readonly #http
  readonly #listeners = new Set<(event: ClientEvent) => void>()
  readonly #latest = new Map<ClientEvent['type'], ClientEvent>()
  readonly #disposed = Promise.withResolvers<void>()
  readonly #ready = Promise.withResolvers<void>()
  readonly #ended: Promise<void>
  readonly #desk: LinkDesk
  #inside: Inside | null = null
  #closing: Promise<unknown> = Promise.resolve()
  #isDisposed = false
  #isOpen = false
  #isLeaving = false
  #isActive = false
  #cancelSetup: (() => void) | null = null

  constructor(private readonly platform: Platform) {
    this.#context = { platform, store: createLocalStore(platform), emit: (event) => this.#emit(event) }
    this.#caller = new HttpCaller(platform)
    this.#http = createHttp(this.#caller)
    this.#desk = new LinkDesk(this.#context)
    this.#setPhase({ name: 'starting' })
    this.#ready.promise.catch(() => undefined)
    this.#ended = platform.holdLock('tv-crypto', () => this.#live())
    this.#ended.catch((error: unknown) => console.error('the device could not be opened', error))
  }

  async #live(): Promise<void> {
    try {
      await runSelfTest()
      await this.#open()
      this.#isOpen = true
      this.#ready.resolve()
    } catch (error) {
      this.#ready.reject(error)
      throw error
    }
    await this.#disposed.promise
    this.#cancelSetup?.()
    await this.#desk.cancel()
    await Promise.all([this.#inside?.stop(), this.#closing])
  }

  async #open(): Promise<void> {
    const { store } = this.#context
    const identity = await store.get<StoredIdentity>('device', 'identity')
    const reason = await store.get<RemovedReason>('device', 'removed')
    if (reason !== null) this.#setPhase({ name: 'removed', reason })
    else if (identity === null) await this.#stayOutside()
    else {
      await this.#goInside(identity)
      this.#inside?.start()
    }
  }

  async #goInside(stored: StoredIdentity): Promise<Inside> {
    const bell = await openAlarmBell(this.#context, (alarm) => this.#setPhase({ name: 'alarm', alarm }))
    const onRemoved = (reason: RemovedReason) => this.#remove(reason)
    const inside = await openInside({
      ...{ context: this.#context, http: this.#http, caller: this.#caller },
      ...{ stored, bell, onRemoved },
    })
    this.#inside = inside
    inside.commands.setActive(this.#isActive)
    const alarm = bell.present()
    this.#setPhase(alarm === null ? { name: 'inside' } : { name: 'alarm', alarm })
    return inside
  }

  async #stayOutside(): Promise<void> {
    // A founding whose answer was lost is repeated on the same screen, although the home now has its founder.
    const pending = await loadPending({ context: this.#context })
    if (pending?.kind === 'sign_up' && pending.request.admission.kind === 'claim') {
      return this.#setPhase({ name: 'outside', isClaimed: false })
    }
    this.#setPhase({ name: 'outside', isClaimed: null })
    void this.#askSetup()
  }

  async #askSetup(): Promise<void> {
    const isOutside = () => !this.#isDisposed && this.#phase().name === 'outside'
    try {
      const { isClaimed } = await this.#http.setup()
      if (isOutside()) this.#setPhase({ name: 'outside', isClaimed })
    } catch {
      if (!isOutside()) return
      this.#cancelSetup = this.platform.clock.schedule(SETUP_RETRY_MS, () => void this.#askSetup())
    }
  }

  #remove(reason: RemovedReason): void {
    if (this.#isLeaving || this.#phase().name === 'removed') return
    this.#setPhase({ name: 'removed', reason })
    const inside = this.#inside
    this.#inside = null
    const row = { table: 'device' as const, key: 'removed', value: reason }
    this.#closing = Promise.all([this.#context.store.commit([row]), inside?.stop()]).catch((error: unknown) => {
      console.error('the end of this device could not be stored', error)
    })
  }

  #phase(): Phase {
    return (this.#latest.get('phase') as Extract<ClientEvent, { type: 'phase' }>).phase
  }
  #setPhase(phase: Phase): void {
    this.#emit({ type: 'phase', phase })
  }

  #emit(event: ClientEvent): void {
    this.#latest.set(event.type, event)
    for (const listener of this.#listeners) listener(event)
    if (event.type === 'conversations') this.#inside?.onConversations(event)
  }

  #subscribe(listener: (event: ClientEvent) => void): () => void {
    this.#listeners.add(listener)
    for (const type of REPLAYED) {
      const event = this.#latest.get(type)
      if (event) listener(event)
    }
    return () => void this.#listeners.delete(listener)
  }

  /** Sign-up and sign-in begin on an empty device; one that was removed is emptied first. */
  async #becomeDevice<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#inside !== null) throw new ClientFailure('bad_request', 0, 'already a device')
    await this.#closing
    await this.#desk.cancel()
    if (this.#phase().name === 'removed') await this.#forget()
    const answer = await work()
    const stored = await this.#context.store.get<StoredIdentity>('device', 'identity')
    if (stored === null) throw new ClientFailure('internal', 0, 'no identity was stored')
    const inside = await this.#goInside(stored)
    inside.start()
    // It is a device already: what the network now lacks comes with the first welcome, and the kit must be shown.
    await inside.settle().catch((error: unknown) => {
      if (!(error instanceof ClientFailure)) throw error
    })
    if (this.#phase().name === 'alarm') throw new ClientFailure('untrusted_server')
    return answer
  }

  async #forget(): Promise<void> {
    await this.platform.storage.clear()
    this.#caller.renew = null
    for (const type of REPLAYED) if (type !== 'phase') this.#latest.delete(type)
  }

  async #end(leave: (inside: Inside) => Promise<void>): Promise<void> {
    const inside = this.#requireInside()
    await this.#desk.cancel()
    this.#isLeaving = true
    try {
      await leave(inside)
      this.#inside = null
      await inside.stop()
      await this.#forget()
    } finally {
      this.#isLeaving = false
    }
  }

  /** The new side of a link. Whatever else makes this browser a device ends it first. */
  async #linkAsNew(text: string | null): Promise<void> {
    const code = text === null ? null : readOtherCode(text, 2)
    await this.#becomeDevice(async () => {
      const relay = new LinkRelay(this.#caller, this.platform.clock, false)
      const outside = { context: this.#context, http: this.#http }
      const begin = { side: 'new' as const, relay, shows: code === null }
      await this.#desk.run(begin, (talk) => linkAsNew(outside, relay, code, talk))
    })
    await this.#desk.cancel()
  }

  async #linkOther(text: string | null): Promise<void> {
    const inside = this.#requireInside()
    const code = text === null ? null : readOtherCode(text, 1)
    const relay = new LinkRelay(this.#caller, this.platform.clock, true)
    const begin = { side: 'old' as const, relay, shows: code === null }
    await this.#desk.run(begin, (talk) => inside.linkOther(relay, code, talk))
  }

  #requireInside(): Inside {
    if (this.#inside === null) throw new ClientFailure('not_signed_in')
    return this.#inside
  }

  face(): Client {
    const outside = { context: this.#context, http: this.#http }
    const http = this.#http
    const before: Omit<ClientApi, keyof InsideCommands> = {
      setupCheck: (token) => http.setupCheck(token),
      addresses: (token) => http.addresses(token),
      restoreOpen: (token, uploadId, key) => http.restoreOpen(token, { uploadId, key }),
      restoreApply: (token, uploadId, key) => http.restoreApply(token, { uploadId, key }),
      proposePassphrase: async () => generatePassphrase(this.platform.random),
      estimatePassphrase: async (passphrase) => estimateStrength(passphrase),
      proposeSignInName: async (name) => spellSignInName(name),
      lookAtInvite: (link) => lookAgain(outside, link),
      foundHome: (token, homeName, person) => this.#becomeDevice(() => found(outside, { token, homeName }, person)),
      joinHome: (link, person) => this.#becomeDevice(() => join(outside, link, person)),
      signIn: (name, secret) => this.#becomeDevice(() => recover(outside, name, secret)),
      signOut: () => this.#end((inside) => inside.leave()).then(() => this.#stayOutside()),
      leaveHome: (name, secret) => this.#end((own) => own.leaveHome(name, secret)).then(() => this.#setPhase(LEFT)),
      linkAsNew: (text) => this.#linkAsNew(text),
      linkOther: (text) => this.#linkOther(text),
      confirmLink: async (deviceName) => this.#desk.confirm(deviceName),
      cancelLink: () => this.#desk.cancel(),
    }
    return {
      ...(this.#guarded(before) as typeof before),
      ...this.#delegated(),
      subscribe: (listener) => this.#subscribe(listener),
      [Symbol.asyncDispose]: () => this.#dispose(),
    }
  }

  async #dispose(): Promise<void> {
    this.#isDisposed = true
    this.#disposed.resolve()
    await this.#ended
  }

  /** Every command waits until the device is open and rejects with ClientFailure and nothing else. */
  #guarded(commands: object): object {
    const entries = Object.entries(commands as Record<string, (...given: unknown[]) => Promise<unknown>>)
    return Object.fromEntries(
      entries.map(([name, command]) => [name, (...given: unknown[]) => this.#run(() => command(...given))]),
    )
  }

  async #run<Answer>(command: () => Promise<Answer>): Promise<Answer> {
    try {
      // Without a wait once it is open: a text that is sent is on screen in the same turn.
      if (!this.#isOpen) await this.#ready.promise
      return await command()
    } catch (error) {
      throw toClientFailure(error)
    }
  }

  /** Commands of a signed-in device, looked up when they are called: the device may have changed since. */
  #delegated(): InsideCommands {
    type Loose = (...given: unknown[]) => unknown
    const call = (name: keyof InsideCommands, given: unknown[]) =>
      (this.#requireInside().commands[name] as Loose)(...given)
    const asked = insideCommands.map((name): [string, Loose] => [
      name,
      (...given) => this.#run(async () => call(name, given)),
    ])
    const told = toldCommands.map((name): [string, Loose] => [
      name,
      (...given) => {
        if (name === 'setActive') this.#isActive = given[0] === true
        if (this.#inside) call(name, given)
      },
    ])
    return Object.fromEntries([...asked, ...told]) as InsideCommands
  }
}

function toClientFailure(error: unknown): ClientFailure {
  if (error instanceof ClientFailure) return error
  const name = error instanceof Error ? error.name : ''
  if (name === 'StorageFull' || name === 'QuotaExceededError') return new ClientFailure('storage_full')
  return new ClientFailure('internal', 0, error instanceof Error ? `${name}: ${error.message}` : String(error))
}
