import { concat, equal, Reader, u8, u32, u64 } from './bytes.ts'
import { insist } from './errors.ts'
import { padBody, unpadBody } from './padding.ts'

/** A user's device. */
export interface DeviceAddress {
  userId: Uint8Array
  deviceId: Uint8Array
}

/** The inside of a body (PROTOCOL 4.5). The sender is in here, so the server does not see it. */
export interface BodyPlaintext {
  /** Which kind of content `payload` is; the client gives it its meaning. */
  contentType: number
  senderUser: Uint8Array
  senderDevice: Uint8Array
  /** Milliseconds since the epoch. */
  sentAt: number
  /** Gossip: size and root of the key log the sender holds. */
  sthSize: number
  sthRoot: Uint8Array
  /** After how many seconds of display it disappears; 0 unless the body is ephemeral. */
  expirySeconds: number
  /** CBOR, opaque here. */
  payload: Uint8Array
}

/**
 * ```
 * ctype u8 | senderUser 16 | senderDevice 16 | sentAt u64 | sthSize u64 | sthRoot 32 | expirySeconds u32 | payload
 *   | 80 00 .. to the smallest bucket that holds it (padding.ts)                              85 bytes + payload + padding
 * ```
 */
export function encodeBodyPlaintext(plaintext: BodyPlaintext): Uint8Array {
  const { contentType, senderUser, senderDevice, sentAt, sthSize, sthRoot, expirySeconds, payload } = plaintext
  const sender = concat(u8(contentType), senderUser, senderDevice)
  return padBody(concat(sender, u64(sentAt), u64(sthSize), sthRoot, u32(expirySeconds), payload))
}

/** Strict inverse; a wrong padding, or an expiry in a body that is not ephemeral, is a DecryptionFailed. */
export function decodeBodyPlaintext(padded: Uint8Array, isEphemeral: boolean): BodyPlaintext {
  const reader = new Reader(unpadBody(padded))
  const plaintext = {
    contentType: reader.u8(),
    senderUser: reader.take(16),
    senderDevice: reader.take(16),
    sentAt: reader.u64(),
    sthSize: reader.u64(),
    sthRoot: reader.take(32),
    expirySeconds: reader.u32(),
    payload: reader.rest(),
  }
  insist(isEphemeral || plaintext.expirySeconds === 0, 'an expiry without the flag')
  return plaintext
}

/** Refuses a body whose inside names another sender than the one who is known to have made it. */
export function checkSender(plaintext: BodyPlaintext, sender: DeviceAddress): void {
  const isSender = equal(plaintext.senderUser, sender.userId) && equal(plaintext.senderDevice, sender.deviceId)
  insist(isSender, 'another sender inside')
}
