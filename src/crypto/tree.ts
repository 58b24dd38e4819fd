import { concat, equal, exactly, u8 } from './bytes.ts'
import { insist } from './errors.ts'
import { sha256 } from './hash.ts'

// The Merkle tree of RFC 9162 section 2 over all entries of the key log.

const LEAF = u8(0)
const NODE = u8(1)

/** Root of no entries: H(""). */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0))
}

/** H(00 || entry), 32 bytes. */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(concat(LEAF, entry))
}

/** H(01 || left || right), 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(NODE, left, right))
}

/**
 * A growing tree that remembers the roots of all its pasts. `levels[h][i]` is the hash of the i-th complete subtree of
 * 2^h leaves: 64 bytes an entry, one or two hashes an append, and rootAt(k) for any k in at most log2(k) hashes.
 */
export class MerkleTree {
  readonly #levels: Uint8Array[][] = [[]]

  constructor(leafHashes: Iterable<Uint8Array> = []) {
    for (const hash of leafHashes) this.append(hash)
  }

  get size(): number {
    return this.#levels[0]!.length
  }

  /** Adds the leaf hash (32 bytes) of the next entry. */
  append(hash: Uint8Array): void {
    let node = exactly(hash, 32, 'leaf hash')
    for (let height = 0; ; height++) {
      const level = this.#levels[height] ?? []
      this.#levels[height] = level
      level.push(node)
      if (level.length % 2 === 1) return
      node = nodeHash(level[level.length - 2]!, node)
    }
  }

  /** Root over everything. */
  root(): Uint8Array {
    return this.rootAt(this.size)
  }

  /** Root over the first `size` leaves; a size beyond the tree is a RangeError. */
  rootAt(size: number): Uint8Array {
    if (!Number.isInteger(size) || size < 0 || size > this.size) throw new RangeError('tree is not that large')
    let root: Uint8Array | null = null
    let end = size
    // From the smallest complete subtree (rightmost) to the largest: each older one goes to the left.
    for (let height = 0, width = 1; width <= size; height++, width *= 2) {
      if (Math.floor(end / width) % 2 === 0) continue
      const subtree = this.#levels[height]![end / width - 1]!
      root = root === null ? subtree : nodeHash(subtree, root)
      end -= width
    }
    return root ?? emptyRoot()
  }

  /** All leaf hashes, to be kept and given to the constructor again. */
  leafHashes(): readonly Uint8Array[] {
    return this.#levels[0]!
  }

  /** A tree of its own with the same leaves. */
  clone(): MerkleTree {
    const copy = new MerkleTree()
    this.#levels.forEach((level, height) => {
      copy.#levels[height] = [...level]
    })
    return copy
  }
}

/** Root over these leaf hashes. */
export function rootOf(leafHashes: Iterable<Uint8Array>): Uint8Array {
  return new MerkleTree(leafHashes).root()
}

function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isOdd(value: number): boolean {
  return value % 2 === 1
}

function half(value: number): number {
  return Math.floor(value / 2)
}

/** Claim that a leaf is at `index` of the tree of `size` leaves. */
export interface InclusionClaim {
  index: number
  size: number
  leafHash: Uint8Array
  root: Uint8Array
}

/** Throws DecryptionFailed unless the proof shows the claim (RFC 9162, 2.1.3.2). */
export function checkInclusion({ index, size, leafHash: leaf, root }: InclusionClaim, proof: Uint8Array[]): void {
  insist(isIndex(index) && isIndex(size) && index < size, 'inclusion: index')
  let node = exactly(leaf, 32)
  let position = index
  let last = size - 1
  for (const sibling of proof) {
    exactly(sibling, 32)
    insist(last > 0, 'inclusion: proof too long')
    if (isOdd(position) || position === last) {
      node = nodeHash(sibling, node)
      while (!isOdd(position) && position > 0) {
        position = half(position)
        last = half(last)
      }
    } else node = nodeHash(node, sibling)
    position = half(position)
    last = half(last)
  }
  insist(last === 0 && equal(node, root), 'inclusion: root')
}

/** Claim that the tree of `newSize` leaves begins with the tree of `oldSize` leaves. */
export interface ConsistencyClaim {
  oldSize: number
  oldRoot: Uint8Array
  newSize: number
  newRoot: Uint8Array
}

/** Throws DecryptionFailed unless the proof shows the claim (RFC 9162, 2.1.4.2). Size 0 shows nothing and is refused. */
export function checkConsistency(claim: ConsistencyClaim, proof: Uint8Array[]): void {
  const { oldSize, oldRoot, newSize, newRoot } = claim
  insist(isIndex(oldSize) && isIndex(newSize) && 0 < oldSize && oldSize <= newSize, 'consistency: sizes')
  if (oldSize === newSize) {
    insist(proof.length === 0, 'consistency: proof not empty')
    insist(equal(oldRoot, newRoot), 'consistency: root')
    return
  }
  insist(proof.length > 0, 'consistency: empty proof')
  checkPath(claim, proof)
}

function checkPath({ oldSize, oldRoot, newSize, newRoot }: ConsistencyClaim, proof: Uint8Array[]): void {
  let position = oldSize - 1
  let last = newSize - 1
  while (isOdd(position)) {
    position = half(position)
    last = half(last)
  }
  // An old tree of 2^k leaves is itself a node of the new one: its root is the first, unsent part of the path.
  const [start, ...siblings] = position === 0 ? [oldRoot, ...proof] : proof
  let oldNode = exactly(start!, 32)
  let newNode = oldNode
  for (const sibling of siblings) {
    exactly(sibling, 32)
    insist(last > 0, 'consistency: proof too long')
    if (isOdd(position) || position === last) {
      oldNode = nodeHash(sibling, oldNode)
      newNode = nodeHash(sibling, newNode)
      while (!isOdd(position) && position > 0) {
        position = half(position)
        last = half(last)
      }
    } else newNode = nodeHash(newNode, sibling)
    position = half(position)
    last = half(last)
  }
  insist(last === 0 && equal(oldNode, oldRoot) && equal(newNode, newRoot), 'consistency: root')
}
