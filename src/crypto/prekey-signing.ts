import type { DeviceSecretKey, DhPublicKey, DhSecretKey, KemPublicKey, KemSecretKey } from './key-types.ts'
import { generateDhKeyPair, generateKemKeyPair, sign } from './keys.ts'
import type { Prekey, PrekeyKind, PrekeyOwner, SignedPrekey } from './prekeys.ts'
import { prekeyMessage } from './prekeys.ts'
import type { RandomSource } from './random.ts'
import { systemRandom } from './random.ts'

/** Who makes prekeys, and with what. */
export interface PrekeyMaker extends PrekeyOwner {
  dskSecret: DeviceSecretKey
  random?: RandomSource
}

/** A signed X25519 prekey with its secret half. */
export type OwnSignedPrekey = SignedPrekey<DhPublicKey> & { secretKey: DhSecretKey }
/** A signed ML-KEM-768 prekey (last resort or one-time) with its secret half. */
export type OwnKemPrekey = SignedPrekey<KemPublicKey> & { secretKey: KemSecretKey }
/** A one-time X25519 prekey: not signed, its private half is deleted on use. */
export interface OwnOneTimePrekey {
  id: number
  publicKey: DhPublicKey
  secretKey: DhSecretKey
}

/** The prekey with its signature. */
export function signPrekey<Public extends Uint8Array>(
  kind: PrekeyKind,
  maker: PrekeyMaker,
  prekey: Prekey<Public>,
): SignedPrekey<Public> {
  const { id, createdAt, publicKey } = prekey
  return { id, createdAt, publicKey, signature: sign(maker.dskSecret, kind, prekeyMessage(kind, maker, prekey)) }
}

/** A fresh SPK. */
export function makeSignedPrekey(maker: PrekeyMaker, id: number, createdAt: number): OwnSignedPrekey {
  const { publicKey, secretKey } = generateDhKeyPair((maker.random ?? systemRandom)(32))
  return { ...signPrekey('spk', maker, { id, createdAt, publicKey }), secretKey }
}

/** A fresh KEM prekey; the last resort and the one-time ones share one id space. */
export function makeKemPrekey(maker: PrekeyMaker, id: number, createdAt: number): OwnKemPrekey {
  const { publicKey, secretKey } = generateKemKeyPair((maker.random ?? systemRandom)(64))
  return { ...signPrekey('kem-prekey', maker, { id, createdAt, publicKey }), secretKey }
}

/** `count` fresh one-time prekeys, the first with id `firstId`. */
export function makeOneTimePrekeys(
  firstId: number,
  count: number,
  random: RandomSource = systemRandom,
): OwnOneTimePrekey[] {
  if (firstId < 1) throw new RangeError('prekey ids start at 1')
  return Array.from({ length: count }, (_, index) => ({ id: firstId + index, ...generateDhKeyPair(random(32)) }))
}
