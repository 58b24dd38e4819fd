import { beforeAll, describe, expect, test } from 'bun:test'
import {
  ascii,
  concat,
  fromBase32,
  fromBase64Url,
  fromHex,
  lp16,
  Reader,
  toBase32,
  toBase64Url,
  toHex,
  u8,
  u16,
  u32,
  u64,
} from '../../src/crypto/bytes.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { hkdf, hmacSha256, sha256, sha512 } from '../../src/crypto/hash.ts'
import type { DhPublicKey, DhSecretKey, SigningPublicKey } from '../../src/crypto/key-types.ts'
import { diffieHellman, generateDhKeyPair, generateSigningKeyPair, seedOf, sign } from '../../src/crypto/keys.ts'
import { label } from '../../src/crypto/label.ts'
import { fingerprint, fingerprintDigits } from '../../src/crypto/safety-number.ts'
import { sodium, sodiumReady } from '../../src/crypto/sodium.ts'
import { verifySignature } from '../../src/crypto/verify-signature.ts'

beforeAll(() => sodiumReady)

describe('RFC 7748, X25519', () => {
  test('section 5.2: scalar multiplication', () => {
    const scalar = fromHex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4') as DhSecretKey
    const point = fromHex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c') as DhPublicKey
    expect(toHex(diffieHellman(scalar, point))).toBe('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552')
  })

  test('section 6.1: Bob and Alice agree', () => {
    const alice = fromHex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a') as DhPublicKey
    const bob = generateDhKeyPair(fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'))
    expect(toHex(bob.publicKey)).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
    expect(toHex(diffieHellman(bob.secretKey, alice))).toBe(
      '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    )
  })
})

describe('RFC 8032, Ed25519', () => {
  test('section 7.1: test 2, one byte', () => {
    const pair = generateSigningKeyPair(fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'))
    expect(toHex(pair.publicKey)).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    expect(toHex(sodium.crypto_sign_detached(Uint8Array.of(0x72), pair.secretKey))).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  test('a signature covers its label, its message and its key', () => {
    const pair = generateSigningKeyPair()
    const message = ascii('hello')
    const signature = sign(pair.secretKey, 'auth', message)
    expect(verifySignature(pair.publicKey, 'auth', message, signature)).toBe(true)
    expect(verifySignature(pair.publicKey, 'spk', message, signature)).toBe(false)
    expect(verifySignature(pair.publicKey, 'auth', ascii('hellp'), signature)).toBe(false)
    expect(verifySignature(generateSigningKeyPair().publicKey, 'auth', message, signature)).toBe(false)
    expect(verifySignature(pair.publicKey, 'auth', message, signature.slice(1))).toBe(false)
    expect(toHex(generateSigningKeyPair(seedOf(pair.secretKey)).publicKey)).toBe(toHex(pair.publicKey))
  })

  test('the identity point signs nothing', () => {
    const identity = fromHex(`01${'00'.repeat(31)}`) as SigningPublicKey
    const forged = concat(identity, new Uint8Array(32))
    expect(verifySignature(identity, 'log entry', ascii('anything'), forged)).toBe(false)
  })
})

describe('hashes', () => {
  test('RFC 5869, test case 1', () => {
    const okm = hkdf(
      fromHex('000102030405060708090a0b0c'),
      new Uint8Array(22).fill(0x0b),
      fromHex('f0f1f2f3f4f5f6f7f8f9'),
      42,
    )
    expect(toHex(okm)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865')
  })

  test('RFC 5869, test case 3: no salt, no info', () => {
    const okm = hkdf(new Uint8Array(0), new Uint8Array(22).fill(0x0b), new Uint8Array(0), 42)
    expect(toHex(okm)).toBe('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8')
  })

  test('RFC 4231, test case 6: a key longer than a block', () => {
    const tag = hmacSha256(
      new Uint8Array(131).fill(0xaa),
      ascii('Test Using Larger Than Block-Size Key - Hash Key First'),
    )
    expect(toHex(tag)).toBe('60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54')
  })

  test('FIPS 180-4: "abc"', () => {
    expect(toHex(sha256(ascii('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(toHex(sha512(ascii('abc')))).toStartWith('ddaf35a193617abacc417349ae204131')
  })
})

test("the numeric fingerprint gives libsignal's known answer (33-byte keys, telephone numbers as ids)", () => {
  const alice = fromHex('0506863bc66d02b40d27b8d49ca7c09e9239236f9d7d25d6fcca5ce13c7064d868')
  const bob = fromHex('05f781b6fb32fed9ba1cf2de978d4d5da28dc34046ae814402b5c0dbd96fda907b')
  expect(fingerprintDigits(fingerprint(alice, ascii('+14152222222')))).toBe('300354477692869396892869876765')
  expect(fingerprintDigits(fingerprint(bob, ascii('+14153333333')))).toBe('458257569162576843440918079131')
  expect(toHex(fingerprint(alice, ascii('+14152222222')).slice(0, 32))).toBe(
    '1e301a0353dce3dbe7684cb8336e85136cdc0ee96219494ada305d62a7bd61df',
  )
})

describe('bytes', () => {
  test('RFC 4648: base64url and base32 without padding', () => {
    const pairs = [
      ['', '', ''],
      ['f', 'Zg', 'MY'],
      ['fo', 'Zm8', 'MZXQ'],
      ['foo', 'Zm9v', 'MZXW6'],
      ['foob', 'Zm9vYg', 'MZXW6YQ'],
      ['fooba', 'Zm9vYmE', 'MZXW6YTB'],
      ['foobar', 'Zm9vYmFy', 'MZXW6YTBOI'],
    ] as const
    for (const [text, base64, base32] of pairs) {
      expect(toBase64Url(ascii(text))).toBe(base64)
      expect(toBase32(ascii(text))).toBe(base32)
      expect(fromBase64Url(base64)).toEqual(ascii(text))
      expect(fromBase32(base32)).toEqual(ascii(text))
    }
  })

  test('each byte string has one text only', () => {
    for (const text of ['Zg==', 'Zh', 'Z', 'Zm9vA', 'Zm 9', 'Zm+v', 'Zm/v']) {
      expect(() => fromBase64Url(text), text).toThrow(DecryptionFailed)
    }
    for (const text of ['MZ', 'M', 'MY======', 'my', 'M1', 'MZX', 'MZXW6A']) {
      expect(() => fromBase32(text), text).toThrow(DecryptionFailed)
    }
    for (const text of ['0', 'AB', '0g', ' 00']) expect(() => fromHex(text), text).toThrow(DecryptionFailed)
  })

  test('integers are big-endian and never wrap', () => {
    expect(toHex(concat(u8(1), u16(2), u32(3), u64(2 ** 53 - 1)))).toBe('01000200000003001fffffffffffff')
    for (const write of [() => u8(256), () => u16(65536), () => u32(-1), () => u64(2 ** 53), () => u8(0.5)]) {
      expect(write).toThrow(RangeError)
    }
    expect(() => new Reader(fromHex('0020000000000000')).u64()).toThrow(DecryptionFailed)
    expect(new Reader(fromHex('001fffffffffffff')).u64()).toBe(2 ** 53 - 1)
  })

  test('a reader gives copies and refuses too little and too much', () => {
    const source = lp16(ascii('abc'))
    const reader = new Reader(source)
    const taken = reader.lp16()
    source.fill(0)
    expect(taken).toEqual(ascii('abc'))
    expect(() => reader.u8()).toThrow(DecryptionFailed)
    expect(() => new Reader(Uint8Array.of(1, 2)).take(3)).toThrow(DecryptionFailed)
    expect(() => new Reader(Uint8Array.of(1)).end()).toThrow(DecryptionFailed)
  })

  test('a label is ASCII behind the name of the protocol', () => {
    expect(label('dm')).toEqual(ascii('TralliValli/1 dm'))
  })
})
