import { toHex } from '../crypto/bytes.ts'
import { DecryptionFailed, orNull } from '../crypto/errors.ts'
import { encodeSessionAck, type Packet, parsePacket } from '../crypto/packets.ts'
import { PREKEY_TOO_OLD } from '../crypto/prekeys.ts'
import {
  acceptIncomingSession,
  canSend,
  createOutgoingSession,
  decryptFrame,
  encryptPacket,
  MAX_ARCHIVED_SESSIONS,
  needsRenewal,
  preferredSession,
  SESSION_LIFETIME_MS,
  type Session,
} from '../crypto/session.ts'
import { type InitialHeader, parseSessionFrame } from '../crypto/session-frame.ts'
import { STH_MAX_AGE_MS } from '../crypto/sth.ts'
import { type AccountId, type DeviceId, idFromBytes } from '../protocol/ids.ts'
import { ClientFailure } from './api.ts'
import type { ClientContext } from './context.ts'
import type { AccountParts, LogDevice } from './parts.ts'
import { reportAs } from './quiet.ts'
import type { Step, Steps } from './steps.ts'

const LEARN_WITHIN_MS = 15_000
const FAILURES = 3
const FAILURES_WITHIN_MS = 10 * 60_000

/** Who a frame came from: the peer of the session that opened it. */
export type Peer = { accountId: AccountId; deviceId: DeviceId }
type Held = { session: Session; isArchived: boolean }
/** Table sessions: all sessions with one device, and when frames of it could not be opened. */
type PeerRow = { accountId: AccountId; held: Held[]; failedAt: number[] }
export type OpenedFrame = { peer: Peer; packet: Packet; wasInitial: boolean }

/** The pairwise sessions of this device (PROTOCOL 4.4), a row a peer device. */
export class SessionPool {
  readonly #peerOf = new Map<string, DeviceId>()
  /** So many frames of this device could not be opened that a fresh session is due. */
  onBroken: (peer: Peer) => void = () => undefined

  readonly #asleep = new Set<DeviceId>()

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly steps: Steps,
  ) {}

  async open(): Promise<void> {
    const rows = await this.context.store.list<PeerRow>('sessions', {})
    for (const { key, value } of rows) this.#index(key as DeviceId, value)
  }

  /**
   * Sessions with devices that were removed are forgotten. Called when what they sent before was taken in: it lay in the line
   * ahead of the entry that removed them.
   */
  async dropEnded(): Promise<void> {
    const { keyLog } = this.parts
    const rows = await this.context.store.list<PeerRow>('sessions', {})
    const isEnded = ({ key, value }: (typeof rows)[number]) => {
      const status = keyLog.device(value.accountId, key as DeviceId)?.status
      return status === 'revoked' || status === 'ended'
    }
    const ended = rows.filter(isEnded)
    if (ended.length === 0) return
    await this.steps.run(async (step) => {
      for (const { key } of ended) step.put('sessions', key, null)
    })
    for (const [sessionId, deviceId] of [...this.#peerOf]) {
      if (ended.some(({ key }) => key === deviceId)) this.#peerOf.delete(sessionId)
    }
  }

  /** Makes sure that each of these devices has a session to send on; asks the home for prekeys where one is due. */
  async prepare(devices: readonly LogDevice[]): Promise<void> {
    const due = await this.steps.run((step) => this.#withoutSession(step, devices))
    if (due.length === 0) return
    if (this.parts.keyLog.headAgeMs() > STH_MAX_AGE_MS) throw new ClientFailure('offline', 0, 'key log too old')
    const bundles = await this.parts.prekeys.claimBundles(due.map((device) => device.deviceId))
    await this.steps.run(async (step) => {
      const still = await this.#withoutSession(step, due)
      for (const device of still) {
        const bundle = bundles.find((candidate) => idFromBytes<DeviceId>(candidate.deviceId) === device.deviceId)
        // A device without keys cannot be written to either, until it comes and leaves some.
        if (bundle) this.#asleep.delete(device.deviceId)
        else this.#asleep.add(device.deviceId)
        if (bundle) await this.#begin(step, device, bundle).catch((error: unknown) => this.#judgeBundle(device, error))
      }
    })
  }

  /** A device that was off for weeks has old prekeys, and gets what it missed later; any other fault is the home's doing. */
  #judgeBundle({ accountId: personId, deviceId }: LogDevice, error: unknown): void {
    if (!(error instanceof DecryptionFailed)) throw error
    if (error.reason === PREKEY_TOO_OLD) {
      this.#asleep.add(deviceId)
      return
    }
    this.parts.raiseAlarm({ kind: 'bad_entry', personId, deviceId, detail: `prekeys: ${error.reason}` })
    throw new ClientFailure('alarm', 0, error.reason)
  }

  /** True for a device that cannot be written to until it comes back and makes itself new prekeys. */
  isAsleep(deviceId: DeviceId): boolean {
    return this.#asleep.has(deviceId)
  }

  /** A fresh session in place of those that are there; they stay to receive. */
  async renew(device: LogDevice): Promise<void> {
    await this.steps.run(async (step) => {
      const row = await this.#row(step, device)
      const held = row.held.map((item) => ({ ...item, isArchived: true }))
      this.#store(step, device.deviceId, { ...row, held, failedAt: [] })
    })
    await this.prepare([device])
  }

  /** One packet for one device; null when there is no session with it ({@link prepare} first). */
  async seal(step: Step, device: Peer, packet: Uint8Array): Promise<Uint8Array | null> {
    const row = await this.#row(step, device)
    const session = preferredSession(live(row), this.#now)
    if (session === null) return null
    const sealed = await encryptPacket(session, packet)
    this.#store(step, device.deviceId, replace(row, sealed.session))
    return sealed.frame
  }

  sealAck(step: Step, peer: Peer): Promise<Uint8Array | null> {
    return this.seal(step, peer, encodeSessionAck())
  }

  /** What is inside a frame; null for one that is not for this device or not to be opened. Changes nothing then. */
  async receive(step: Step, frame: Uint8Array): Promise<OpenedFrame | null> {
    let suspect: Peer | null = null
    try {
      const { sessionId, initial } = parseSessionFrame(frame)
      const known = this.#peerOf.get(toHex(sessionId))
      const row = known ? await step.get<PeerRow>('sessions', known) : null
      const session = row?.held.find((item) => toHex(item.session.sessionId) === toHex(sessionId))?.session
      if (row && session && known) {
        suspect = { accountId: row.accountId, deviceId: known }
        const opened = await decryptFrame(session, frame, this.#surroundings())
        const packet = parsePacket(opened.packet)
        this.#store(step, known, { ...replace(row, opened.session), failedAt: [] })
        return { peer: suspect, packet, wasInitial: initial !== null }
      }
      if (initial === null) return null
      suspect = peerOf(initial)
      return await this.#accept(step, frame, suspect, initial)
    } catch (error) {
      if (!(error instanceof DecryptionFailed)) throw error
      if (suspect) await this.#noteFailure(step, suspect)
      return null
    }
  }

  /**
   * Frames may come from devices that this one has not heard of: it asks for the newest log, outside of every step, and not for
   * long, for what a frame says of its sender may be made up.
   */
  async learnOf(frames: readonly Uint8Array[]): Promise<void> {
    const { keyLog } = this.parts
    const isUnknown = (peer: Peer | null) => peer !== null && keyLog.device(peer.accountId, peer.deviceId) === null
    if (!frames.some((frame) => isUnknown(namedSender(frame)))) return
    const { promise: tooLong, resolve } = Promise.withResolvers<void>()
    const cancel = this.context.platform.clock.schedule(LEARN_WITHIN_MS, resolve)
    await Promise.race([keyLog.refresh().catch(reportAs('who wrote')), tooLong])
    cancel()
  }

  async #accept(step: Step, frame: Uint8Array, peer: Peer, initial: InitialHeader): Promise<OpenedFrame> {
    const device = this.parts.keyLog.device(peer.accountId, peer.deviceId)
    if (device?.status !== 'active') throw new DecryptionFailed('not an active device')
    const found = await this.parts.prekeys.findSecrets(initial)
    const logged = { userId: device.userId, deviceId: device.rawDeviceId, dsk: device.dsk, dik: device.dik }
    const { own } = this.parts.identity
    const accepted = await acceptIncomingSession(own, found.held, logged, frame, this.#surroundings())
    const packet = parsePacket(accepted.packet)
    const row = await this.#row(step, peer)
    // The peer began anew: what was established before only receives from now on. One that this device began and
    // nobody answered yet stays (both began at once).
    const held = row.held.map((item) => ({
      ...item,
      isArchived: item.isArchived || item.session.initialHeader === null,
    }))
    step.putAll(found.writes)
    this.#store(step, peer.deviceId, {
      ...row,
      failedAt: [],
      held: [...held, { session: accepted.session, isArchived: false }],
    })
    return { peer, packet, wasInitial: true }
  }

  async #begin(step: Step, device: LogDevice, bundle: Parameters<typeof createOutgoingSession>[1]): Promise<void> {
    const logged = { userId: device.userId, deviceId: device.rawDeviceId, dsk: device.dsk, dik: device.dik }
    const session = createOutgoingSession(this.parts.identity.own, bundle, logged, this.#surroundings())
    const row = await this.#row(step, device)
    const held = row.held.map((item) => ({ ...item, isArchived: true }))
    this.#store(step, device.deviceId, { ...row, held: [...held, { session, isArchived: false }] })
  }

  async #withoutSession(step: Step, devices: readonly LogDevice[]): Promise<LogDevice[]> {
    const due: LogDevice[] = []
    for (const device of devices) {
      const session = preferredSession(live(await this.#row(step, device)), this.#now)
      if (session === null || needsRenewal(session, this.#now)) due.push(device)
    }
    return due
  }

  /** Whose frame it was may be what was damaged, or the home's invention. */
  async #noteFailure(step: Step, peer: Peer): Promise<void> {
    if (this.parts.keyLog.device(peer.accountId, peer.deviceId) === null) return
    const row = await this.#row(step, peer)
    const failedAt = [...row.failedAt.filter((at) => this.#now - at < FAILURES_WITHIN_MS), this.#now]
    const isBroken = failedAt.length >= FAILURES
    this.#store(step, peer.deviceId, { ...row, failedAt: isBroken ? [] : failedAt })
    if (isBroken) step.afterwards(() => this.onBroken(peer))
  }

  async #row(step: Step, { accountId, deviceId }: Peer): Promise<PeerRow> {
    const row = await step.get<PeerRow>('sessions', deviceId)
    return { ...(row ?? { held: [], failedAt: [] }), accountId }
  }

  #store(step: Step, deviceId: DeviceId, row: PeerRow): void {
    const kept = { ...row, held: withoutOld(row.held, this.#now) }
    step.put('sessions', deviceId, kept)
    // Ahead of the commit: a later frame of the same batch may be of a session that this one began.
    this.#index(deviceId, kept)
  }

  #index(deviceId: DeviceId, row: PeerRow): void {
    for (const { session } of row.held) this.#peerOf.set(toHex(session.sessionId), deviceId)
  }

  #surroundings() {
    return { random: this.context.platform.random, now: this.#now }
  }

  get #now(): number {
    return this.context.platform.clock.now()
  }
}

function peerOf({ userA, deviceA }: InitialHeader): Peer {
  return { accountId: idFromBytes(userA), deviceId: idFromBytes(deviceA) }
}

/** Whom a first frame names; null for any other. */
function namedSender(frame: Uint8Array): Peer | null {
  const initial = orNull(() => parseSessionFrame(frame).initial)
  return initial && peerOf(initial)
}

function live(row: PeerRow): Session[] {
  return row.held.filter((item) => !item.isArchived).map((item) => item.session)
}

function replace(row: PeerRow, session: Session): PeerRow {
  const id = toHex(session.sessionId)
  return {
    ...row,
    held: row.held.map((item) => (toHex(item.session.sessionId) === id ? { ...item, session } : item)),
  }
}

function withoutOld(held: readonly Held[], now: number): Held[] {
  const usedAt = ({ session }: Held) => session.lastReceivedAt ?? session.createdAt
  const archived = held.filter((item) => item.isArchived && now - usedAt(item) <= SESSION_LIFETIME_MS)
  const newest = archived.sort((left, right) => usedAt(right) - usedAt(left)).slice(0, MAX_ARCHIVED_SESSIONS)
  return [...held.filter((item) => !item.isArchived && canSend(item.session, now)), ...newest]
}
