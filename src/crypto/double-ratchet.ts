import { equal } from './bytes.ts'
import { insist } from './errors.ts'
import type { DhPublicKey, DhSecretKey } from './key-types.ts'
import { type DhKeyPair, diffieHellman, generateDhKeyPair } from './keys.ts'
import type { RandomSource } from './random.ts'
import type { RatchetHeader, Suite } from './suite.ts'

/** A frame that would skip more keys than this of one chain is refused (PROTOCOL 4.4, MAX_SKIP). */
export const MAX_SKIP = 1000
/** Keys of messages that have not arrived yet, kept per session; beyond that the oldest goes. */
export const MAX_STORED_KEYS = 2000
/** How long such a key is kept: 30 days. */
export const STORED_KEY_LIFETIME_MS = 30 * 24 * 60 * 60 * 1000

/** The key of a message that was skipped over, until it arrives or expires. */
export interface SkippedKey {
  ratchetKey: DhPublicKey
  counter: number
  messageKey: Uint8Array
  storedAt: number
}

/**
 * One side of a Double Ratchet: a plain value of byte strings, numbers, nulls and lists, so it can be cloned,
 * stored and compared. Never changed in place: every function returns the state that follows.
 */
export interface RatchetState {
  rootKey: Uint8Array
  ownRatchetPublic: DhPublicKey
  ownRatchetSecret: DhSecretKey
  /** The peer's ratchet key; null until the first frame from it (responder only). */
  peerRatchetKey: DhPublicKey | null
  sendingChainKey: Uint8Array | null
  receivingChainKey: Uint8Array | null
  /** N of the next frame sent. */
  sendCount: number
  /** N of the next frame expected. */
  receiveCount: number
  /** PN: how many frames the previous sending chain had. */
  previousCount: number
  /** Agreed outside (in the product: the transcript T), authenticated with every frame. */
  associatedData: Uint8Array
  /** Oldest first. */
  skipped: SkippedKey[]
}

/** What the engine takes from outside. */
export interface RatchetEnvironment {
  suite: Suite
  random: RandomSource
  /** Milliseconds since the epoch. */
  now: number
}

/** What both sides have after the key agreement. */
export interface RatchetSecrets {
  rootKey: Uint8Array
  associatedData: Uint8Array
}

/** The initiator, ready to send: takes the first DH step with `ratchetPair` against the responder's first key. */
export function startAsInitiator(
  suite: Suite,
  { rootKey, associatedData }: RatchetSecrets,
  ratchetPair: DhKeyPair,
  peerRatchetKey: DhPublicKey,
): RatchetState {
  const first = suite.stepRoot(rootKey, diffieHellman(ratchetPair.secretKey, peerRatchetKey))
  return {
    rootKey: first.rootKey,
    ownRatchetPublic: ratchetPair.publicKey,
    ownRatchetSecret: ratchetPair.secretKey,
    peerRatchetKey,
    sendingChainKey: first.chainKey,
    receivingChainKey: null,
    sendCount: 0,
    receiveCount: 0,
    previousCount: 0,
    associatedData,
    skipped: [],
  }
}

/** The responder: `ratchetPair` is its signed prekey. It can send once it has received. */
export function startAsResponder({ rootKey, associatedData }: RatchetSecrets, ratchetPair: DhKeyPair): RatchetState {
  return {
    rootKey,
    ownRatchetPublic: ratchetPair.publicKey,
    ownRatchetSecret: ratchetPair.secretKey,
    peerRatchetKey: null,
    sendingChainKey: null,
    receivingChainKey: null,
    sendCount: 0,
    receiveCount: 0,
    previousCount: 0,
    associatedData,
    skipped: [],
  }
}

/**
 * Seals one message. The returned state must be stored before the frame leaves the device: a key used twice is lost.
 * Throws DecryptionFailed for a responder that has not received yet.
 */
export async function ratchetEncrypt(
  suite: Suite,
  state: RatchetState,
  plaintext: Uint8Array,
  prefix: Uint8Array = new Uint8Array(0),
): Promise<{ state: RatchetState; frame: Uint8Array }> {
  insist(state.sendingChainKey !== null, 'no sending chain yet')
  const step = suite.stepChain(state.sendingChainKey)
  const header = {
    ratchetKey: state.ownRatchetPublic,
    previousCount: state.previousCount,
    counter: state.sendCount,
  }
  const context = { associatedData: state.associatedData, prefix }
  const frame = await suite.sealFrame(step.messageKey, context, header, plaintext)
  return { state: { ...state, sendingChainKey: step.chainKey, sendCount: state.sendCount + 1 }, frame }
}

/**
 * Opens one frame, in any order, each once. The state that comes back is adopted by the caller only on success:
 * whatever is wrong with the frame, it throws DecryptionFailed and the old state stays as good as it was.
 */
export async function ratchetDecrypt(
  environment: RatchetEnvironment,
  state: RatchetState,
  frame: Uint8Array,
  prefixLength = 0,
): Promise<{ state: RatchetState; plaintext: Uint8Array }> {
  const { suite, now } = environment
  const header = suite.readHeader(frame, prefixLength)
  const current = { ...state, skipped: withoutExpired(state.skipped, now) }

  const kept = current.skipped.findIndex((key) => isKeyOf(key, header))
  if (kept >= 0) {
    const { messageKey } = current.skipped[kept]!
    const plaintext = await suite.openFrame(messageKey, state.associatedData, frame, prefixLength)
    return { state: { ...current, skipped: current.skipped.filter((_, index) => index !== kept) }, plaintext }
  }

  const isNewRatchet = state.peerRatchetKey === null || !equal(header.ratchetKey, state.peerRatchetKey)
  const turned = isNewRatchet ? turnReceiving(environment, current, header) : current
  const { state: advanced, messageKey } = advanceReceiving(environment, turned, header)
  const plaintext = await suite.openFrame(messageKey, state.associatedData, frame, prefixLength)
  return { state: isNewRatchet ? turnSending(environment, advanced) : advanced, plaintext }
}

function isKeyOf(key: SkippedKey, header: RatchetHeader): boolean {
  return key.counter === header.counter && equal(key.ratchetKey, header.ratchetKey)
}

function withoutExpired(skipped: SkippedKey[], now: number): SkippedKey[] {
  return skipped.filter((key) => now - key.storedAt <= STORED_KEY_LIFETIME_MS)
}

/** First half of the DH step: the rest of the old receiving chain is kept, the new one begins. */
function turnReceiving(environment: RatchetEnvironment, state: RatchetState, header: RatchetHeader): RatchetState {
  const closed = state.receivingChainKey === null ? state : skipTo(environment, state, header.previousCount)
  const sharedSecret = diffieHellman(state.ownRatchetSecret, header.ratchetKey)
  const next = environment.suite.stepRoot(state.rootKey, sharedSecret)
  return {
    ...closed,
    rootKey: next.rootKey,
    peerRatchetKey: header.ratchetKey,
    receivingChainKey: next.chainKey,
    receiveCount: 0,
  }
}

/** Second half, after the tag verified: a fresh pair of ours, so that a forged frame draws nothing. */
function turnSending({ suite, random }: RatchetEnvironment, state: RatchetState): RatchetState {
  const pair = generateDhKeyPair(random(32))
  const next = suite.stepRoot(state.rootKey, diffieHellman(pair.secretKey, state.peerRatchetKey!))
  return {
    ...state,
    rootKey: next.rootKey,
    ownRatchetPublic: pair.publicKey,
    ownRatchetSecret: pair.secretKey,
    sendingChainKey: next.chainKey,
    previousCount: state.sendCount,
    sendCount: 0,
  }
}

function advanceReceiving(environment: RatchetEnvironment, state: RatchetState, header: RatchetHeader) {
  insist(header.counter >= state.receiveCount, 'this counter was used')
  const reached = skipTo(environment, state, header.counter)
  const step = environment.suite.stepChain(reached.receivingChainKey!)
  return {
    messageKey: step.messageKey,
    state: { ...reached, receivingChainKey: step.chainKey, receiveCount: header.counter + 1 },
  }
}

function skipTo({ suite, now }: RatchetEnvironment, state: RatchetState, counter: number): RatchetState {
  // The limit stands before the first derivation: a forged counter must not cost four thousand million hashes.
  insist(counter - state.receiveCount <= MAX_SKIP, 'skips too many keys')
  if (counter <= state.receiveCount) return state
  const skipped = [...state.skipped]
  let chainKey = state.receivingChainKey!
  for (let index = state.receiveCount; index < counter; index++) {
    const step = suite.stepChain(chainKey)
    skipped.push({
      ratchetKey: state.peerRatchetKey!,
      counter: index,
      messageKey: step.messageKey,
      storedAt: now,
    })
    chainKey = step.chainKey
  }
  return { ...state, receivingChainKey: chainKey, receiveCount: counter, skipped: skipped.slice(-MAX_STORED_KEYS) }
}
