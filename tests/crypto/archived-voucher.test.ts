import { beforeAll, describe, expect, test } from 'bun:test'
import { openVoucherRow, sealVoucherRow, VOUCHER_ROW_BYTES } from '../../src/crypto/archived-voucher.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { type BundleChain, encodeBundleChain } from '../../src/crypto/history-bundle.ts'
import type { ChainPublicKey } from '../../src/crypto/key-types.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'

beforeAll(() => sodiumReady)

const id = () => systemRandom(16)
const archiveKey = { epoch: 7, key: systemRandom(32) }
const chain: BundleChain = {
  ...{ chainId: id(), deviceId: id(), epoch: 3, signingKey: systemRandom(32) as ChainPublicKey },
  certificate: systemRandom(64),
}
const place = { userId: id(), convId: id(), chainId: chain.chainId }
/** Runs it; anything thrown but DecryptionFailed goes through. */
async function isRefused(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return false
  } catch (error) {
    if (error instanceof DecryptionFailed) return true
    throw error
  }
}
const seal = () => sealVoucherRow(archiveKey, place, chain, systemRandom)

describe('an archived voucher', () => {
  test('opens to the chain it was made of, and is never the same twice', async () => {
    const [row, again] = [await seal(), await seal()]
    expect(row).toHaveLength(VOUCHER_ROW_BYTES)
    expect(encodeBundleChain(chain)).toHaveLength(132)
    expect(row).not.toEqual(again)
    expect(await openVoucherRow(archiveKey, place, row)).toEqual(chain)
  })

  test('opens for no other person, conversation, chain or epoch, and under no other key', async () => {
    const row = await seal()
    for (const name of ['userId', 'convId', 'chainId'])
      expect([name, await isRefused(openVoucherRow(archiveKey, { ...place, [name]: id() }, row))]).toEqual([name, true])
    expect(await isRefused(openVoucherRow({ ...archiveKey, epoch: 8 }, place, row))).toBe(true)
    expect(await isRefused(openVoucherRow({ ...archiveKey, key: systemRandom(32) }, place, row))).toBe(true)
  })

  test('opens with no bit flipped, cut off or added', async () => {
    const row = await seal()
    for (let at = 0; at < row.length; at++) {
      const flipped = row.with(at, row[at]! ^ (1 << (at % 8)))
      expect([at, await isRefused(openVoucherRow(archiveKey, place, flipped))]).toEqual([at, true])
    }
    for (const other of [row.slice(1), row.slice(0, -1), new Uint8Array([...row, 0]), new Uint8Array()])
      expect(await isRefused(openVoucherRow(archiveKey, place, other))).toBe(true)
  })

  test('is not made under the name of another chain', async () => {
    expect(await isRefused(sealVoucherRow(archiveKey, { ...place, chainId: id() }, chain, systemRandom))).toBe(true)
  })
})
