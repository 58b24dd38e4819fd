import { beforeAll, describe, expect, test } from 'bun:test'
import { proveChains } from '../../src/client/chain-proofs.ts'
import type { BundleChain } from '../../src/crypto/history-bundle.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { createChain } from '../../src/crypto/sender-chain.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import { idFromBytes } from '../../src/protocol/ids.ts'
import { newDevice, TestFamily, type TestUser } from '../crypto/family.ts'

beforeAll(() => sodiumReady)

const convId = systemRandom(16)
const family = () => {
  const made = new TestFamily()
  return { made, oma: made.join(), papa: made.join() }
}
/** A chain of this user that is certified with the key of `signer`. */
function chainOf(user: TestUser, signer = user.devices[0]!, klass: 0 | 1 = 0): BundleChain {
  const { deviceId } = user.devices[0]!
  const owner = { userId: user.userId, deviceId, dskSecret: signer.dsk.secretKey }
  const place = { convId, epoch: 2, convHead: systemRandom(32), klass }
  const { chainId, epoch, signingKey, certificate } = createChain(owner, place, { random: systemRandom, now: 0 })
  return { chainId, deviceId, epoch, signingKey, certificate }
}

describe('a chain that somebody hands over', () => {
  test('counts where a device of the key log certified it, also one that ended since', () => {
    const { made, oma, papa } = family()
    const chains = [chainOf(oma), chainOf(papa)]
    made.revoke(papa, papa.devices[0]!)
    const proofs = proveChains(made.log, convId, chains)
    expect([...proofs.keys()]).toEqual(chains.map(({ chainId }) => idFromBytes<never>(chainId)))
    expect([...proofs.values()].map(({ owner }) => owner.userId)).toEqual([oma.userId, papa.userId])
  })

  test('does not where anybody else did, or for another place, epoch, key or kind of message', () => {
    const { made, oma, papa } = family()
    const good = chainOf(papa)
    const wrong = [
      chainOf(papa, oma.devices[0]!),
      chainOf(papa, newDevice()),
      chainOf(papa, papa.devices[0]!, 1),
      { ...good, deviceId: oma.devices[0]!.deviceId },
      { ...good, deviceId: systemRandom(16) },
      { ...good, chainId: systemRandom(16) },
      { ...good, epoch: 3 },
      { ...good, signingKey: chainOf(papa).signingKey },
      { ...good, certificate: systemRandom(64) },
    ]
    expect(proveChains(made.log, convId, wrong).size).toBe(0)
    expect(proveChains(made.log, systemRandom(16), [good]).size).toBe(0)
    expect(proveChains(made.log, convId, [good]).size).toBe(1)
  })
})
