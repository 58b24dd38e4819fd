import { open, seal } from './aead.ts'
import { ascii, concat, exactly, fromBase64Url, Reader, toBase64Url, u8, u16, u32, u64, Z32 } from './bytes.ts'
import { insist } from './errors.ts'
import { hkdf } from './hash.ts'
import type { DeviceDhPublicKey, DevicePublicKey, DhPublicKey, DhSecretKey } from './key-types.ts'
import { type DhKeyPair, diffieHellman, generateDhKeyPair } from './keys.ts'
import { label, labelled } from './label.ts'
import type { RandomSource } from './random.ts'

/** Bytes of a linking code; the same as text are 114 characters. */
export const LINK_CODE_BYTES = 85

const VERSION = 1
const ACCOUNT_MESSAGE = 1
const DEVICE_MESSAGE = 2
const HANDOVER_MESSAGE = 3

/** Who shows the code: the new device (1) or the old one (2). */
export type LinkRole = 1 | 2

/** What the code on the screen says. */
export interface LinkCode {
  role: LinkRole
  linkId: Uint8Array
  ephemeralKey: DhPublicKey
  /** 32 bytes that never travel over the network: they authenticate both sides, and hold against quantum computers. */
  secretKey: Uint8Array
}

/** The side that shows a code, before the other one has scanned it. */
export interface LinkOffer {
  code: LinkCode
  pair: DhKeyPair
}

/** One direction each; counters go up by one with every frame. A plain value, never changed in place. */
export interface LinkChannel {
  linkId: Uint8Array
  sendKey: Uint8Array
  receiveKey: Uint8Array
  sendCounter: number
  receiveCounter: number
}

/** A fresh offer. Draws 16 bytes (linkId), 32 (ephemeral secret), 32 (secret), in this order. */
export function createLinkOffer(role: LinkRole, random: RandomSource): LinkOffer {
  const linkId = random(16)
  const pair = generateDhKeyPair(random(32))
  return { code: { role, linkId, ephemeralKey: pair.publicKey, secretKey: random(32) }, pair }
}

/**
 * The linking code (PROTOCOL 4.8):
 * ```
 * "TVL" | 01 | role u8 (1 the new device shows, 2 the old one) | linkId 16 | epkD 32 | secret 32      = 85
 * ```
 */
export function encodeLinkCode({ role, linkId, ephemeralKey, secretKey }: LinkCode): Uint8Array {
  return concat(ascii('TVL'), u8(VERSION), u8(role), linkId, ephemeralKey, secretKey)
}

/** The same as text for devices without a camera: base64url, no `=`. */
export function formatLinkCode(code: LinkCode): string {
  return toBase64Url(encodeLinkCode(code))
}

/** Strict reader of the bytes of a code. */
export function parseLinkCode(bytes: Uint8Array): LinkCode {
  const reader = new Reader(exactly(bytes, LINK_CODE_BYTES, 'linking code'))
  reader.expect(ascii('TVL'))
  reader.oneOf([VERSION], 'version')
  return {
    role: reader.oneOf([1, 2], 'link role'),
    linkId: reader.take(16),
    ephemeralKey: reader.take(32) as DhPublicKey,
    secretKey: reader.take(32),
  }
}

/** Reader of the text form; surrounding white space is forgiven. */
export function readLinkCode(text: string): LinkCode {
  return parseLinkCode(fromBase64Url(text.replace(/\s/g, '')))
}

/** k1 || k2 = HKDF(secret, X25519, L("link") || linkId || epkD || epkS, 64): k1 the displayer sends, k2 the scanner. */
function deriveLinkKeys(code: LinkCode, scannerKey: DhPublicKey, sharedSecret: Uint8Array) {
  const info = concat(label('link'), code.linkId, code.ephemeralKey, scannerKey)
  const output = hkdf(code.secretKey, sharedSecret, info, 64)
  return { displayer: output.slice(0, 32), scanner: output.slice(32) }
}

/** The scanner's channel, and `ephemeralKey` (32 bytes), which it sends in the clear. Draws 32 bytes. */
export function joinLink(code: LinkCode, random: RandomSource): { channel: LinkChannel; ephemeralKey: DhPublicKey } {
  const pair = generateDhKeyPair(random(32))
  const keys = deriveLinkKeys(code, pair.publicKey, diffieHellman(pair.secretKey as DhSecretKey, code.ephemeralKey))
  const channel = {
    ...{ linkId: code.linkId, sendKey: keys.scanner, receiveKey: keys.displayer },
    ...{ sendCounter: 0, receiveCounter: 0 },
  }
  return { channel, ephemeralKey: pair.publicKey }
}

/** The displayer's channel once the scanner's key has arrived. Only a frame that opens proves who sent it. */
export function completeLink({ code, pair }: LinkOffer, scannerKey: DhPublicKey): LinkChannel {
  const keys = deriveLinkKeys(code, scannerKey, diffieHellman(pair.secretKey, scannerKey))
  return {
    ...{ linkId: code.linkId, sendKey: keys.displayer, receiveKey: keys.scanner },
    ...{ sendCounter: 0, receiveCounter: 0 },
  }
}

/**
 * Six digits that both screens show, for people who want to see that these two devices found each other and no other:
 * u32 of HKDF(Z32, k1 || k2, L("link-check"), 4) modulo 1,000,000. The code's secret has proved it already.
 */
export function linkCheckDigits({ sendKey, receiveKey }: LinkChannel, isDisplayer: boolean): string {
  const keys = isDisplayer ? concat(sendKey, receiveKey) : concat(receiveKey, sendKey)
  const number = new Reader(hkdf(Z32, keys, label('link-check'), 4)).u32() % 1_000_000
  return number.toString().padStart(6, '0')
}

function frameContext(key: Uint8Array, counter: number, linkId: Uint8Array) {
  return { key, iv: concat(u32(0), u64(counter)), aad: labelled('link', linkId) }
}

/**
 * The next frame of this side:
 * ```
 * counter u64 | GCM(k, iv = u32 0 || counter, message; aad = L("link") || 00 || linkId)
 * ```
 */
export async function sealLinkFrame(
  channel: LinkChannel,
  message: Uint8Array,
): Promise<{ channel: LinkChannel; frame: Uint8Array }> {
  const { sendKey, sendCounter, linkId } = channel
  const sealed = await seal(frameContext(sendKey, sendCounter, linkId), message)
  return { channel: { ...channel, sendCounter: sendCounter + 1 }, frame: concat(u64(sendCounter), sealed) }
}

/** The next frame of the other side; any other counter, and anything changed, is a DecryptionFailed. */
export async function openLinkFrame(
  channel: LinkChannel,
  frame: Uint8Array,
): Promise<{ channel: LinkChannel; message: Uint8Array }> {
  const { receiveKey, receiveCounter, linkId } = channel
  const reader = new Reader(frame)
  insist(reader.u64() === receiveCounter, 'link counter')
  const message = await open(frameContext(receiveKey, receiveCounter, linkId), reader.rest())
  return { channel: { ...channel, receiveCounter: receiveCounter + 1 }, message }
}

/** Old to new: whose device it becomes, and the head of that user's log entries. Sent again if the log moves on. */
export interface LinkAccountMessage {
  userId: Uint8Array
  prev: Uint8Array
}

/** New to old: the keys of the new device and the proof that it holds DSK for exactly this place in the log. */
export interface LinkDeviceMessage {
  deviceId: Uint8Array
  dsk: DevicePublicKey
  dik: DeviceDhPublicKey
  caps: number
  possession: Uint8Array
}

/** Any message of a link, by its first byte. */
export type LinkMessage =
  | ({ kind: 'account' } & LinkAccountMessage)
  | ({ kind: 'device' } & LinkDeviceMessage)
  | { kind: 'handover'; content: Uint8Array }

/** 01 | userId 16 | prev 32 = 49. */
export function encodeLinkAccount({ userId, prev }: LinkAccountMessage): Uint8Array {
  return concat(u8(ACCOUNT_MESSAGE), userId, prev)
}

/** 02 | deviceId 16 | DSK 32 | DIK 32 | caps u16 | possession 64 = 147. */
export function encodeLinkDevice({ deviceId, dsk, dik, caps, possession }: LinkDeviceMessage): Uint8Array {
  return concat(u8(DEVICE_MESSAGE), deviceId, dsk, dik, u16(caps), possession)
}

/** 03 | content: userId, UIK, log head, archive keys, account state, encoded by the client (opaque here). */
export function encodeLinkHandover(content: Uint8Array): Uint8Array {
  return concat(u8(HANDOVER_MESSAGE), content)
}

/** Strict reader of a link message. */
export function parseLinkMessage(bytes: Uint8Array): LinkMessage {
  const reader = new Reader(bytes)
  const message = readLinkMessage(reader)
  reader.end()
  return message
}

function readLinkMessage(reader: Reader): LinkMessage {
  const type = reader.oneOf([ACCOUNT_MESSAGE, DEVICE_MESSAGE, HANDOVER_MESSAGE], 'link message')
  if (type === ACCOUNT_MESSAGE) return { kind: 'account', userId: reader.take(16), prev: reader.take(32) }
  if (type === HANDOVER_MESSAGE) return { kind: 'handover', content: reader.rest() }
  return {
    kind: 'device',
    deviceId: reader.take(16),
    dsk: reader.take(32) as DevicePublicKey,
    dik: reader.take(32) as DeviceDhPublicKey,
    caps: reader.u16(),
    possession: reader.take(64),
  }
}
