import { equal } from '../../../src/crypto/bytes.ts'
import { type RatchetState, startAsInitiator } from '../../../src/crypto/double-ratchet.ts'
import { DecryptionFailed } from '../../../src/crypto/errors.ts'
import type {
  DeviceDhPublicKey,
  DeviceDhSecretKey,
  DevicePublicKey,
  DhPublicKey,
  DhSecretKey,
  KemPublicKey,
} from '../../../src/crypto/key-types.ts'
import { diffieHellman, generateDhKeyPair, generateKemKeyPair } from '../../../src/crypto/keys.ts'
import { agreeAsInitiator, type DeviceIdentity, type PrekeyBundle } from '../../../src/crypto/pqxdh.ts'
import {
  acceptIncomingSession,
  createOutgoingSession,
  decryptFrame,
  encryptPacket,
  type OwnDevice,
  type Session,
} from '../../../src/crypto/session.ts'
import { encodeInitialHeader, parseSessionFrame } from '../../../src/crypto/session-frame.ts'
import { deriveFrameKeys, trallivalliSuite } from '../../../src/crypto/suite.ts'
import {
  asObject,
  bytesFrom,
  bytesOf,
  hexOf,
  type JsonObject,
  listOf,
  numberOf,
  type OpTable,
  objectOf,
  textOf,
} from './types.ts'

/** Hands out the listed byte strings, each once and in order; a draw of another length, or one too many, is an error. */
export function scriptedRandom(...drawn: Uint8Array[]): (length: number) => Uint8Array {
  const left = [...drawn]
  return (length) => {
    const next = left.shift()
    if (next === undefined) throw new Error('nothing left to draw')
    if (next.length !== length) throw new Error(`${length} bytes drawn where ${next.length} are listed`)
    return next.slice()
  }
}

function identity(object: JsonObject): DeviceIdentity {
  return {
    userId: bytesOf(object, 'userId'),
    deviceId: bytesOf(object, 'deviceId'),
    dsk: bytesOf(object, 'DSK') as DevicePublicKey,
    dik: bytesOf(object, 'DIK') as DeviceDhPublicKey,
  }
}

function ownDevice(object: JsonObject, secrets = object): OwnDevice {
  return { ...identity(object), dikSecret: bytesOf(secrets, 'DIK_secret') as DeviceDhSecretKey }
}

function bundleOf(object: JsonObject): PrekeyBundle {
  const opkId = numberOf(object, 'opkId')
  return {
    ...identity(object),
    signedPrekey: {
      id: numberOf(object, 'spkId'),
      createdAt: numberOf(object, 'spkCreatedAt'),
      publicKey: bytesOf(object, 'SPK') as DhPublicKey,
      signature: bytesOf(object, 'spkSignature'),
    },
    kemPrekey: {
      id: numberOf(object, 'kemId'),
      createdAt: numberOf(object, 'kemCreatedAt'),
      publicKey: bytesOf(object, 'KPK') as KemPublicKey,
      signature: bytesOf(object, 'kemSignature'),
    },
    oneTimePrekey: opkId === 0 ? null : { id: opkId, publicKey: bytesOf(object, 'OPK') as DhPublicKey },
  }
}

function heldPrekeys(secrets: JsonObject) {
  return {
    signedPrekey: generateDhKeyPair(bytesOf(secrets, 'SPK_secret')),
    kemPrekey: generateKemKeyPair(bytesOf(secrets, 'KPK_seed')),
    oneTimePrekey: secrets['OPK_secret'] === undefined ? null : generateDhKeyPair(bytesOf(secrets, 'OPK_secret')),
  }
}

function startSession(inputs: JsonObject): Session {
  const bundle = bundleOf(objectOf(inputs, 'prekeyBundle'))
  const drawn = ['EK_A_secret', 'encapsulationSeed', 'A_firstRatchetSecret'].map((name) => bytesOf(inputs, name))
  const surroundings = { random: scriptedRandom(...drawn), now: numberOf(inputs, 'now') }
  return createOutgoingSession(ownDevice(objectOf(inputs, 'A')), bundle, bundle, surroundings)
}

function acceptSession(inputs: JsonObject, frame: Uint8Array, ratchetSecret: Uint8Array) {
  const bundle = objectOf(inputs, 'prekeyBundle')
  const secrets = objectOf(inputs, 'B_secrets')
  const surroundings = { random: scriptedRandom(ratchetSecret), now: numberOf(inputs, 'now') }
  const logged = identity(objectOf(inputs, 'A'))
  return acceptIncomingSession(ownDevice(bundle, secrets), heldPrekeys(secrets), logged, frame, surroundings)
}

const anyRatchetSecret = new Uint8Array(32).fill(9)

const pqxdh: OpTable = {
  async pqxdh({ inputs }) {
    const bundle = bundleOf(objectOf(inputs, 'prekeyBundle'))
    const drawn = [bytesOf(inputs, 'EK_A_secret'), bytesOf(inputs, 'encapsulationSeed')]
    const agreed = agreeAsInitiator(ownDevice(objectOf(inputs, 'A')), bundle, bundle, {
      random: scriptedRandom(...drawn),
      now: numberOf(inputs, 'now'),
    })
    const innerPacket = bytesOf(inputs, 'innerPacket')
    const { session, frame } = await encryptPacket(startSession(inputs), innerPacket)
    const responder = await acceptSession(inputs, frame, anyRatchetSecret)
    if (!equal(responder.packet, innerPacket)) throw new Error('B read something else')
    return {
      EK_A: hexOf(agreed.header.ephemeralKey),
      ct: hexOf(agreed.header.kemCiphertext),
      sessionId: hexOf(session.sessionId),
      RK0: hexOf(agreed.rootKey),
      T: hexOf(responder.session.ratchet.associatedData),
      initialHeader: hexOf(encodeInitialHeader(agreed.header)),
      initialFrame: hexOf(frame),
    }
  },

  pqxdhInitiate({ inputs }) {
    const bundle = bundleOf(objectOf(inputs, 'prekeyBundle'))
    const keyLog = objectOf(inputs, 'keyLogOfB')
    const dsk = bytesOf(keyLog, 'DSK') as DevicePublicKey
    const logged = { ...bundle, dsk, dik: bytesOf(keyLog, 'DIK') as DeviceDhPublicKey }
    const drawn = [bytesOf(inputs, 'EK_A_secret'), bytesOf(inputs, 'encapsulationSeed'), anyRatchetSecret]
    const surroundings = { random: scriptedRandom(...drawn), now: numberOf(inputs, 'now') }
    const session = createOutgoingSession(ownDevice(objectOf(inputs, 'A')), bundle, logged, surroundings)
    return { sessionId: hexOf(session.sessionId) }
  },

  async pqxdhRespond({ inputs }) {
    const secrets = objectOf(inputs, 'B_secrets')
    const held = objectOf(inputs, 'held')
    const frame = bytesOf(inputs, 'frame')
    const { initial } = parseSessionFrame(frame)
    const pairs = heldPrekeys(secrets)
    const surroundings = { random: scriptedRandom(anyRatchetSecret), now: 0 }
    const named = {
      signedPrekey: initial?.signedPrekeyId === held['spkId'] ? pairs.signedPrekey : null,
      kemPrekey: initial?.kemPrekeyId === held['kemId'] ? pairs.kemPrekey : null,
      oneTimePrekey: initial?.oneTimePrekeyId === held['opkId'] ? pairs.oneTimePrekey : null,
    }
    const own = ownDevice(objectOf(inputs, 'B'), secrets)
    const logged = identity(objectOf(inputs, 'keyLogOfA'))
    const { session, packet } = await acceptIncomingSession(own, named, logged, frame, surroundings)
    return { innerPacket: hexOf(packet), sessionId: hexOf(session.sessionId) }
  },
}

/** The state in the form of the vectors' intermediates. */
function describe(state: RatchetState): JsonObject {
  return {
    RK: hexOf(state.rootKey),
    ratchetPub_self: hexOf(state.ownRatchetPublic),
    ...(state.peerRatchetKey && { ratchetPub_peer: hexOf(state.peerRatchetKey) }),
    ...(state.sendingChainKey && { CK_send: hexOf(state.sendingChainKey) }),
    ...(state.receivingChainKey && { CK_receive: hexOf(state.receivingChainKey) }),
    N_send: state.sendCount,
    N_receive: state.receiveCount,
    PN: state.previousCount,
    skipped: state.skipped.map((key) => ({
      ratchetPub: hexOf(key.ratchetKey),
      N: key.counter,
      mk: hexOf(key.messageKey),
    })),
  }
}

/** Both sides of a scripted conversation, checked step by step against the intermediate states of the file. */
class Conversation {
  readonly sessions: { A: Session; B: Session | null }
  readonly frames: { [name: string]: string } = {}
  readonly #inputs: JsonObject

  constructor(inputs: JsonObject) {
    this.#inputs = inputs
    this.sessions = { A: startSession(inputs), B: null }
  }

  async step(step: JsonObject): Promise<JsonObject> {
    const by = textOf(step, 'by') as 'A' | 'B'
    if (textOf(step, 'op') === 'send') return this.#send(by, step)
    const frame = bytesFrom(
      typeof step['frameBytes'] === 'string' ? step['frameBytes'] : this.frames[textOf(step, 'frame')]!,
    )
    const secret = step['newRatchetSecret'] === undefined ? [] : [bytesOf(step, 'newRatchetSecret')]
    if (step['mustFail'] === true) return this.#refuse(by, frame)
    return { innerPacket: hexOf(await this.#receive(by, frame, secret)) }
  }

  async #send(by: 'A' | 'B', step: JsonObject): Promise<JsonObject> {
    const { session, frame } = await encryptPacket(this.sessions[by]!, bytesOf(step, 'innerPacket'))
    this.sessions[by] = session
    this.frames[textOf(step, 'frame')] = hexOf(frame)
    return { frame: hexOf(frame) }
  }

  async #receive(by: 'A' | 'B', frame: Uint8Array, secret: Uint8Array[]): Promise<Uint8Array> {
    const surroundings = { random: scriptedRandom(...secret), now: numberOf(this.#inputs, 'now') }
    const session = this.sessions[by]
    const result =
      session === null
        ? await acceptSession(this.#inputs, frame, secret[0]!)
        : await decryptFrame(session, frame, surroundings)
    this.sessions[by] = result.session
    return result.packet
  }

  async #refuse(by: 'A' | 'B', frame: Uint8Array): Promise<JsonObject> {
    const before = JSON.stringify(describe(this.sessions[by]!.ratchet))
    const refused = await this.#receive(by, frame, [anyRatchetSecret]).then(
      () => false,
      (error) => error instanceof DecryptionFailed,
    )
    if (!refused) throw new Error('a step that must be refused was taken')
    if (JSON.stringify(describe(this.sessions[by]!.ratchet)) !== before)
      throw new Error('a refused frame changed the state')
    return {}
  }
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  )
}

const doubleRatchet: OpTable = {
  async drConversation({ inputs, intermediates, outputs }) {
    const conversation = new Conversation(inputs)
    const expected = listOf(intermediates!, 'steps').map((step) => asObject(step))
    const steps: JsonObject[] = []
    for (const [index, step] of listOf(inputs, 'steps').entries()) {
      steps.push(await conversation.step(asObject(step)))
      const state = expected[index]!['state']
      const now = describe(conversation.sessions[textOf(asObject(step), 'by') as 'A' | 'B']!.ratchet)
      if (state !== undefined && sortedJson(state) !== sortedJson(now)) {
        throw new Error(`the state after step ${index} differs`)
      }
    }
    const delivered = new Set(
      listOf(inputs, 'steps').flatMap((step) => (asObject(step)['op'] === 'receive' ? [asObject(step)['frame']] : [])),
    )
    const neverDelivered = Object.keys(conversation.frames).filter((name) => !delivered.has(name))
    const { session } = asObject(inputs) as { session: JsonObject }
    if (hexOf(conversation.sessions.A.sessionId) !== session['sessionId']) throw new Error('another session id')
    return {
      frames: conversation.frames,
      steps,
      neverDelivered,
      ...(outputs?.['note'] ? { note: outputs['note'] } : {}),
    }
  },

  async drReceive({ inputs }) {
    let session: Session | null = null
    const secret = bytesOf(inputs, 'B_ratchetSecretDrawnAtFirstFrame')
    for (const frame of listOf(inputs, 'receivedBefore')) {
      session = (await acceptSession(inputs, bytesFrom(String(frame)), secret)).session
    }
    const before = JSON.stringify(describe(session!.ratchet))
    const surroundings = { random: scriptedRandom(anyRatchetSecret), now: numberOf(inputs, 'now') }
    const outcome = await decryptFrame(session!, bytesOf(inputs, 'frame'), surroundings).catch(
      (error: unknown) => error,
    )
    if (JSON.stringify(describe(session!.ratchet)) !== before) throw new Error('the old state was changed in place')
    if (outcome instanceof Error) throw outcome
    return { innerPacket: hexOf((outcome as { packet: Uint8Array }).packet) }
  },

  kdfRK({ inputs }) {
    const secretKey = bytesOf(inputs, 'ownSecret') as DhSecretKey
    const peer = bytesOf(inputs, 'peerPub') as DhPublicKey
    const stepped = trallivalliSuite.stepRoot(bytesOf(inputs, 'RK'), diffieHellman(secretKey, peer))
    const pair = { secretKey, publicKey: generateDhKeyPair(secretKey).publicKey }
    const secrets = { rootKey: bytesOf(inputs, 'RK'), associatedData: new Uint8Array(32) }
    const started = startAsInitiator(trallivalliSuite, secrets, pair, peer)
    if (!equal(started.rootKey, stepped.rootKey)) throw new Error('the engine steps otherwise')
    return { RK: hexOf(stepped.rootKey), CK: hexOf(stepped.chainKey) }
  },

  kdfCK({ inputs }) {
    const { messageKey, chainKey } = trallivalliSuite.stepChain(bytesOf(inputs, 'CK'))
    const { key, iv } = deriveFrameKeys(messageKey)
    return { mk: hexOf(messageKey), CK: hexOf(chainKey), key: hexOf(key), iv: hexOf(iv) }
  },
}

/** Operations of pqxdh.json and double-ratchet.json. */
export const sessionOps: OpTable = { ...pqxdh, ...doubleRatchet }
