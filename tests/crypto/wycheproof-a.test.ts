import { beforeAll, describe, expect, test } from 'bun:test'
import { open, seal } from '../../src/crypto/aead.ts'
import { isZero } from '../../src/crypto/bytes.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { hkdf, hmacSha256 } from '../../src/crypto/hash.ts'
import type { DhPublicKey, DhSecretKey } from '../../src/crypto/key-types.ts'
import { diffieHellman } from '../../src/crypto/keys.ts'
import { sodium, sodiumReady } from '../../src/crypto/sodium.ts'
import { hasPublishedVectors, readPublished } from './published.ts'
import { bytesFrom, hexOf } from './vectors/types.ts'

interface Wycheproof<Group, Case> {
  testGroups: (Group & {
    tests: (Case & { tcId: number; comment: string; result: 'valid' | 'invalid' | 'acceptable' })[]
  })[]
}

async function readGroups<Group, Case>(name: string) {
  return (await readPublished<Wycheproof<Group, Case>>('wycheproof', name)).testGroups
}

beforeAll(() => sodiumReady)

describe.skipIf(!hasPublishedVectors)('Wycheproof', () => {
  test('X25519 gives the shared secret, and refuses every key of small order', async () => {
    const groups = await readGroups<object, { public: string; private: string; shared: string }>('x25519_test.json')
    let agreed = 0
    let refused = 0
    for (const one of groups.flatMap((group) => group.tests)) {
      const shared = bytesFrom(one.shared)
      const agree = () => diffieHellman(bytesFrom(one.private) as DhSecretKey, bytesFrom(one.public) as DhPublicKey)
      if (isZero(shared)) {
        expect(agree, `case ${one.tcId}`).toThrow(DecryptionFailed)
        refused++
      } else {
        expect(hexOf(agree()), `case ${one.tcId}`).toBe(one.shared)
        agreed++
      }
    }
    expect(agreed).toBeGreaterThan(400)
    expect(refused).toBeGreaterThan(5)
  })

  test('Ed25519 takes exactly the valid signatures', async () => {
    type Group = { publicKey: { pk: string } }
    const groups = await readGroups<Group, { msg: string; sig: string }>('ed25519_test.json')
    let valid = 0
    let invalid = 0
    for (const group of groups) {
      for (const one of group.tests) {
        const signature = bytesFrom(one.sig)
        const accepted =
          signature.length === 64 &&
          sodium.crypto_sign_verify_detached(signature, bytesFrom(one.msg), bytesFrom(group.publicKey.pk))
        expect(accepted, `case ${one.tcId}: ${one.comment}`).toBe(one.result === 'valid')
        if (accepted) valid++
        else invalid++
      }
    }
    expect(valid).toBeGreaterThan(50)
    expect(invalid).toBeGreaterThan(30)
  })

  test('HMAC-SHA-256 with keys of every length', async () => {
    type Case = { key: string; msg: string; tag: string }
    const groups = await readGroups<{ tagSize: number }, Case>('hmac_sha256_test.json')
    let ran = 0
    for (const group of groups) {
      for (const one of group.tests) {
        const tag = hexOf(hmacSha256(bytesFrom(one.key), bytesFrom(one.msg)).slice(0, group.tagSize / 8))
        expect(tag === one.tag, `case ${one.tcId}`).toBe(one.result === 'valid')
        ran++
      }
    }
    expect(ran).toBeGreaterThan(100)
  })

  test('HKDF-SHA-256, and no more than 255 blocks', async () => {
    type Case = { ikm: string; salt: string; info: string; size: number; okm: string }
    const groups = await readGroups<object, Case>('hkdf_sha256_test.json')
    let ran = 0
    for (const one of groups.flatMap((group) => group.tests)) {
      const derive = () => hkdf(bytesFrom(one.salt), bytesFrom(one.ikm), bytesFrom(one.info), one.size)
      if (one.result === 'invalid') expect(derive, `case ${one.tcId}`).toThrow(RangeError)
      else expect(hexOf(derive()), `case ${one.tcId}`).toBe(one.okm)
      ran++
    }
    expect(ran).toBeGreaterThan(80)
  })

  test('AES-256-GCM seals as published and opens nothing that was changed', async () => {
    type Group = { keySize: number; ivSize: number; tagSize: number }
    type Case = { key: string; iv: string; aad: string; msg: string; ct: string; tag: string }
    const groups = await readGroups<Group, Case>('aes_gcm_test.json')
    const ours = groups.filter((group) => group.keySize === 256 && group.ivSize === 96 && group.tagSize === 128)
    let opened = 0
    let refused = 0
    for (const one of ours.flatMap((group) => group.tests)) {
      const context = { key: bytesFrom(one.key), iv: bytesFrom(one.iv), aad: bytesFrom(one.aad) }
      const sealed = bytesFrom(one.ct + one.tag)
      if (one.result === 'invalid') {
        await expect(open(context, sealed), `case ${one.tcId}`).rejects.toThrow(DecryptionFailed)
        refused++
      } else {
        expect(hexOf(await open(context, sealed)), `case ${one.tcId}`).toBe(one.msg)
        expect(hexOf(await seal(context, bytesFrom(one.msg))), `case ${one.tcId}`).toBe(one.ct + one.tag)
        opened++
      }
    }
    expect(opened).toBeGreaterThan(30)
    expect(refused).toBeGreaterThan(20)
  })
})
