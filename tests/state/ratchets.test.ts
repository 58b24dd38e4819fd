import { beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import { toHex } from '../../src/crypto/bytes.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { encodeContentKey, parsePacket } from '../../src/crypto/packets.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import {
  acceptSenderKey,
  createChain,
  openWithChain,
  type ReceivingChain,
  type SendingChain,
  sealWithChain,
  senderKeyOf,
} from '../../src/crypto/sender-chain.ts'
import {
  acceptIncomingSession,
  createOutgoingSession,
  decryptFrame,
  encryptPacket,
  MAX_ARCHIVED_SESSIONS,
  needsRenewal,
  preferredSession,
  pruneSessions,
  type Session,
} from '../../src/crypto/session.ts'
import { parseSessionFrame } from '../../src/crypto/session-frame.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import { createDevice, START } from '../crypto/devices.ts'

// A long run: TRALLIVALLI_LONG=1, twenty times as many walks, each three times as long.
const isLong = process.env['TRALLIVALLI_LONG'] === '1'
const runs = (count: number) => (isLong ? count * 20 : count)
const steps = isLong ? 90 : 30
setDefaultTimeout(isLong ? 3_600_000 : 120_000)
beforeAll(() => sodiumReady)

type Side = 0 | 1
type Action = {
  do: 'send' | 'deliver' | 'drop' | 'again' | 'tamper' | 'crash' | 'renew' | 'restart'
  from: Side
  at: number
  bit: number
}

const side = fc.constantFrom<Side>(0, 1)
const move = (kind: Action['do']): fc.Arbitrary<Action> =>
  fc.tuple(side, fc.nat(), fc.nat()).map(([from, at, bit]) => ({ do: kind, from, at, bit }))
const moves = { send: 5, deliver: 5, drop: 1, again: 1, tamper: 1, crash: 1, renew: 1, restart: 1 } as const
const actions = fc.array(
  fc.oneof(...Object.entries(moves).map(([kind, weight]) => ({ weight, arbitrary: move(kind as Action['do']) }))),
  { maxLength: steps },
)

type Frame = { from: Side; bytes: Uint8Array; id: string }
type Device = ReturnType<typeof createDevice>

/** Two devices with their sessions as a client keeps them: only what was committed survives. */
class Pair {
  readonly devices: [Device, Device] = [createDevice(), createDevice()]
  readonly sessions: [Session[], Session[]] = [[], []]
  readonly wire: Frame[] = []
  readonly delivered: Frame[] = []
  readonly heard: [Set<string>, Set<string>] = [new Set(), new Set()]
  /** Every (session, ratchet key, counter) that ever sealed something: one message key each. */
  readonly used = new Set<string>()
  now = START

  async send(from: Side): Promise<void> {
    this.now += 1_000
    const to = (1 - from) as Side
    const known = preferredSession(this.sessions[from], this.now)
    const session = known ?? this.#begin(from, to)
    const id = systemRandom(16)
    const packet = encodeContentKey({ convId: id, msgId: id, messageKey: systemRandom(32), bodyHash: systemRandom(32) })
    const sealed = await encryptPacket(session, packet)
    this.#keep(from, sealed.session)
    const { sessionId, prefixLength } = parseSessionFrame(sealed.frame)
    const header = toHex(sealed.frame.subarray(prefixLength, prefixLength + 40))
    const key = `${toHex(sessionId)} ${header}`
    expect(this.used.has(key)).toBe(false)
    this.used.add(key)
    this.wire.push({ from, bytes: sealed.frame, id: toHex(id) })
  }

  renew(from: Side): void {
    const to = (1 - from) as Side
    this.sessions[from] = pruneSessions([...this.sessions[from], this.#begin(from, to)], this.now)
    for (const session of this.sessions[from]) expect(typeof needsRenewal(session, this.now)).toBe('boolean')
  }

  /** All there is is plain data: what is written and read again goes on as if nothing had been. */
  restart(from: Side): void {
    this.sessions[from] = structuredClone(this.sessions[from])
  }

  async receive(frame: Frame, options: { isTampered?: boolean; isCrash?: boolean } = {}): Promise<void> {
    const to = (1 - frame.from) as Side
    const before = structuredClone(this.sessions[to])
    const opened = await this.#open(to, frame.bytes)
    if (options.isTampered) expect(opened).toBeNull()
    if (opened === null) {
      expect(this.sessions[to]).toEqual(before)
      return
    }
    // The process is gone before the commit: neither the session nor what it opened is there.
    if (options.isCrash) return
    this.#keep(to, opened.session)
    const packet = parsePacket(opened.packet)
    expect(packet.kind === 'content-key' && toHex(packet.msgId)).toBe(frame.id)
    expect(this.heard[to].has(frame.id)).toBe(false)
    this.heard[to].add(frame.id)
    this.delivered.push(frame)
  }

  async #open(to: Side, bytes: Uint8Array): Promise<{ session: Session; packet: Uint8Array } | null> {
    const surroundings = { random: systemRandom, now: this.now }
    try {
      const { sessionId } = parseSessionFrame(bytes)
      const session = this.sessions[to].find((held) => toHex(held.sessionId) === toHex(sessionId))
      if (session) return await decryptFrame(session, bytes, surroundings)
      const { own, held } = this.devices[to]
      return await acceptIncomingSession(own, held, this.devices[(1 - to) as Side].own, bytes, surroundings)
    } catch (error) {
      if (!(error instanceof DecryptionFailed)) throw error
      return null
    }
  }

  #begin(from: Side, to: Side): Session {
    const surroundings = { random: systemRandom, now: this.now }
    const bundle = { ...this.devices[to].bundle, oneTimePrekey: null }
    return createOutgoingSession(this.devices[from].own, bundle, this.devices[to].own, surroundings)
  }
  #keep(at: Side, session: Session): void {
    const others = this.sessions[at].filter((held) => toHex(held.sessionId) !== toHex(session.sessionId))
    this.sessions[at] = [...others, session]
  }
}

async function play(walk: readonly Action[]): Promise<void> {
  const pair = new Pair()
  for (const action of walk) {
    if (action.do === 'send') await pair.send(action.from)
    else if (action.do === 'renew') pair.renew(action.from)
    else if (action.do === 'restart') pair.restart(action.from)
    else await touch(pair, action)
  }
  // What is still on its way arrives in some order, and everything that was not dropped was heard exactly once.
  const left = pair.wire.splice(0).reverse()
  for (const frame of left) await pair.receive(frame)
  // Only the newest few superseded sessions are kept: whoever begins anew all the time loses what was on its way.
  const isKept = walk.filter((action) => action.do === 'renew').length < MAX_ARCHIVED_SESSIONS
  if (isKept) for (const frame of left) expect(pair.heard[(1 - frame.from) as Side].has(frame.id)).toBe(true)
  for (const frame of pair.delivered) await expectReplayed(pair, frame)
}

async function expectReplayed(pair: Pair, frame: Frame): Promise<void> {
  const heard = pair.delivered.length
  await pair.receive(frame)
  expect(pair.delivered.length).toBe(heard)
}

async function touch(pair: Pair, { do: what, at, bit }: Action): Promise<void> {
  if (what === 'again') {
    const frame = pair.delivered[at % Math.max(1, pair.delivered.length)]
    if (frame) await expectReplayed(pair, frame)
    return
  }
  const index = at % Math.max(1, pair.wire.length)
  const frame = pair.wire[index]
  if (!frame) return
  if (what === 'tamper') {
    const bytes = frame.bytes.slice()
    bytes[bit % bytes.length]! ^= 1 << (bit % 8)
    return pair.receive({ ...frame, bytes }, { isTampered: true })
  }
  if (what === 'crash') return pair.receive(frame, { isCrash: true })
  pair.wire.splice(index, 1)
  if (what === 'deliver') await pair.receive(frame)
}

describe('two devices whose frames are dropped, doubled, reordered and changed, and who crash and begin anew', () => {
  test('use no key twice, hear each frame once, and are changed by nothing forged', async () => {
    await fc.assert(fc.asyncProperty(actions, play), { numRuns: runs(1_200) })
  })
})

type GroupAction = {
  do: 'say' | 'deliver' | 'drop' | 'tamper' | 'crash' | 'join' | 'replace'
  who: number
  at: number
  bit: number
}
const groupActions = fc.array(
  fc.record<GroupAction>({
    do: fc.constantFrom(
      'say',
      'say',
      'say',
      'deliver',
      'deliver',
      'deliver',
      'drop',
      'tamper',
      'crash',
      'join',
      'replace',
    ),
    ...{ who: fc.nat(), at: fc.nat(), bit: fc.nat() },
  }),
  { maxLength: steps },
)

class Speaker {
  readonly device = createDevice()
  chain: SendingChain | null = null
}
type Said = { body: Uint8Array; chainId: string; words: string; iteration: number }

/** Several speakers and listeners; who holds which chain from where. */
class Group {
  readonly speakers: Speaker[]
  readonly listeners: {
    chains: Map<string, ReceivingChain>
    from: Map<string, number>
    heard: Set<string>
    waiting: Said[]
  }[]
  readonly used = new Set<string>()
  epoch = 1
  #count = 0

  constructor(speakers: number, listeners: number) {
    this.speakers = Array.from({ length: speakers }, () => new Speaker())
    this.listeners = Array.from({ length: listeners }, () => this.#listener())
  }
  #listener() {
    return {
      chains: new Map<string, ReceivingChain>(),
      from: new Map<string, number>(),
      heard: new Set<string>(),
      waiting: [] as Said[],
    }
  }

  hand(speaker: Speaker, listener: (typeof this.listeners)[number]): void {
    const chain = speaker.chain!
    const id = toHex(chain.chainId)
    if (listener.chains.has(id)) return
    const { own } = speaker.device
    listener.chains.set(
      id,
      acceptSenderKey({ userId: own.userId, deviceId: own.deviceId, dsk: own.dsk }, senderKeyOf(chain)),
    )
    listener.from.set(id, chain.iteration)
  }

  async say(speaker: Speaker): Promise<void> {
    speaker.chain ??= this.#chain(speaker)
    for (const listener of this.listeners) this.hand(speaker, listener)
    const words = `${this.#count++}`
    const { own } = speaker.device
    const plaintext = {
      ...{ contentType: 1, senderUser: own.userId, senderDevice: own.deviceId, sentAt: START, sthSize: 1 },
      ...{ sthRoot: new Uint8Array(32), expirySeconds: 0, payload: new TextEncoder().encode(words) },
    }
    const key = `${toHex(speaker.chain.chainId)} ${speaker.chain.iteration}`
    expect(this.used.has(key)).toBe(false)
    this.used.add(key)
    const said = { chainId: toHex(speaker.chain.chainId), iteration: speaker.chain.iteration, words }
    const sealed = await sealWithChain(speaker.chain, { class: 0, msgId: systemRandom(16) }, plaintext)
    speaker.chain = sealed.chain
    for (const listener of this.listeners) listener.waiting.push({ ...said, body: sealed.body })
  }
  #chain(speaker: Speaker): SendingChain {
    const { own } = speaker.device
    const where = {
      convId: new Uint8Array(16),
      epoch: this.epoch,
      convHead: new Uint8Array(32).fill(this.epoch),
      klass: 0 as const,
    }
    return createChain({ userId: own.userId, deviceId: own.deviceId, dskSecret: own.dskSecret }, where, {
      random: systemRandom,
      now: START,
    })
  }
  join(): void {
    if (this.listeners.length >= 5) return
    const listener = this.#listener()
    for (const speaker of this.speakers) if (speaker.chain) this.hand(speaker, listener)
    this.listeners.push(listener)
  }
  /** An entry: everybody speaks on a new chain from now on. */
  replace(): void {
    this.epoch = (this.epoch % 200) + 1
    for (const speaker of this.speakers) speaker.chain = null
  }

  async open(listener: (typeof this.listeners)[number], said: Said, isCrash = false): Promise<boolean> {
    const chain = listener.chains.get(said.chainId)!
    try {
      const { chain: next, plaintext } = await openWithChain(chain, said.body, START)
      expect(new TextDecoder().decode(plaintext.payload)).toBe(said.words)
      if (isCrash) return false
      expect(listener.heard.has(said.words)).toBe(false)
      listener.heard.add(said.words)
      listener.chains.set(said.chainId, next)
      return true
    } catch (error) {
      if (!(error instanceof DecryptionFailed)) throw error
      return false
    }
  }
}

async function playGroup(walk: readonly GroupAction[]): Promise<void> {
  const group = new Group(2, 2)
  const dropped = new Set<string>()
  for (const { do: what, who, at, bit } of walk) {
    const listener = group.listeners[who % group.listeners.length]!
    const index = at % Math.max(1, listener.waiting.length)
    const said = listener.waiting[index]
    if (what === 'say') await group.say(group.speakers[who % group.speakers.length]!)
    else if (what === 'join') group.join()
    else if (what === 'replace') group.replace()
    else if (!said) continue
    else if (what === 'tamper') {
      const body = said.body.slice()
      body[bit % body.length]! ^= 1 << (bit % 8)
      expect(await group.open(listener, { ...said, body })).toBe(false)
    } else if (what === 'crash') await group.open(listener, said, true)
    else {
      listener.waiting.splice(index, 1)
      if (what === 'drop') dropped.add(`${group.listeners.indexOf(listener)} ${said.words}`)
      else expect(await group.open(listener, said)).toBe(true)
      if (what === 'deliver') expect(await group.open(listener, said)).toBe(false)
    }
  }
  for (const listener of group.listeners) {
    for (const said of listener.waiting.splice(0).reverse()) expect(await group.open(listener, said)).toBe(true)
  }
}

describe('a group whose bodies are dropped, doubled, reordered and changed, whose members come and change', () => {
  test('uses no chain key twice, and everybody reads all that was sealed for them', async () => {
    await fc.assert(fc.asyncProperty(groupActions, playGroup), { numRuns: runs(1_000) })
  })
})
