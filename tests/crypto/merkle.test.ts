import { beforeAll, describe, expect, test } from 'bun:test'
import { concat } from '../../src/crypto/bytes.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import { checkConsistency, checkInclusion, leafHash, MerkleTree, nodeHash, rootOf } from '../../src/crypto/tree.ts'
import { hasPublishedVectors, listPublished, readPublished } from './published.ts'
import { bytesFrom, hexOf } from './vectors/types.ts'

interface Inclusion {
  leafIdx: number
  treeSize: number
  root: string
  leafHash: string
  proof: string[] | null
  desc: string
  wantErr: boolean
}
interface Consistency {
  size1: number
  size2: number
  root1: string
  root2: string
  proof: string[] | null
  desc: string
  wantErr: boolean
}

function decode(text: string | null): Uint8Array {
  return Uint8Array.from(atob(text ?? ''), (character) => character.charCodeAt(0))
}

async function readAll<Case>(kind: string): Promise<{ path: string; one: Case }[]> {
  const paths = await listPublished('merkle', kind)
  return Promise.all(paths.map(async (path) => ({ path, one: await readPublished<Case>('merkle', kind, path) })))
}

beforeAll(() => sodiumReady)

function expectVerdict(path: string, wantErr: boolean, check: () => void): void {
  if (wantErr) expect(check, path).toThrow(DecryptionFailed)
  else expect(check, path).not.toThrow()
}

describe.skipIf(!hasPublishedVectors)('published Merkle proofs', () => {
  test('inclusion: the genuine ones hold, each spoiled one is refused', async () => {
    const all = await readAll<Inclusion>('inclusion')
    expect(all.filter(({ one }) => !one.wantErr).length).toBeGreaterThan(4)
    expect(all.filter(({ one }) => one.wantErr).length).toBeGreaterThan(50)
    for (const { path, one } of all) {
      const claim = {
        index: one.leafIdx,
        size: one.treeSize,
        leafHash: decode(one.leafHash),
        root: decode(one.root),
      }
      expectVerdict(path, one.wantErr, () => checkInclusion(claim, (one.proof ?? []).map(decode)))
    }
  })

  test('consistency: the genuine ones hold, each spoiled one is refused', async () => {
    const all = await readAll<Consistency>('consistency')
    expect(all.filter(({ one }) => !one.wantErr).length).toBeGreaterThan(4)
    expect(all.filter(({ one }) => one.wantErr).length).toBeGreaterThan(50)
    for (const { path, one } of all) {
      const claim = {
        oldSize: one.size1,
        newSize: one.size2,
        oldRoot: decode(one.root1),
        newRoot: decode(one.root2),
      }
      expectVerdict(path, one.wantErr, () => checkConsistency(claim, (one.proof ?? []).map(decode)))
    }
  })
})

// RFC 9162 section 2.1.1 as it is written, to compare the incremental tree with.
function plainRoot(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return nodeHash(plainRoot(leaves.slice(0, split)), plainRoot(leaves.slice(split)))
}

describe('the tree', () => {
  test('of nothing has the hash of nothing as its root', () => {
    expect(hexOf(new MerkleTree().root())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  test('knows the root of each of its pasts', () => {
    const leaves = Array.from({ length: 70 }, (_, index) => leafHash(Uint8Array.of(index)))
    const tree = new MerkleTree(leaves)
    for (let size = 1; size <= leaves.length; size++) {
      expect(hexOf(tree.rootAt(size))).toBe(hexOf(plainRoot(leaves.slice(0, size))))
    }
    expect(() => tree.rootAt(71)).toThrow(RangeError)
    expect(() => tree.rootAt(-1)).toThrow(RangeError)
  })

  test('and its clone grow apart', () => {
    const leaves = Array.from({ length: 5 }, (_, index) => leafHash(Uint8Array.of(index)))
    const tree = new MerkleTree(leaves)
    const copy = tree.clone()
    copy.append(leafHash(Uint8Array.of(9)))
    expect(tree.size).toBe(5)
    expect(hexOf(tree.root())).toBe(hexOf(rootOf(leaves)))
    expect(hexOf(copy.root())).toBe(hexOf(rootOf([...leaves, leafHash(Uint8Array.of(9))])))
  })

  test('tells a leaf from a node of the same bytes', () => {
    const [left, right] = [leafHash(bytesFrom('00')), leafHash(bytesFrom('01'))]
    expect(hexOf(leafHash(concat(left, right)))).not.toBe(hexOf(nodeHash(left, right)))
  })
})
