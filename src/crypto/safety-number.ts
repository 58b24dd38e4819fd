import { ascii, concat, equal, exactly, Reader, u16, u64 } from './bytes.ts'
import { insist } from './errors.ts'
import { sha512 } from './hash.ts'
import type { RootPublicKey } from './key-types.ts'
import type { LogHead } from './sth.ts'

// Signal's numeric fingerprint (PROTOCOL 4.3), and its QR form, 108 bytes:
//
//   "TVQ1" 4 | f_self[0:32] | f_peer[0:32] | size 8 | root 32

const QR_MAGIC = ascii('TVQ1')
const ITERATIONS = 5200

/** Whose identity a fingerprint speaks of. */
export interface Identity {
  userId: Uint8Array
  uik: RootPublicKey
}

/**
 * SHA-512 iterated 5200 times: once over 0000 || key || id || key, then over hash || key; 64 bytes, about 10 ms.
 * The key may have any length, so that the known answers of libsignal (33-byte keys) run through it.
 */
export function fingerprint(key: Uint8Array, id: Uint8Array): Uint8Array {
  let hash = sha512(concat(u16(0), key, id, key))
  for (let round = 1; round < ITERATIONS; round++) hash = sha512(concat(hash, key))
  return hash
}

function fingerprintOf({ userId, uik }: Identity): Uint8Array {
  return fingerprint(exactly(uik, 32), exactly(userId, 16))
}

/** 30 digits: six groups of 5 bytes, each mod 100000. */
export function fingerprintDigits(print: Uint8Array): string {
  const reader = new Reader(print)
  let digits = ''
  for (let group = 0; group < 6; group++) {
    const value = reader.u8() * 2 ** 32 + reader.u32()
    digits += String(value % 100000).padStart(5, '0')
  }
  return digits
}

/** 60 digits, the same on both sides: the smaller half first. */
export function safetyNumber(self: Identity, peer: Identity): string {
  return [self, peer]
    .map((identity) => fingerprintDigits(fingerprintOf(identity)))
    .sort()
    .join('')
}

/** The 108 bytes that `self` shows to `peer` as a QR code. */
export function encodeSafetyQr(self: Identity, peer: Identity, head: LogHead): Uint8Array {
  const halves = [self, peer].map((identity) => fingerprintOf(identity).slice(0, 32))
  return concat(QR_MAGIC, ...halves, u64(head.size), exactly(head.root, 32))
}

/**
 * Checks what `peer` shows on a screen against what I (`self`) hold; throws DecryptionFailed if either identity differs.
 * @returns the peer's log head, to be compared as gossip
 */
export function checkSafetyQr(scanned: Uint8Array, self: Identity, peer: Identity): LogHead {
  const reader = new Reader(scanned)
  reader.expect(QR_MAGIC)
  const theirs = reader.take(32)
  const mine = reader.take(32)
  const head = { size: reader.u64(), root: reader.take(32) }
  reader.end()
  insist(equal(theirs, fingerprintOf(peer).slice(0, 32)), 'another identity of the peer')
  insist(equal(mine, fingerprintOf(self).slice(0, 32)), 'the peer holds another identity of mine')
  return head
}
