import { type OpenedBody, openGroupBody, sealGroupBody, verifyBodySignature } from './body.ts'
import { type GroupBodyFields, parseBodyHeader } from './body-header.ts'
import type { BodyPlaintext, DeviceAddress } from './body-plaintext.ts'
import { concat, equal, u8, u32 } from './bytes.ts'
import { STORED_KEY_LIFETIME_MS } from './double-ratchet.ts'
import { insist } from './errors.ts'
import type { ChainPublicKey, ChainSecretKey, DevicePublicKey, DeviceSecretKey } from './key-types.ts'
import { generateSigningKeyPair, sign, verifySignature } from './keys.ts'
import type { ChainClass, SenderKey } from './packets.ts'
import type { RandomSource } from './random.ts'
import { stepChain } from './suite.ts'

/** A body that would skip more iterations than this is refused. */
export const MAX_FORWARD_JUMP = 2000
/** Keys of bodies that have not arrived yet, kept per chain; the oldest goes. */
export const MAX_STORED_CHAIN_KEYS = 2000
/** A chain is replaced after so many messages, or after so long. */
export const CHAIN_MAX_MESSAGES = 200
export const CHAIN_MAX_AGE_MS = 24 * 60 * 60 * 1000

/** What both ends of a chain know of it. */
interface ChainPlace {
  convId: Uint8Array
  epoch: number
  convHead: Uint8Array
  chainId: Uint8Array
  /** 0 archivable, 1 ephemeral. */
  klass: ChainClass
}

/** The sender's end of a chain: a plain value, never changed in place, stored before what it sealed is sent. */
export interface SendingChain extends ChainPlace {
  owner: DeviceAddress
  chainKey: Uint8Array
  /** The iteration `chainKey` belongs to: that of the next body. */
  iteration: number
  signingKey: ChainPublicKey
  signingSecret: ChainSecretKey
  certificate: Uint8Array
  createdAt: number
}

/** A key of a chain that was skipped over. */
export interface StoredChainKey {
  iteration: number
  messageKey: Uint8Array
  storedAt: number
}

/** A receiver's end of a chain: a plain value, never changed in place. */
export interface ReceivingChain extends ChainPlace {
  owner: DeviceAddress
  chainKey: Uint8Array
  nextIteration: number
  signingKey: ChainPublicKey
  /** Kept for history bundles, so that a newcomer can check it against the key log. */
  certificate: Uint8Array
  /** Oldest first. */
  skipped: StoredChainKey[]
}

/**
 * What the owner's device key signs under "chain-cert":
 * ```
 * userId 16 | deviceId 16 | convId 16 | epoch u32 | chainId 16 | klass u8 | sigPub 32
 * ```
 */
function certificateMessage(
  owner: DeviceAddress,
  chain: Omit<ChainPlace, 'convHead'> & { signingKey: ChainPublicKey },
): Uint8Array {
  const place = concat(chain.convId, u32(chain.epoch), chain.chainId, u8(chain.klass))
  return concat(owner.userId, owner.deviceId, place, chain.signingKey)
}

/** Whether the device of `dsk` (from the key log) certified the signing key of this chain. */
export function verifyChainCertificate(
  owner: DeviceAddress & { dsk: DevicePublicKey },
  chain: Omit<ChainPlace, 'convHead'> & { signingKey: ChainPublicKey; certificate: Uint8Array },
): boolean {
  return verifySignature(owner.dsk, 'chain-cert', certificateMessage(owner, chain), chain.certificate)
}

/** A fresh chain at iteration 0. Draws 16 bytes (chainId), 32 (CK), 32 (signing seed), in this order. */
export function createChain(
  owner: DeviceAddress & { dskSecret: DeviceSecretKey },
  place: Omit<ChainPlace, 'chainId'>,
  { random, now }: { random: RandomSource; now: number },
): SendingChain {
  const { convId, epoch, convHead, klass } = place
  const chainId = random(16)
  const chainKey = random(32)
  const signing = generateSigningKeyPair<'chain'>(random(32))
  const certified = { convId, epoch, chainId, klass, signingKey: signing.publicKey }
  return {
    ...certified,
    convHead,
    owner: { userId: owner.userId, deviceId: owner.deviceId },
    chainKey,
    iteration: 0,
    signingSecret: signing.secretKey,
    certificate: sign(owner.dskSecret, 'chain-cert', certificateMessage(owner, certified)),
    createdAt: now,
  }
}

/** The sender key of the chain as it stands now: a device that gets it can read from the next body on, nothing before. */
export function senderKeyOf(chain: SendingChain): SenderKey {
  const { convId, epoch, convHead, chainId, klass, iteration, chainKey, signingKey, certificate } = chain
  return { convId, epoch, convHead, chainId, klass, iteration, chainKey, signingKey, certificate }
}

/** Whether a chain must be replaced for its age or use; a new epoch or a revoked recipient replaces it anyway. */
export function isChainWorn(chain: SendingChain, now: number): boolean {
  return chain.iteration >= CHAIN_MAX_MESSAGES || now - chain.createdAt >= CHAIN_MAX_AGE_MS
}

/** What the sender decides about a body; the rest of its header follows from the chain. */
export type ChainBodyFields = Pick<GroupBodyFields, 'class' | 'msgId'>

/** Seals the next body of a chain; flag bit 0 follows the class of the chain. Also gives what an archive row needs. */
export async function sealWithChain(
  chain: SendingChain,
  fields: ChainBodyFields,
  plaintext: BodyPlaintext,
): Promise<{ chain: SendingChain; body: Uint8Array; messageKey: Uint8Array }> {
  const step = stepChain(chain.chainKey)
  const { convId, epoch, convHead, chainId, iteration } = chain
  const header = { ...fields, isEphemeral: chain.klass === 1, convId, epoch, convHead, chainId, iteration }
  const body = await sealGroupBody(step.messageKey, header, plaintext, chain.signingSecret)
  const advanced = { ...chain, chainKey: step.chainKey, iteration: iteration + 1 }
  return { chain: advanced, body, messageKey: step.messageKey }
}

/**
 * Takes a sender key that came through the session with `owner` (its device key from the key log). Refuses one that
 * this device did not certify. Of a chain that is already known keep the state there is: taking the key again would
 * forget which iterations were used.
 */
export function acceptSenderKey(owner: DeviceAddress & { dsk: DevicePublicKey }, key: SenderKey): ReceivingChain {
  insist(verifyChainCertificate(owner, key), 'chain certificate')
  const { convId, epoch, convHead, chainId, klass, iteration, chainKey, signingKey, certificate } = key
  return {
    ...{ convId, epoch, convHead, chainId, klass, chainKey, signingKey, certificate },
    owner: { userId: owner.userId, deviceId: owner.deviceId },
    nextIteration: iteration,
    skipped: [],
  }
}

/** A body on its way to being opened, and the chain behind it: good only once `opened` has resolved. */
export interface StartedOpening {
  chain: ReceivingChain
  opened: Promise<OpenedBody>
}

/**
 * Starts to open one body of a chain, in any order, each once. The order of checks is that of PROTOCOL 4.5: chain,
 * conversation, epoch, flag; then the signature, before anything is derived; then jump, key, commitment, tag, sender. Up
 * to the key a check that fails throws DecryptionFailed here, from the commitment on `opened` rejects with it: the chain
 * stays as it was. `convHead` of the header is for the caller to compare with its own conversation log: a difference
 * there is a fork, and worth more than a refusal.
 */
export function startOpening(chain: ReceivingChain, body: Uint8Array, now: number): StartedOpening {
  const header = parseBodyHeader(body)
  insist(header.mode === 2 && equal(header.chainId, chain.chainId), 'another chain')
  insist(equal(header.convId, chain.convId) && header.epoch === chain.epoch, 'another conversation or epoch')
  insist(header.isEphemeral === (chain.klass === 1), 'flag and class of the chain differ')
  insist(verifyBodySignature(body, chain.signingKey), 'signature')
  const { chain: advanced, messageKey } = takeKey(chain, header.iteration, now)
  return { chain: advanced, opened: openGroupBody(messageKey, body, chain.owner) }
}

/** {@link startOpening} to its end. */
export async function openWithChain(
  chain: ReceivingChain,
  body: Uint8Array,
  now: number,
): Promise<OpenedBody & { chain: ReceivingChain }> {
  const { chain: advanced, opened } = startOpening(chain, body, now)
  return { ...(await opened), chain: advanced }
}

function takeKey(
  chain: ReceivingChain,
  iteration: number,
  now: number,
): { chain: ReceivingChain; messageKey: Uint8Array } {
  const stored = chain.skipped.filter((key) => now - key.storedAt <= STORED_KEY_LIFETIME_MS)
  if (iteration >= chain.nextIteration) return jumpTo({ ...chain, skipped: stored }, iteration, now)
  const kept = stored.find((key) => key.iteration === iteration)
  insist(kept !== undefined, 'this iteration was used, or lies before the sender key')
  return { chain: { ...chain, skipped: stored.filter((key) => key !== kept) }, messageKey: kept.messageKey }
}

function jumpTo(chain: ReceivingChain, iteration: number, now: number) {
  insist(iteration - chain.nextIteration <= MAX_FORWARD_JUMP, 'jumps too far')
  const skipped = [...chain.skipped]
  let step = stepChain(chain.chainKey)
  for (let index = chain.nextIteration; index < iteration; index++) {
    skipped.push({ iteration: index, messageKey: step.messageKey, storedAt: now })
    step = stepChain(step.chainKey)
  }
  const advanced = {
    ...chain,
    chainKey: step.chainKey,
    nextIteration: iteration + 1,
    skipped: skipped.slice(-MAX_STORED_CHAIN_KEYS),
  }
  return { chain: advanced, messageKey: step.messageKey }
}
