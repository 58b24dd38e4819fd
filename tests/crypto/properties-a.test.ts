import { beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { open, openWithIv, seal, sealWithRandomIv } from '../../src/crypto/aead.ts'
import {
  ascii,
  concat,
  fromBase32,
  fromBase64Url,
  fromHex,
  toBase32,
  toBase64Url,
  toHex,
} from '../../src/crypto/bytes.ts'
import { encodeUnsignedConversationEntry, parseConversationEntry } from '../../src/crypto/conversation-log.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { hkdf } from '../../src/crypto/hash.ts'
import {
  checkInviteMac,
  encodeInviteLink,
  formatInviteLink,
  inviteMac,
  openInviteCard,
  parseInviteLink,
  sealInviteCard,
} from '../../src/crypto/invite.ts'
import { encodeUnsignedLogEntry, parseLogEntry } from '../../src/crypto/key-log.ts'
import { admitEntry, EMPTY_KEY_LOG } from '../../src/crypto/key-log-validator.ts'
import type { RootPublicKey } from '../../src/crypto/key-types.ts'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { checkLogin } from '../../src/crypto/login.ts'
import { signLogin } from '../../src/crypto/login-signing.ts'
import { padBody, paddedLength, unpadBody } from '../../src/crypto/padding.ts'
import { makeKemPrekey, makeOneTimePrekeys, makeSignedPrekey } from '../../src/crypto/prekey-signing.ts'
import { checkPrekey } from '../../src/crypto/prekeys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { checkSafetyQr, encodeSafetyQr } from '../../src/crypto/safety-number.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'
import { checkSth, isFreshHead } from '../../src/crypto/sth.ts'
import { signSth } from '../../src/crypto/sth-signing.ts'
import { emptyRoot } from '../../src/crypto/tree.ts'
import { signNext, TestFamily } from './family.ts'

beforeAll(() => sodiumReady)

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const anyBytes = fc.uint8Array({ maxLength: 400 })

/** Runs it; anything thrown but DecryptionFailed goes through. */
function isRefused(attempt: () => unknown): boolean {
  try {
    attempt()
    return false
  } catch (error) {
    if (error instanceof DecryptionFailed) return true
    throw error
  }
}

async function isRefusedLater(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => false,
    (error) => {
      if (error instanceof DecryptionFailed) return true
      throw error
    },
  )
}

function flipBit(source: Uint8Array, bit: number): Uint8Array {
  const flipped = source.slice()
  flipped[Math.floor(bit / 8) % source.length]! ^= 1 << (bit % 8)
  return flipped
}

describe('texts', () => {
  test('every byte string has one spelling, and comes back from it', () => {
    fc.assert(
      fc.property(anyBytes, (source) => {
        expect(fromHex(toHex(source))).toEqual(source)
        expect(fromBase64Url(toBase64Url(source))).toEqual(source)
        expect(fromBase32(toBase32(source))).toEqual(source)
        const standard = btoa(String.fromCharCode(...source))
          .replaceAll('+', '-')
          .replaceAll('/', '_')
        expect(toBase64Url(source)).toBe(standard.replace(/=+$/, ''))
      }),
    )
  })

  test('whatever is accepted is spelled the same again', () => {
    const spelling = fc.string({ unit: fc.constantFrom(...'AZaz09-_+/= 2hg'), maxLength: 12 })
    fc.assert(
      fc.property(spelling, (text) => {
        for (const [read, write] of [
          [fromHex, toHex],
          [fromBase64Url, toBase64Url],
          [fromBase32, toBase32],
        ] as const) {
          if (!isRefused(() => read(text))) expect(write(read(text))).toBe(text)
        }
      }),
    )
  })
})

describe('AES-256-GCM', () => {
  test('opens what was sealed, and nothing with one bit changed anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(32), bytes(12), anyBytes, anyBytes, fc.nat(), async (key, iv, aad, plaintext, bit) => {
        const sealed = await seal({ key, iv, aad }, plaintext)
        expect(sealed.length).toBe(plaintext.length + 16)
        expect(await open({ key, iv, aad }, sealed)).toEqual(plaintext)
        expect(await isRefusedLater(open({ key, iv, aad }, flipBit(sealed, bit)))).toBe(true)
        expect(await isRefusedLater(open({ key: flipBit(key, bit), iv, aad }, sealed))).toBe(true)
        expect(await isRefusedLater(open({ key, iv: flipBit(iv, bit), aad }, sealed))).toBe(true)
        if (aad.length > 0) expect(await isRefusedLater(open({ key, iv, aad: flipBit(aad, bit) }, sealed))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('anything shorter than iv and tag is refused', async () => {
    const key = systemRandom(32)
    const aad = new Uint8Array(0)
    const sealed = await sealWithRandomIv({ key, aad, random: systemRandom }, new Uint8Array(0))
    for (let length = 0; length < sealed.length; length++) {
      expect(await isRefusedLater(openWithIv({ key, aad }, sealed.slice(0, length)))).toBe(true)
    }
    expect(await openWithIv({ key, aad }, sealed)).toEqual(new Uint8Array(0))
  })
})

describe('padding', () => {
  test('comes off exactly, grows with the content and hides the length among neighbours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), (content) => {
        const padded = padBody(content)
        expect(padded.length).toBe(paddedLength(content.length))
        expect(paddedLength(content.length + 1)).toBeGreaterThanOrEqual(padded.length)
        expect(padded.length % 64).toBe(0)
        expect(unpadBody(padded)).toEqual(content)
      }),
    )
  })

  test('any bytes either are the padded form of something or are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (padded) => {
        if (!isRefused(() => unpadBody(padded))) expect(padBody(unpadBody(padded))).toEqual(padded)
      }),
    )
  })
})

describe('every decoder', () => {
  const rootKey = () => systemRandom(32) as RootPublicKey

  function genuine(): Record<string, { source: Uint8Array; decode: (source: Uint8Array) => unknown }> {
    const family = new TestFamily()
    const oma = family.join()
    const logKey = generateSigningKeyPair<'log'>()
    const link = {
      inviteId: systemRandom(16),
      inviteSecret: systemRandom(32),
      inviterUikPrefix: systemRandom(16),
      logKeyPrefix: systemRandom(16),
    }
    const place = { convId: systemRandom(16), state: null }
    const body = { type: 'create', kind: 'open', historyPolicy: 'none' } as const
    const self = { userId: systemRandom(16), uik: rootKey() }
    const peer = { userId: systemRandom(16), uik: rootKey() }
    const head = { size: 0, root: emptyRoot() }
    return {
      genesis: { source: family.entries[0]!, decode: parseLogEntry },
      'device-add': { source: family.entries[1]!, decode: parseLogEntry },
      create: { source: signNext(family, place, { user: oma, body }), decode: parseConversationEntry },
      sth: {
        source: signSth(logKey, { ...head, time: 5 }),
        decode: (source) => checkSth(logKey.publicKey, source),
      },
      link: { source: encodeInviteLink(link), decode: (source) => parseInviteLink(`/i#${toBase64Url(source)}`) },
      qr: { source: encodeSafetyQr(self, peer, head), decode: (source) => checkSafetyQr(source, peer, self) },
    }
  }

  test('takes the exact length and refuses one byte more, and every shorter form', () => {
    for (const [name, { source, decode }] of Object.entries(genuine())) {
      expect(
        isRefused(() => decode(source)),
        name,
      ).toBe(false)
      const longer = new Uint8Array(source.length + 1)
      longer.set(source)
      expect(
        isRefused(() => decode(longer)),
        `${name} and a byte`,
      ).toBe(true)
      for (const length of [0, 1, 4, 5, source.length - 64, source.length - 1]) {
        expect(
          isRefused(() => decode(source.slice(0, Math.max(0, length)))),
          `${name} cut to ${length}`,
        ).toBe(true)
      }
    }
  })

  test('throws nothing but DecryptionFailed, whatever it is given', () => {
    const all = Object.values(genuine())
    fc.assert(
      fc.property(anyBytes, fc.nat(), fc.nat({ max: 30 }), (noise, bit, flips) => {
        for (const { source, decode } of all) {
          isRefused(() => decode(noise))
          isRefused(() => admitEntry(EMPTY_KEY_LOG, noise))
          let spoiled = source
          for (let count = 0; count <= flips; count++) spoiled = flipBit(spoiled, bit * (count + 1))
          isRefused(() => decode(spoiled))
          isRefused(() => admitEntry(EMPTY_KEY_LOG, spoiled))
        }
      }),
      { numRuns: 60 },
    )
    fc.assert(fc.property(fc.string(), (text) => isRefused(() => parseInviteLink(text)) || text.startsWith('/i#')))
  })

  test('an entry that is read is written the same again', () => {
    const family = new TestFamily()
    const oma = family.join()
    family.rotate(oma)
    family.reset(oma)
    for (const entry of family.entries) {
      const parsed = parseLogEntry(entry)
      expect(encodeUnsignedLogEntry(parsed)).toEqual(entry.slice(0, -64))
    }
    const body = { type: 'create', kind: 'open', historyPolicy: 'none' } as const
    const entry = signNext(family, { convId: systemRandom(16), state: null }, { user: oma, body })
    expect(encodeUnsignedConversationEntry(parseConversationEntry(entry))).toEqual(entry.slice(0, -64))
  })
})

describe('invites', () => {
  test('a card opens with its own secret and invite only', async () => {
    const [secret, inviteId, card] = [systemRandom(32), systemRandom(16), systemRandom(50)]
    const sealed = await sealInviteCard(secret, inviteId, card)
    expect(sealed.length).toBe(card.length + 28)
    expect(await openInviteCard(secret, inviteId, sealed)).toEqual(card)
    expect(await isRefusedLater(openInviteCard(systemRandom(32), inviteId, sealed))).toBe(true)
    expect(await isRefusedLater(openInviteCard(secret, systemRandom(16), sealed))).toBe(true)
    for (let bit = 0; bit < sealed.length * 8; bit += 7) {
      expect(await isRefusedLater(openInviteCard(secret, inviteId, flipBit(sealed, bit)))).toBe(true)
    }
  })

  test('a card is sealed as written down: iv, then GCM under the named key and associated data', async () => {
    const [secret, inviteId, card] = [systemRandom(32), systemRandom(16), systemRandom(50)]
    const sealed = await sealInviteCard(secret, inviteId, card, (length) => new Uint8Array(length).fill(7))
    const key = hkdf(new Uint8Array(32), secret, ascii('TralliValli/1 invite-card'), 32)
    const aad = concat(ascii('TralliValli/1 invite-card'), Uint8Array.of(0), inviteId)
    expect(sealed.slice(0, 12)).toEqual(new Uint8Array(12).fill(7))
    expect(await open({ key, iv: sealed.slice(0, 12), aad }, sealed.slice(12))).toEqual(card)
  })

  test('a link text is 3 and 107 characters and comes back', () => {
    fc.assert(
      fc.property(
        bytes(16),
        bytes(32),
        bytes(16),
        bytes(16),
        (inviteId, inviteSecret, inviterUikPrefix, logKeyPrefix) => {
          const link = { inviteId, inviteSecret, inviterUikPrefix, logKeyPrefix }
          expect(formatInviteLink(link).length).toBe(110)
          expect(parseInviteLink(formatInviteLink(link))).toEqual(link)
        },
      ),
    )
  })

  test('the MAC binds user, root and secret', () => {
    const [secret, userId, uik] = [systemRandom(32), systemRandom(16), systemRandom(32) as RootPublicKey]
    const mac = inviteMac(secret, userId, uik)
    expect(isRefused(() => checkInviteMac(secret, { userId, uik, inviteMac: mac }))).toBe(false)
    for (let bit = 0; bit < 256; bit++) {
      expect(isRefused(() => checkInviteMac(secret, { userId, uik, inviteMac: flipBit(mac, bit) }))).toBe(true)
    }
    expect(isRefused(() => checkInviteMac(secret, { userId, uik, inviteMac: mac.slice(1) }))).toBe(true)
  })
})

describe('signed by a device', () => {
  test('a login holds for its origin, nonce and time', () => {
    const { publicKey, secretKey } = generateSigningKeyPair<'device'>()
    const challenge = { origin: 'https://home.example', nonce: systemRandom(32), time: 5 }
    const signature = signLogin(secretKey, challenge)
    expect(isRefused(() => checkLogin(publicKey, challenge, signature))).toBe(false)
    for (const other of [
      { ...challenge, origin: 'https://home.exampl' },
      { ...challenge, origin: 'https://hömé.example' },
      { ...challenge, nonce: flipBit(challenge.nonce, 3) },
      { ...challenge, nonce: challenge.nonce.slice(1) },
      { ...challenge, time: 6 },
      { ...challenge, time: -1 },
      { ...challenge, time: Number.NaN },
    ]) {
      expect(isRefused(() => checkLogin(publicKey, other, signature))).toBe(true)
    }
  })

  test('prekeys are good for their owner, their id and thirty days', () => {
    const { publicKey: dsk, secretKey: dskSecret } = generateSigningKeyPair<'device'>()
    const maker = { userId: systemRandom(16), deviceId: systemRandom(16), dskSecret }
    const owner = { userId: maker.userId, deviceId: maker.deviceId, dsk, now: 2_592_000_100 }
    const signed = makeSignedPrekey(maker, 1, 100)
    const kem = makeKemPrekey(maker, 7, 100)
    expect([signed.publicKey.length, kem.publicKey.length, kem.secretKey.length]).toEqual([32, 1184, 2400])
    expect(isRefused(() => checkPrekey('spk', owner, signed))).toBe(false)
    expect(isRefused(() => checkPrekey('kem-prekey', owner, kem))).toBe(false)
    expect(isRefused(() => checkPrekey('spk', { ...owner, now: owner.now + 1 }, signed))).toBe(true)
    expect(isRefused(() => checkPrekey('kem-prekey', owner, { ...kem, id: 8 }))).toBe(true)
    expect(isRefused(() => checkPrekey('kem-prekey', owner, { ...kem, id: 1.5 }))).toBe(true)
    expect(isRefused(() => checkPrekey('kem-prekey', owner, signed))).toBe(true)
    expect(makeOneTimePrekeys(4, 3).map((prekey) => prekey.id)).toEqual([4, 5, 6])
  })

  test('a head is fresh for a day', () => {
    const head = { size: 0, root: emptyRoot(), time: 1000 }
    expect(isFreshHead(head, 86_401_000)).toBe(true)
    expect(isFreshHead(head, 86_401_001)).toBe(false)
  })
})
