import type { Client } from '../src/client/api.ts'
import type { CallName, Port, ToClient, ToFace } from './bridge.ts'
import { serveFace } from './bridge-server.ts'

/**
 * One crypto owner per profile, any number of tabs (PROTOCOL 4.11). Every tab's worker queues for the lock; its holder runs the
 * client (which holds `tv-crypto` as well, whoever made it), the others pass their page's words to it over a channel. When the owner's tab goes the lock passes on, the new owner
 * says so, and everybody greets it.
 */
const ownerLock = 'tv-tabs'
const channelName = 'tv-tabs'
const lifeLock = (tabId: string) => `tv-tab-${tabId}`

type Letter =
  | { to: 'owner'; from: string; message: ToClient }
  | { to: 'tab'; tabId: string; message: ToFace }
  | { to: 'everybody'; news: 'owner' }

/** Asked again of a new owner without harm; others might have been done already, so their asker is told. */
const repeatable = new Set<CallName>([
  'addresses',
  'estimatePassphrase',
  'listAudit',
  'listDevices',
  'listInvites',
  'loadNewer',
  'loadOlder',
  'lookAtInvite',
  'openDirect',
  'openThread',
  'proposePassphrase',
  'proposeSignInName',
  'safetyNumber',
  'sendText',
  'setupCheck',
])

/** Joins this tab to the others; becomes the owner when its turn comes. Never resolves. */
export async function joinTabs(page: Port, createOwnClient: () => Client): Promise<void> {
  const tabId = crypto.randomUUID()
  const channel = new BroadcastChannel(channelName)
  const post = (letter: Letter) => channel.postMessage(letter)
  const guest = new Guest(page, (message) => post({ to: 'owner', from: tabId, message }))
  let desk: Desk | null = null
  channel.onmessage = ({ data }: MessageEvent<Letter>) => {
    if (data.to === 'owner') desk?.take(data.from, data.message)
    else if (data.to === 'everybody') guest.meetOwner()
    else if (data.tabId === tabId) guest.pass(data.message)
  }
  await holdForever(lifeLock(tabId))
  guest.greet()
  await navigator.locks.request(ownerLock, async () => {
    const opened = new Desk(createOwnClient(), (to, message) => post({ to: 'tab', tabId: to, message }))
    desk = opened
    guest.meetOwner(opened.seat((message) => guest.pass(message)))
    post({ to: 'everybody', news: 'owner' })
    await new Promise<never>(() => undefined)
  })
}

/** Resolves once the lock is held; it goes when this worker ends. */
function holdForever(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const hold = () => {
      resolve()
      return new Promise<never>(() => undefined)
    }
    navigator.locks.request(name, hold).catch(reject)
  })
}

/** A page and its way to the owner, wherever that is. */
class Guest {
  private readonly waiting = new Map<number, ToClient & { kind: 'call' }>()
  private hasGreeted = false
  private hasOwner = false

  constructor(
    private readonly page: Port,
    private send: (message: ToClient) => void,
  ) {
    page.onmessage = ({ data }: MessageEvent<ToClient>) => this.ask(data)
  }

  /** Says hello to an owner in another tab, if there is one. */
  greet(): void {
    this.hasGreeted = true
    this.send({ kind: 'hello' })
    for (const call of this.waiting.values()) this.send(call)
  }

  /** There is a new owner, in this very tab if `send` is given. What the former one left unanswered is asked again or given up. */
  meetOwner(send = this.send): void {
    this.send = send
    if (this.hasOwner)
      for (const { id, name } of [...this.waiting.values()]) if (!repeatable.has(name)) this.pass(lost(id))
    this.greet()
  }

  pass(message: ToFace): void {
    this.hasOwner = true
    if (message.kind !== 'event' && !this.waiting.delete(message.id)) return
    this.page.postMessage(message)
  }

  // The page's own hello is not passed on: this tab says it by itself, to every owner it meets.
  private ask(message: ToClient): void {
    if (message.kind === 'hello') return
    if (message.id) this.waiting.set(message.id, message)
    if (this.hasGreeted) this.send(message)
  }
}

const lost = (id: number): ToFace => ({ kind: 'failure', id, code: 'offline', retryAfterMs: 0, detail: 'tab closed' })

/** The owner's end: a seat for each tab's page. */
class Desk {
  private readonly seats = new Map<string, (message: ToClient) => void>()
  private readonly active = new Set<object>()

  constructor(
    private readonly client: Client,
    private readonly post: (tabId: string, message: ToFace) => void,
  ) {
    // What it was told before it was signed in went past it.
    client.subscribe((event) => {
      if (event.type === 'phase' && event.phase.name === 'inside') client.setActive(this.active.size > 0)
    })
  }

  take(tabId: string, message: ToClient): void {
    if (!this.seats.has(tabId)) this.seats.set(tabId, this.seatUntilGone(tabId))
    this.seats.get(tabId)!(message)
  }

  /** A way in for one page; answers and events go to `pass`. `left` is called when the page is gone. */
  seat(pass: (message: ToFace) => void, onLeave: (leave: () => void) => void = () => undefined) {
    const port: Port = { postMessage: (message) => pass(message as ToFace), onmessage: null }
    const seat = {}
    const stop = serveFace({ ...this.client, setActive: (isActive) => this.setActive(seat, isActive) }, port)
    onLeave(() => {
      stop()
      this.setActive(seat, false)
    })
    return (message: ToClient) => port.onmessage?.({ data: message } as MessageEvent)
  }

  private seatUntilGone(tabId: string): (message: ToClient) => void {
    return this.seat(
      (message) => this.post(tabId, message),
      (leave) => {
        void navigator.locks.request(lifeLock(tabId), () => {
          this.seats.delete(tabId)
          leave()
        })
      },
    )
  }

  // Somebody is looking while any of the tabs is looked at.
  private setActive(seat: object, isActive: boolean): void {
    const before = this.active.size > 0
    if (isActive) this.active.add(seat)
    else this.active.delete(seat)
    if (before !== this.active.size > 0) this.client.setActive(!before)
  }
}
