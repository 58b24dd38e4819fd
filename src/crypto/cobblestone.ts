import { TAG_BYTES } from './aead.ts'
import { ascii, concat, equal, exactly, u8 } from './bytes.ts'
import { DecryptionFailed, insist } from './errors.ts'
import { expandSha512 } from './hkdf-sha512.ts'
import { wipe } from './sodium.ts'

// Cobblestone-256 (c2sp.org/chunked-encryption): a file in chunks, each of which can be opened alone.

/** Plaintext bytes of every chunk but the last, which always has fewer (if need be none). */
export const CHUNK_BYTES = 16384
/** Bytes of a full chunk in the file. */
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
/** salt 24 | commitment 32. */
export const FILE_HEADER_BYTES = 56
/** Bytes of a salt. */
export const SALT_BYTES = 24

/** How many chunks are with WebCrypto at once: three times as fast as one after the other. */
const CHUNKS_IN_FLIGHT = 64

type OwnBytes = Uint8Array<ArrayBuffer>

/** The keys of one file, the AES key imported once. */
export interface FileKeys {
  key: CryptoKey
  baseNonce: Uint8Array
}

/** Which chunks, and which bytes of the file, hold a range of the plaintext; `fileEnd` is exclusive. */
export interface ChunkRange {
  firstChunk: number
  lastChunk: number
  fileOffset: number
  fileEnd: number
}

/** Bytes of the file for so many bytes of plaintext: 56 and 16 per chunk more. */
export function sealedLength(plaintextLength: number): number {
  const chunks = Math.floor(plaintextLength / CHUNK_BYTES) + 1
  return FILE_HEADER_BYTES + plaintextLength + chunks * TAG_BYTES
}

/**
 * HKDF-Expand-SHA-512(fileKey, "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM" || 00 || salt || context, 76)
 * -> key 32 | base nonce 12 | commitment 32.
 */
export function deriveFileSecrets(fileKey: Uint8Array, salt: Uint8Array, context: Uint8Array) {
  exactly(fileKey, 32, 'file key')
  exactly(salt, SALT_BYTES, 'salt')
  const info = concat(ascii('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM'), u8(0), salt, context)
  const output = expandSha512(fileKey, info, 76)
  return { key: output.slice(0, 32), baseNonce: output.slice(32, 44), commitment: output.slice(44) }
}

/** The header of a file and the keys to seal its chunks with; the same for the same file key and salt. */
export async function beginFile(
  fileKey: Uint8Array,
  salt: Uint8Array,
  context: Uint8Array,
): Promise<{ header: Uint8Array; keys: FileKeys }> {
  const { key, baseNonce, commitment } = deriveFileSecrets(fileKey, salt, context)
  return { header: concat(salt, commitment), keys: { key: await importKey(key, 'encrypt'), baseNonce } }
}

/** The keys to open chunks with; a header of another key or context is a DecryptionFailed before any chunk is. */
export async function openFileHeader(fileKey: Uint8Array, header: Uint8Array, context: Uint8Array): Promise<FileKeys> {
  exactly(header, FILE_HEADER_BYTES, 'file header')
  const { key, baseNonce, commitment } = deriveFileSecrets(fileKey, header.subarray(0, SALT_BYTES), context)
  insist(equal(commitment, header.subarray(SALT_BYTES)), 'file commitment')
  return { key: await importKey(key, 'decrypt'), baseNonce }
}

/** GCM(key, base nonce XOR index, chunk, no aad): for uploads in parts. Only the last chunk has less than 16 KiB. */
export async function sealChunk({ key, baseNonce }: FileKeys, index: number, chunk: Uint8Array): Promise<Uint8Array> {
  const algorithm = { name: 'AES-GCM' as const, iv: nonceOf(baseNonce, index) }
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, key, chunk as OwnBytes))
}

/** The plaintext of chunk `index`. */
export async function openChunk({ key, baseNonce }: FileKeys, index: number, sealed: Uint8Array): Promise<Uint8Array> {
  insist(sealed.length >= TAG_BYTES && sealed.length <= SEALED_CHUNK_BYTES, 'chunk length')
  const algorithm = { name: 'AES-GCM' as const, iv: nonceOf(baseNonce, index) }
  const opened = await crypto.subtle.decrypt(algorithm, key, sealed as OwnBytes).catch(() => null)
  if (opened === null) throw new DecryptionFailed('chunk')
  return new Uint8Array(opened)
}

/**
 * A whole file:
 * ```
 * salt 24 | commitment 32 | chunk 0 (16384 + 16) | chunk 1 | ... | last chunk (less than 16384, + 16)
 * ```
 */
export async function sealFile(
  fileKey: Uint8Array,
  salt: Uint8Array,
  context: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const { header, keys } = await beginFile(fileKey, salt, context)
  const chunks = Math.floor(plaintext.length / CHUNK_BYTES) + 1
  const sealed = await inBatches(chunks, (index) =>
    sealChunk(keys, index, plaintext.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)),
  )
  return concat(header, ...sealed)
}

/** The whole plaintext of a file; cut, extended, reordered or changed in any bit is a DecryptionFailed. */
export async function openFile(fileKey: Uint8Array, context: Uint8Array, file: Uint8Array): Promise<Uint8Array> {
  insist(file.length >= FILE_HEADER_BYTES, 'file cut in its header')
  const keys = await openFileHeader(fileKey, file.subarray(0, FILE_HEADER_BYTES), context)
  return openChunks(keys, 0, file.subarray(FILE_HEADER_BYTES), true)
}

/**
 * Consecutive chunks from `firstChunk` on. `reachesEnd` says that the file ends here, so that the last one must be
 * shorter than a full chunk; otherwise all of them must be full.
 */
export async function openChunks(
  keys: FileKeys,
  firstChunk: number,
  sealed: Uint8Array,
  reachesEnd: boolean,
): Promise<Uint8Array> {
  const hasShortEnd = sealed.length % SEALED_CHUNK_BYTES !== 0
  insist(hasShortEnd === reachesEnd, 'the last chunk is shorter, the others are full')
  const opened = await inBatches(Math.ceil(sealed.length / SEALED_CHUNK_BYTES), (index) =>
    openChunk(keys, firstChunk + index, sealed.subarray(index * SEALED_CHUNK_BYTES, (index + 1) * SEALED_CHUNK_BYTES)),
  )
  return concat(...opened)
}

/** Which bytes of the file to fetch for `length` (at least 1) bytes of plaintext from `offset`; the size is known. */
export function locateRange(plaintextLength: number, offset: number, length: number): ChunkRange {
  if (offset < 0 || length < 1 || offset + length > plaintextLength) throw new RangeError('outside of the file')
  const firstChunk = Math.floor(offset / CHUNK_BYTES)
  const lastChunk = Math.floor((offset + length - 1) / CHUNK_BYTES)
  const end = FILE_HEADER_BYTES + (lastChunk + 1) * SEALED_CHUNK_BYTES
  return {
    firstChunk,
    lastChunk,
    fileOffset: FILE_HEADER_BYTES + firstChunk * SEALED_CHUNK_BYTES,
    fileEnd: Math.min(end, sealedLength(plaintextLength)),
  }
}

/**
 * The plaintext of `length` bytes from `offset`, given the bytes of the file that {@link locateRange} named. The size is
 * that of the pointer in the body, so a server cannot shorten the file.
 */
export async function openRange(
  keys: FileKeys,
  plaintextLength: number,
  { offset, length }: { offset: number; length: number },
  fetched: Uint8Array,
): Promise<Uint8Array> {
  const range = locateRange(plaintextLength, offset, length)
  exactly(fetched, range.fileEnd - range.fileOffset, 'range')
  const reachesEnd = range.fileEnd === sealedLength(plaintextLength)
  const opened = await openChunks(keys, range.firstChunk, fetched, reachesEnd)
  const start = offset - range.firstChunk * CHUNK_BYTES
  return opened.subarray(start, start + length)
}

async function importKey(key: Uint8Array, usage: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  const imported = await crypto.subtle.importKey('raw', key as OwnBytes, 'AES-GCM', false, [usage])
  wipe(key)
  return imported
}

// The counter is 96 bits, big-endian; a file never needs more than the low 48.
function nonceOf(baseNonce: Uint8Array, index: number): OwnBytes {
  const nonce = new Uint8Array(baseNonce)
  let rest = index
  for (let place = nonce.length - 1; rest > 0; place--) {
    nonce[place]! ^= rest % 256
    rest = Math.floor(rest / 256)
  }
  return nonce
}

async function inBatches(count: number, work: (index: number) => Promise<Uint8Array>): Promise<Uint8Array[]> {
  const done: Uint8Array[] = []
  for (let first = 0; first < count; first += CHUNKS_IN_FLIGHT) {
    const batch = Array.from({ length: Math.min(CHUNKS_IN_FLIGHT, count - first) }, (_, index) => work(first + index))
    done.push(...(await Promise.all(batch)))
  }
  return done
}
