import { concat, Reader, u8, u32 } from './bytes.ts'
import { insist } from './errors.ts'
import type { ChainPublicKey } from './key-types.ts'

/** Most messages and chains in one bundle: more are sent as several. */
export const MAX_BUNDLE_MESSAGES = 100_000
export const MAX_BUNDLE_CHAINS = 10_000

const VERSION = 1

/** A message the newcomer may read: its key, and the hash of the body that goes with it. */
export interface BundleMessage {
  msgId: Uint8Array
  messageKey: Uint8Array
  bodyHash: Uint8Array
}

/** A chain that signed such messages, with the certificate of its device: checked against the key log. */
export interface BundleChain {
  chainId: Uint8Array
  deviceId: Uint8Array
  epoch: number
  signingKey: ChainPublicKey
  certificate: Uint8Array
}

/** What an adding device gives to a newcomer where the history policy is `share` (PROTOCOL 4.6). Klass 0 only. */
export interface HistoryBundle {
  messages: BundleMessage[]
  chains: BundleChain[]
}

/**
 * The plaintext of the attachment that packet 0x40 points to:
 * ```
 * ver u8 = 1 | messages u32 | chains u32
 *   | messages x ( msgId 16 | mk 32 | H(body) 32 )                                             80 each
 *   | chains x ( chainId 16 | deviceId 16 | epoch u32 | sigPub 32 | cert 64 )                 132 each
 * ```
 */
export function encodeHistoryBundle({ messages, chains }: HistoryBundle): Uint8Array {
  if (messages.length > MAX_BUNDLE_MESSAGES || chains.length > MAX_BUNDLE_CHAINS)
    throw new RangeError('bundle too long')
  return concat(
    concat(u8(VERSION), u32(messages.length), u32(chains.length)),
    ...messages.map(({ msgId, messageKey, bodyHash }) => concat(msgId, messageKey, bodyHash)),
    ...chains.map(encodeBundleChain),
  )
}

/** The 132 bytes of one chain, as drawn above. */
export function encodeBundleChain({ chainId, deviceId, epoch, signingKey, certificate }: BundleChain): Uint8Array {
  return concat(chainId, deviceId, u32(epoch), signingKey, certificate)
}

/** Takes the 132 bytes of one chain; whether its device really certified it is not known yet. */
export function readBundleChain(reader: Reader): BundleChain {
  return {
    chainId: reader.take(16),
    deviceId: reader.take(16),
    epoch: reader.u32(),
    signingKey: reader.take(32) as ChainPublicKey,
    certificate: reader.take(64),
  }
}

/**
 * Strict reader. Nothing in a bundle is true yet: of each message check the hash and the signature of its body
 * (`verifyBodySignature`), of each chain the certificate (`verifyChainCertificate`), before it is shown.
 */
export function parseHistoryBundle(bytes: Uint8Array): HistoryBundle {
  const reader = new Reader(bytes)
  reader.oneOf([VERSION], 'version')
  const messageCount = reader.u32()
  const chainCount = reader.u32()
  insist(messageCount <= MAX_BUNDLE_MESSAGES && chainCount <= MAX_BUNDLE_CHAINS, 'bundle too long')
  insist(reader.left === messageCount * 80 + chainCount * 132, 'bundle length')
  const messages = Array.from({ length: messageCount }, () => ({
    msgId: reader.take(16),
    messageKey: reader.take(32),
    bodyHash: reader.take(32),
  }))
  const chains = Array.from({ length: chainCount }, () => readBundleChain(reader))
  return { messages, chains }
}
