import { compare, equal } from './bytes.ts'
import {
  type RatchetState,
  ratchetDecrypt,
  ratchetEncrypt,
  startAsInitiator,
  startAsResponder,
} from './double-ratchet.ts'
import { insist } from './errors.ts'
import type { DeviceDhSecretKey } from './key-types.ts'
import { generateDhKeyPair } from './keys.ts'
import {
  agreeAsInitiator,
  agreeAsResponder,
  type DeviceIdentity,
  type HeldPrekeys,
  type PrekeyBundle,
} from './pqxdh.ts'
import type { RandomSource } from './random.ts'
import { encodeFramePrefix, encodeInitialHeader, parseSessionFrame } from './session-frame.ts'
import { trallivalliSuite as suite } from './suite.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** A fresh session replaces one after 7 days of use. */
export const SESSION_RENEWAL_MS = 7 * DAY_MS
/** A fresh session replaces one after so many messages. */
export const SESSION_RENEWAL_MESSAGES = 1000
/** A session that was not answered for 30 days is not used for sending; an archived one is deleted then. */
export const SESSION_LIFETIME_MS = 30 * DAY_MS
/** Superseded sessions kept per peer device, to receive only. */
export const MAX_ARCHIVED_SESSIONS = 5

/** A device that can agree on sessions: its public keys (DSK, DIK) and the secret half of DIK. */
export interface OwnDevice extends DeviceIdentity {
  dikSecret: DeviceDhSecretKey
}

/** Where randomness and time come from. */
export interface Surroundings {
  random: RandomSource
  /** Milliseconds since the epoch. */
  now: number
}

/**
 * One pairwise session between two devices: a plain value (byte strings, numbers, nulls, lists of such), stored as it
 * is. Never changed in place; the caller replaces it by the one that comes back, in the same transaction as the
 * outgoing frame or the received content (PROTOCOL 4.11).
 */
export interface Session {
  sessionId: Uint8Array
  peerUser: Uint8Array
  peerDevice: Uint8Array
  ratchet: RatchetState
  /** 1164 bytes repeated in front of each frame until one came back; null afterwards and for the responder. */
  initialHeader: Uint8Array | null
  createdAt: number
  lastReceivedAt: number | null
  /** Frames sent and received. */
  messageCount: number
}

/**
 * Starts a session with a device from its prekey bundle; `logged` is what the key log says of that device.
 * Draws 32 bytes for EK_A, 32 for the encapsulation, 32 for the first ratchet pair. DecryptionFailed for a bad bundle.
 */
export function createOutgoingSession(
  own: OwnDevice,
  bundle: PrekeyBundle,
  logged: DeviceIdentity,
  surroundings: Surroundings,
): Session {
  const { header, ...agreement } = agreeAsInitiator(own, bundle, logged, surroundings)
  const secrets = { rootKey: agreement.rootKey, associatedData: agreement.transcript }
  const ratchetPair = generateDhKeyPair(surroundings.random(32))
  return {
    sessionId: agreement.sessionId,
    peerUser: logged.userId,
    peerDevice: logged.deviceId,
    ratchet: startAsInitiator(suite, secrets, ratchetPair, bundle.signedPrekey.publicKey),
    initialHeader: encodeInitialHeader(header),
    createdAt: surroundings.now,
    lastReceivedAt: null,
    messageCount: 0,
  }
}

/**
 * Accepts an initial frame of a session that is not known yet: agrees, then opens the frame. Only on success is there a
 * session; the caller then stores it and deletes the one-time prekeys it used, in one transaction.
 * @param held the private halves that {@link parseSessionFrame} named
 * @param logged what the key log says of the device that the header names
 */
export async function acceptIncomingSession(
  own: OwnDevice,
  held: HeldPrekeys,
  logged: DeviceIdentity,
  frame: Uint8Array,
  surroundings: Surroundings,
): Promise<{ session: Session; packet: Uint8Array }> {
  const { sessionId, initial } = parseSessionFrame(frame)
  insist(initial !== null, 'no such session')
  const agreement = agreeAsResponder(own, held, logged, { header: initial, sessionId })
  const secrets = { rootKey: agreement.rootKey, associatedData: agreement.transcript }
  const session: Session = {
    sessionId,
    peerUser: logged.userId,
    peerDevice: logged.deviceId,
    ratchet: startAsResponder(secrets, held.signedPrekey!),
    initialHeader: null,
    createdAt: surroundings.now,
    lastReceivedAt: null,
    messageCount: 0,
  }
  return decryptFrame(session, frame, surroundings)
}

/** Seals one inner packet (packets.ts) into a frame for the peer. */
export async function encryptPacket(
  session: Session,
  packet: Uint8Array,
): Promise<{ session: Session; frame: Uint8Array }> {
  const prefix = encodeFramePrefix(session.sessionId, session.initialHeader)
  const { state, frame } = await ratchetEncrypt(suite, session.ratchet, packet, prefix)
  return { session: { ...session, ratchet: state, messageCount: session.messageCount + 1 }, frame }
}

/**
 * Opens a frame of this session, in any order, each once. The first one received back ends the repetition of the
 * initial header. Throws DecryptionFailed and changes nothing otherwise.
 */
export async function decryptFrame(
  session: Session,
  frame: Uint8Array,
  { random, now }: Surroundings,
): Promise<{ session: Session; packet: Uint8Array }> {
  const { sessionId, prefixLength } = parseSessionFrame(frame)
  insist(equal(sessionId, session.sessionId), 'another session')
  const { state, plaintext } = await ratchetDecrypt({ suite, random, now }, session.ratchet, frame, prefixLength)
  const received = {
    ...session,
    ratchet: state,
    initialHeader: null,
    lastReceivedAt: now,
    messageCount: session.messageCount + 1,
  }
  return { session: received, packet: plaintext }
}

/** Whether a fresh session should take this one's place: 7 days of use or 1000 messages. */
export function needsRenewal(session: Session, now: number): boolean {
  return now - session.createdAt >= SESSION_RENEWAL_MS || session.messageCount >= SESSION_RENEWAL_MESSAGES
}

/** Whether it may still be used for sending: not when nothing came back for 30 days. */
export function canSend(session: Session, now: number): boolean {
  return now - lastActivity(session) <= SESSION_LIFETIME_MS
}

/**
 * Which of several live sessions with one device to send on: the one on which something was received last, otherwise
 * the one of the smaller id, so that both sides of a simultaneous initiation choose alike. null when there is none.
 */
export function preferredSession(sessions: readonly Session[], now: number): Session | null {
  const usable = sessions.filter((session) => canSend(session, now))
  usable.sort(
    (left, right) =>
      (right.lastReceivedAt ?? 0) - (left.lastReceivedAt ?? 0) || compare(left.sessionId, right.sessionId),
  )
  return usable[0] ?? null
}

/**
 * What is kept of the sessions with one device: the preferred one, and up to five others that were active within 30
 * days, to receive what is still on its way. The rest is deleted, keys and all.
 */
export function pruneSessions(sessions: readonly Session[], now: number): Session[] {
  const preferred = preferredSession(sessions, now)
  const archived = sessions
    .filter((session) => session !== preferred && now - lastActivity(session) <= SESSION_LIFETIME_MS)
    .sort((left, right) => lastActivity(right) - lastActivity(left))
    .slice(0, MAX_ARCHIVED_SESSIONS)
  return preferred === null ? archived : [preferred, ...archived]
}

function lastActivity(session: Session): number {
  return session.lastReceivedAt ?? session.createdAt
}
