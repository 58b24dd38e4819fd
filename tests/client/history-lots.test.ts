import { expect, test } from 'bun:test'
import { HistoryLots } from '../../src/client/history-lots.ts'
import {
  type BundleChain,
  encodeHistoryBundle,
  type HistoryBundle,
  parseHistoryBundle,
} from '../../src/crypto/history-bundle.ts'
import type { ChainPublicKey } from '../../src/crypto/key-types.ts'
import { systemRandom } from '../../src/crypto/random.ts'

const key = systemRandom(32)
const message = () => ({ msgId: systemRandom(16), messageKey: key, bodyHash: key })
const chain = (): BundleChain => ({
  ...{ chainId: systemRandom(16), deviceId: key.slice(0, 16), epoch: 1, signingKey: key as ChainPublicKey },
  certificate: new Uint8Array(64),
})

/** The bundles that these messages become, each as a newcomer reads it. */
function cut(count: number, chainOf: (at: number) => BundleChain): HistoryBundle[] {
  const lots = new HistoryLots()
  const bundles: (HistoryBundle | null)[] = []
  for (let at = 0; at < count; at++) bundles.push(lots.add(message(), chainOf(at)))
  bundles.push(lots.take())
  return bundles.filter((bundle) => bundle !== null).map((bundle) => parseHistoryBundle(encodeHistoryBundle(bundle)))
}

test('history of more chains than one bundle holds goes in several, each with the chains of its messages', () => {
  const bundles = cut(10_003, chain)
  expect(bundles.map(({ messages, chains }) => [messages.length, chains.length])).toEqual([
    [10_000, 10_000],
    [3, 3],
  ])
})

test('history of more messages than one bundle holds goes in several, and nothing is lost or sent twice', () => {
  const only = chain()
  const bundles = cut(50_001, () => only)
  expect(bundles.map(({ messages, chains }) => [messages.length, chains.length])).toEqual([
    [50_000, 1],
    [1, 1],
  ])
  const ids = bundles.flatMap(({ messages }) => messages.map(({ msgId }) => Buffer.from(msgId).toString('hex')))
  expect(new Set(ids).size).toBe(50_001)
})

test('no history is no bundle', () => {
  expect(cut(0, chain)).toEqual([])
})
