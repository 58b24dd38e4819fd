import { beforeAll, describe, expect, test } from 'bun:test'
import { openFile } from '../../src/crypto/cobblestone.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { hkdfSha512 } from '../../src/crypto/hkdf-sha512.ts'
import {
  decapsulate,
  decapsulateXwing,
  encapsulate,
  encapsulateXwing,
  generateXwingKeyPair,
} from '../../src/crypto/kem.ts'
import type { KemPublicKey, KemSecretKey } from '../../src/crypto/key-types.ts'
import { generateKemKeyPair } from '../../src/crypto/keys.ts'
import { sodium, sodiumReady } from '../../src/crypto/sodium.ts'
import { hasPublishedVectors, inflate, readPublished } from './published.ts'
import { bytesFrom, hexOf } from './vectors/types.ts'

type Fields = { [field: string]: string } & { tcId: number; size: number }

async function casesOf(file: string): Promise<Fields[]> {
  type Published = { numberOfTests: number; testGroups: { tests: Fields[] }[] }
  const parsed = await readPublished<Published>('wycheproof', file)
  const cases = parsed.testGroups.flatMap((group) => group.tests)
  if (cases.length !== parsed.numberOfTests) throw new Error(`${file}: ${cases.length} of ${parsed.numberOfTests}`)
  return cases
}

/** The outcome in the words of the files: a refusal must be a DecryptionFailed, everything else is a fault of ours. */
async function outcomeOf(work: () => unknown): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DecryptionFailed) return 'invalid'
    throw error
  }
}

beforeAll(() => sodiumReady)

describe.skipIf(!hasPublishedVectors)('published vectors', () => {
  test('ML-KEM-768 encapsulation gives the published ciphertext and secret, and refuses keys that are not canonical', async () => {
    for (const { tcId, ek, m, c, K, result } of await casesOf('mlkem_768_encaps_test.json')) {
      const outcome = await outcomeOf(() => {
        const made = encapsulate(bytesFrom(ek!) as KemPublicKey, () => bytesFrom(m!))
        return `${hexOf(made.ciphertext)} ${hexOf(made.sharedSecret)}`
      })
      expect([tcId, outcome]).toEqual([tcId, result === 'valid' ? `${c} ${K}` : 'invalid'])
    }
  })

  test('ML-KEM-768 pairs come from their seeds', async () => {
    for (const { tcId, seed, ek, dk } of await casesOf('mlkem_768_keygen_seed_test.json')) {
      const pair = generateKemKeyPair(bytesFrom(seed!))
      expect([tcId, hexOf(pair.publicKey), hexOf(pair.secretKey)]).toEqual([tcId, ek!, dk!])
    }
  })

  test('ML-KEM-768 decapsulation from a seed', async () => {
    for (const { tcId, seed, c, K, result } of await casesOf('mlkem_768_test.json')) {
      const isSeed = seed!.length === 128
      const outcome = isSeed
        ? await outcomeOf(() => hexOf(decapsulate(generateKemKeyPair(bytesFrom(seed!)).secretKey, bytesFrom(c!))))
        : await outcomeOf(() => generateKemKeyPair(bytesFrom(seed!)))
      expect([tcId, outcome]).toEqual([tcId, result === 'valid' ? K : 'invalid'])
    }
  })

  test('ML-KEM-768 decapsulation with stored secret keys', async () => {
    // The product makes every secret key itself, from a seed; a stored key that does not belong to its own hash
    // (InvalidDecapsulationKey) cannot occur, and libsodium does not look for it.
    for (const { tcId, dk, c, K, result, flags } of await casesOf('mlkem_768_semi_expanded_decaps_test.json')) {
      if (flags!.includes('InvalidDecapsulationKey')) continue
      const outcome = await outcomeOf(() => hexOf(decapsulate(bytesFrom(dk!) as KemSecretKey, bytesFrom(c!))))
      expect([tcId, outcome]).toEqual([tcId, result === 'valid' ? K : 'invalid'])
    }
  })

  test('X-Wing pairs, encapsulation and decapsulation', async () => {
    const cases = await readPublished<Fields[]>('xwing.json')
    expect(cases.length).toBeGreaterThan(2)
    for (const { seed, eseed, pk, ct, ss } of cases) {
      const pair = generateXwingKeyPair(bytesFrom(seed!))
      const made = encapsulateXwing(pair.publicKey, () => bytesFrom(eseed!))
      expect([hexOf(pair.publicKey), hexOf(made.ciphertext), hexOf(made.sharedSecret)]).toEqual([pk!, ct!, ss!])
      expect(hexOf(decapsulateXwing(pair.secretKey, bytesFrom(ct!)))).toBe(ss!)
    }
  })

  test('Cobblestone-256 files open to the published message or are refused', async () => {
    for (const { tcId, key, ctx, ct, msgSha512, result } of await casesOf(
      'c2sp_chunked_encryption_aes_256_gcm_test.json',
    )) {
      const file = await inflate(bytesFrom(ct!))
      const outcome = await outcomeOf(async () =>
        hexOf(sodium.crypto_hash_sha512(await openFile(bytesFrom(key!), bytesFrom(ctx!), file))),
      )
      expect([tcId, outcome]).toEqual([tcId, result === 'valid' ? msgSha512 : 'invalid'])
    }
  })

  test('HKDF-SHA-512', async () => {
    for (const { tcId, ikm, salt, info, size, okm, result } of await casesOf('hkdf_sha512_test.json')) {
      const derive = () => hexOf(hkdfSha512(bytesFrom(salt!), bytesFrom(ikm!), bytesFrom(info!), size))
      if (result === 'valid') expect([tcId, derive()]).toEqual([tcId, okm!])
      else expect(derive).toThrow(RangeError)
    }
  })
})
