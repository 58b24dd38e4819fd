import { concat, equal, exactly, Reader, u64 } from './bytes.ts'
import { DecryptionFailed, insist } from './errors.ts'
import { sha256 } from './hash.ts'
import type { LogPublicKey } from './key-types.ts'
import { labelled } from './label.ts'
import type { MerkleTree } from './tree.ts'
import { verifySignature } from './verify-signature.ts'

// Signed tree head (PROTOCOL 4.2), 144 bytes:
//
//   logId 32 = H(log public key) | size 8 | root 32 | time 8 | sig 64

/** A signed tree head has this many bytes. */
export const STH_BYTES = 144
/** With an older head no new chains or sessions are started. */
export const STH_MAX_AGE_MS = 86_400_000

/** How far a log reaches, and the root there: what gossips inside every encrypted payload. */
export interface LogHead {
  size: number
  root: Uint8Array
}

/** What the server signs about its log. */
export interface TreeHead extends LogHead {
  /** Milliseconds since the epoch, by the server's clock. */
  time: number
}

/** H(log public key), 32 bytes. */
export function logIdOf(publicKey: LogPublicKey): Uint8Array {
  return sha256(exactly(publicKey, 32))
}

/** logId 32 | size 8 | root 32 | time 8: the 80 bytes before the signature. */
export function encodeTreeHead(publicKey: LogPublicKey, head: TreeHead): Uint8Array {
  return concat(logIdOf(publicKey), u64(head.size), exactly(head.root, 32), u64(head.time))
}

/** L("sth") || 00 || the 80 bytes: exactly what Ed25519 signs, for a signer that has no labels of its own. */
export function sthSignedBytes(publicKey: LogPublicKey, head: TreeHead): Uint8Array {
  return labelled('sth', encodeTreeHead(publicKey, head))
}

/** The 144 bytes of a head and its signature (64 bytes). */
export function encodeSth(publicKey: LogPublicKey, head: TreeHead, signature: Uint8Array): Uint8Array {
  return concat(encodeTreeHead(publicKey, head), exactly(signature, 64))
}

/** The head, if these are exactly 144 bytes signed by the pinned log key; throws DecryptionFailed otherwise. */
export function checkSth(publicKey: LogPublicKey, bytes: Uint8Array): TreeHead {
  const reader = new Reader(bytes)
  insist(equal(reader.take(32), logIdOf(publicKey)), 'another log')
  const head = { size: reader.u64(), root: reader.take(32), time: reader.u64() }
  const signed = reader.before()
  const signature = reader.take(64)
  reader.end()
  insist(verifySignature(publicKey, 'sth', signed, signature), 'sth signature')
  return head
}

/** Whether a head is recent enough at `now` to start chains and sessions with. */
export function isFreshHead(head: TreeHead, now: number): boolean {
  return now - head.time <= STH_MAX_AGE_MS
}

/**
 * Compares a peer's (size, root) with what I hold. `match`: the same log. `fetch`: the peer saw more, fetch until
 * reached and compare again. Another root at a size I know is a fork and throws DecryptionFailed: state ALARM.
 */
export function compareGossip(mine: MerkleTree, peer: LogHead): 'match' | 'fetch' {
  insist(Number.isSafeInteger(peer.size) && peer.size >= 0, 'size')
  if (peer.size > mine.size) return 'fetch'
  if (!equal(mine.rootAt(peer.size), peer.root)) throw new DecryptionFailed('fork')
  return 'match'
}
