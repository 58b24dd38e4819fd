import { open, seal } from './aead.ts'
import { ascii, concat, equal, fromHex, toHex } from './bytes.ts'
import { DecryptionFailed } from './errors.ts'
import { hkdf, sha256 } from './hash.ts'
import type { DhPublicKey, DhSecretKey, SigningPublicKey } from './key-types.ts'
import { diffieHellman, generateKemKeyPair, generateSigningKeyPair, verifySignature } from './keys.ts'
import { sodium, sodiumReady } from './sodium.ts'

function expectHex(what: string, got: Uint8Array, wanted: string): void {
  if (toHex(got) !== wanted) throw new Error(`self-test of the cryptography failed: ${what}`)
}

/**
 * A few milliseconds of known answers, to be run before a device touches its keys: a damaged download, a broken engine
 * or one that accepts the forged signature of the identity point must stop here. Throws an Error that names the part.
 */
export async function runSelfTest(): Promise<void> {
  await sodiumReady
  checkHashes()
  checkCurves()
  checkKem()
  await checkAead()
}

// FIPS 180-4 "abc"; RFC 5869 test case 1.
function checkHashes(): void {
  expectHex('SHA-256', sha256(ascii('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expectHex(
    'HKDF',
    hkdf(fromHex('000102030405060708090a0b0c'), new Uint8Array(22).fill(0x0b), fromHex('f0f1f2f3f4f5f6f7f8f9'), 42),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  )
}

// RFC 7748 section 5.2; RFC 8032 section 7.1 test 2; and the key of small order that WebCrypto lets sign anything.
function checkCurves(): void {
  const scalar = fromHex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4') as DhSecretKey
  const point = fromHex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c') as DhPublicKey
  const shared = diffieHellman(scalar, point)
  expectHex('X25519', shared, 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552')
  const pair = generateSigningKeyPair(fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'))
  expectHex(
    'Ed25519',
    sodium.crypto_sign_detached(Uint8Array.of(0x72), pair.secretKey),
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  )
  const identity = concat(Uint8Array.of(1), new Uint8Array(31)) as SigningPublicKey
  const isForged = verifySignature(identity, 'log entry', ascii('x'), concat(identity, new Uint8Array(32)))
  if (isForged) throw new Error('self-test of the cryptography failed: a key of small order was accepted')
}

function checkKem(): void {
  const { publicKey, secretKey } = generateKemKeyPair(new Uint8Array(64).fill(1))
  const sent = sodium.crypto_kem_mlkem768_enc(publicKey)
  const received = sodium.crypto_kem_mlkem768_dec(sent.ciphertext, secretKey)
  if (!equal(sent.sharedSecret, received)) throw new Error('self-test of the cryptography failed: ML-KEM-768')
}

// The published test case 14 of GCM: everything zero.
async function checkAead(): Promise<void> {
  const context = { key: new Uint8Array(32), iv: new Uint8Array(12), aad: new Uint8Array(0) }
  const sealed = await seal(context, new Uint8Array(16))
  expectHex('AES-256-GCM', sealed, 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919')
  sealed[0]! ^= 1
  const refused = await open(context, sealed).then(
    () => false,
    (error) => error instanceof DecryptionFailed,
  )
  if (!refused) throw new Error('self-test of the cryptography failed: a changed ciphertext was opened')
}
