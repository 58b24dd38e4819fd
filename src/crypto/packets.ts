import { concat, Reader, u8, u32, u64 } from './bytes.ts'
import { type CborValue, decodeCborMap, encodeCbor } from './cbor.ts'
import { DecryptionFailed, insist } from './errors.ts'
import type { ChainPublicKey } from './key-types.ts'

// Inner packets: what travels inside a session frame (PROTOCOL 4.4). The first byte says which.
const SESSION_ACK = 0x01
const CONTENT_KEY = 0x10
const SENDER_KEY = 0x20
const CHAIN_REQUEST = 0x21
const RETRY_REQUEST = 0x30
const HISTORY_BUNDLE = 0x40
const OWN_DEVICE_SYNC = 0x50

/** Bound of an own-device sync: a frame has at most 64 KiB. */
const MAX_SYNC_BYTES = 60_000

/** The key of one DM body and the hash that binds it: nobody who knows mk can swap the body. */
export interface ContentKey {
  convId: Uint8Array
  msgId: Uint8Array
  messageKey: Uint8Array
  bodyHash: Uint8Array
}

/** Archivable chains keep history; keys of ephemeral ones are never archived. */
export type ChainClass = 0 | 1

/** What a member needs to read a sender chain from `iteration` on; accepted by sender-chain.ts only. */
export interface SenderKey {
  convId: Uint8Array
  epoch: number
  convHead: Uint8Array
  chainId: Uint8Array
  /** 0 archivable, 1 ephemeral. */
  klass: ChainClass
  iteration: number
  chainKey: Uint8Array
  signingKey: ChainPublicKey
  certificate: Uint8Array
}

/** Asks the owner of a chain for its sender key. */
export interface ChainRequest {
  convId: Uint8Array
  epoch: number
  chainId: Uint8Array
}

/** Says that a message could not be opened. `reason` is carried, not judged. */
export interface RetryRequest {
  convId: Uint8Array
  msgId: Uint8Array
  reason: number
}

/** Points to an attachment with keys of earlier messages (history-bundle.ts); `size` is that of its plaintext. */
export interface HistoryBundlePointer {
  convId: Uint8Array
  attachmentId: Uint8Array
  fileKey: Uint8Array
  size: number
}

/** Everything that can be inside a session frame. */
export type Packet =
  | { kind: 'session-ack' }
  | ({ kind: 'content-key' } & ContentKey)
  | ({ kind: 'sender-key' } & SenderKey)
  | ({ kind: 'chain-request' } & ChainRequest)
  | ({ kind: 'retry-request' } & RetryRequest)
  | ({ kind: 'history-bundle' } & HistoryBundlePointer)
  | { kind: 'own-device-sync'; content: { [key: string]: CborValue } }

/** The one byte 01: answers every initial frame at once. */
export function encodeSessionAck(): Uint8Array {
  return u8(SESSION_ACK)
}

/**
 * ```
 * 10 | convId 16 | msgId 16 | mk 32 | H(body) 32                                              = 97
 * ```
 */
export function encodeContentKey({ convId, msgId, messageKey, bodyHash }: ContentKey): Uint8Array {
  return concat(u8(CONTENT_KEY), convId, msgId, messageKey, bodyHash)
}

/**
 * SKDM (PROTOCOL 4.5):
 * ```
 * 20 | convId 16 | epoch u32 | convHead 32 | chainId 16 | klass u8 | iteration u32 | CK 32 | sigPub 32 | cert 64   = 202
 * ```
 */
export function encodeSenderKey(key: SenderKey): Uint8Array {
  return concat(
    ...[u8(SENDER_KEY), key.convId, u32(key.epoch), key.convHead, key.chainId, u8(key.klass)],
    ...[u32(key.iteration), key.chainKey, key.signingKey, key.certificate],
  )
}

/**
 * ```
 * 21 | convId 16 | epoch u32 | chainId 16                                                     = 37
 * ```
 */
export function encodeChainRequest({ convId, epoch, chainId }: ChainRequest): Uint8Array {
  return concat(u8(CHAIN_REQUEST), convId, u32(epoch), chainId)
}

/**
 * ```
 * 30 | convId 16 | msgId 16 | reason u8                                                       = 34
 * ```
 */
export function encodeRetryRequest({ convId, msgId, reason }: RetryRequest): Uint8Array {
  return concat(u8(RETRY_REQUEST), convId, msgId, u8(reason))
}

/**
 * ```
 * 40 | convId 16 | attachmentId 16 | fileKey 32 | size u64                                    = 73
 * ```
 */
export function encodeHistoryBundlePointer(pointer: HistoryBundlePointer): Uint8Array {
  return concat(u8(HISTORY_BUNDLE), pointer.convId, pointer.attachmentId, pointer.fileKey, u64(pointer.size))
}

/**
 * ```
 * 50 | CBOR map (strict, at most 60,000 bytes)
 * ```
 */
export function encodeOwnDeviceSync(content: { [key: string]: CborValue }): Uint8Array {
  const encoded = encodeCbor(content)
  if (encoded.length > MAX_SYNC_BYTES) throw new RangeError('own-device sync too long')
  return concat(u8(OWN_DEVICE_SYNC), encoded)
}

/** Any inner packet; unknown types, wrong lengths and unlisted values are a DecryptionFailed. */
export function parsePacket(bytes: Uint8Array): Packet {
  const reader = new Reader(bytes)
  const packet = readPacket(reader)
  reader.end()
  return packet
}

/** Only a content key; anything else is a DecryptionFailed. */
export function parseContentKey(bytes: Uint8Array): ContentKey {
  const packet = parsePacket(bytes)
  insist(packet.kind === 'content-key', 'not a content key')
  return packet
}

/** Only an SKDM; its certificate is not checked here. */
export function parseSenderKey(bytes: Uint8Array): SenderKey {
  const packet = parsePacket(bytes)
  insist(packet.kind === 'sender-key', 'not a sender key')
  return packet
}

function readPacket(reader: Reader): Packet {
  switch (reader.u8()) {
    case SESSION_ACK:
      return { kind: 'session-ack' }
    case CONTENT_KEY:
      return { kind: 'content-key', ...readContentKey(reader) }
    case SENDER_KEY:
      return { kind: 'sender-key', ...readSenderKey(reader) }
    case CHAIN_REQUEST:
      return { kind: 'chain-request', convId: reader.take(16), epoch: reader.u32(), chainId: reader.take(16) }
    case RETRY_REQUEST:
      return { kind: 'retry-request', convId: reader.take(16), msgId: reader.take(16), reason: reader.u8() }
    case HISTORY_BUNDLE:
      return { kind: 'history-bundle', ...readHistoryBundlePointer(reader) }
    case OWN_DEVICE_SYNC:
      return { kind: 'own-device-sync', content: decodeCborMap(reader.rest(), { maxBytes: MAX_SYNC_BYTES }) }
    default:
      throw new DecryptionFailed('unknown packet type')
  }
}

function readContentKey(reader: Reader): ContentKey {
  return {
    convId: reader.take(16),
    msgId: reader.take(16),
    messageKey: reader.take(32),
    bodyHash: reader.take(32),
  }
}

function readSenderKey(reader: Reader): SenderKey {
  return {
    convId: reader.take(16),
    epoch: reader.u32(),
    convHead: reader.take(32),
    chainId: reader.take(16),
    klass: reader.oneOf([0, 1], 'klass'),
    iteration: reader.u32(),
    chainKey: reader.take(32),
    signingKey: reader.take(32) as ChainPublicKey,
    certificate: reader.take(64),
  }
}

function readHistoryBundlePointer(reader: Reader): HistoryBundlePointer {
  return {
    convId: reader.take(16),
    attachmentId: reader.take(16),
    fileKey: reader.take(32),
    size: reader.u64(),
  }
}
