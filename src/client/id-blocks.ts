import { equal } from '../crypto/bytes.ts'

/** Ids of one sealed block of messages, 16 bytes each. */
export type IdBlock = { blockKey: string; ids: Uint8Array; firstWords: Int32Array }

export function idBlock(blockKey: string, ids: Uint8Array): IdBlock {
  const firstWords = new Int32Array(ids.length / 16)
  for (let at = 0; at < firstWords.length; at++) firstWords[at] = firstWord(ids, at * 16)
  return { blockKey, ids, firstWords }
}

/** The block that holds an id, looked for in tens of thousands at every message. */
export function findIdBlock(blocks: readonly IdBlock[], id: Uint8Array): IdBlock | null {
  const word = firstWord(id, 0)
  for (const block of blocks) {
    for (let at = block.firstWords.indexOf(word); at >= 0; at = block.firstWords.indexOf(word, at + 1)) {
      if (equal(block.ids.subarray(at * 16, at * 16 + 16), id)) return block
    }
  }
  return null
}

/** First keys, without `prefix`: of the block that a key belongs to, and of the next one. */
export function neighbours(blocks: readonly IdBlock[], prefix: string, key: string) {
  const firstKeys = blocks.map(({ blockKey }) => blockKey.slice(prefix.length)).sort()
  return {
    below: firstKeys.findLast((firstKey) => firstKey <= key) ?? null,
    above: firstKeys.find((firstKey) => firstKey > key) ?? null,
  }
}

function firstWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
