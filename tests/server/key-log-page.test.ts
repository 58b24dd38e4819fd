import { expect, test } from 'bun:test'
import { leafHash, MerkleTree } from '../../src/crypto/verify.ts'
import type { LogPage } from '../../src/protocol/devices.ts'
import { fromBase64Url, toBase64Url } from '../../src/protocol/ids.ts'
import { startApp } from '../support/app.ts'
import { foundHome, inviteMember } from '../support/newcomer.ts'

const rootAt = { begin: 40, end: 72 }

function rootOf(page: LogPage): string {
  let tree = new MerkleTree()
  for (const entry of page.entries) tree = append(tree, fromBase64Url(entry)!)
  return toBase64Url(tree.root())
}

function append(tree: MerkleTree, entry: Uint8Array): MerkleTree {
  tree.append(leafHash(entry))
  return tree
}

test('a page of the log never holds an entry that its own head does not cover, however busy the log is', async () => {
  await using running = await startApp()
  const oma = await foundHome(running)
  let isDone = false
  const reading = (async () => {
    let pages = 0
    while (!isDone) {
      const { treeHead, entries } = await running.context.keyLog.readWhole()
      const signed = toBase64Url(fromBase64Url(treeHead)!.subarray(rootAt.begin, rootAt.end))
      expect(rootOf({ treeHead, entries })).toBe(signed)
      const page = await running.context.keyLog.readPage(0)
      expect(page.entries.length).toBeGreaterThanOrEqual(2)
      expect(rootOf(page)).toBe(toBase64Url(fromBase64Url(page.treeHead)!.subarray(rootAt.begin, rootAt.end)))
      pages++
      await new Promise((resolve) => setImmediate(resolve))
    }
    return pages
  })()
  for (const name of ['papa', 'mama', 'kid']) await inviteMember(oma, name)
  isDone = true
  expect(await reading).toBeGreaterThan(10)
})
