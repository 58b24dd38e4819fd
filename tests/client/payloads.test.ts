import { describe, expect, test } from 'bun:test'
import { contentTypeOf, contentTypes, decodePayload, encodePayload, type Payload } from '../../src/client/payloads.ts'
import { encodeCbor } from '../../src/crypto/cbor.ts'
import { DecryptionFailed } from '../../src/crypto/errors.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { type AccountId, idFromBytes, type MessageId } from '../../src/protocol/ids.ts'
import { limits } from '../../src/protocol/limits.ts'

const messageId = idFromBytes<MessageId>(systemRandom(16))
const accountId = idFromBytes<AccountId>(systemRandom(16))
const photo = systemRandom(500)
const payloads: Payload[] = [
  { kind: 'text', text: 'Grüß Gott 👵' },
  { kind: 'receipt', delivered: messageId, read: null },
  { kind: 'typing' },
  { kind: 'profile', name: 'Oma', photo },
  { kind: 'meta', name: '', photo: null, expirySeconds: 0 },
  { kind: 'meta', name: 'Garden', photo: null, expirySeconds: 604_800 },
  { kind: 'introductions', people: [{ accountId, name: 'Kid', photo, sentAt: 5 }] },
]

describe('payloads', () => {
  for (const payload of payloads) {
    test(`${payload.kind} comes out as it went in`, () => {
      expect(decodePayload(contentTypeOf(payload), encodePayload(payload))).toEqual(payload)
    })
    test(`${payload.kind} with a byte too many is refused`, () => {
      const long = new Uint8Array([...encodePayload(payload), 0])
      expect(() => decodePayload(contentTypeOf(payload), long)).toThrow(DecryptionFailed)
    })
  }

  test('of a later version are not an error', () => {
    expect(decodePayload(200, encodeCbor({ new: 'thing' }))).toBeNull()
  })

  test('break no bound', () => {
    const bad: [number, Uint8Array][] = [
      [contentTypes.text, encodeCbor({ t: 'x'.repeat(limits.maxTextLength + 1) })],
      [contentTypes.text, encodeCbor({ t: 5 })],
      [contentTypes.text, encodeCbor({ t: 'a', extra: 1 })],
      [contentTypes.text, encodeCbor(['a'])],
      [contentTypes.receipt, encodeCbor({ d: systemRandom(15), r: null })],
      [contentTypes.profile, encodeCbor({ n: 'Oma', p: systemRandom(limits.maxPhotoBytes + 1) })],
      [contentTypes.meta, encodeCbor({ n: 'x'.repeat(limits.maxHomeNameLength + 1), p: null })],
      [contentTypes.introductions, encodeCbor({ i: [{ a: systemRandom(16), n: 'x', p: null, s: -1 }] })],
      [contentTypes.introductions, encodeCbor({ i: Array.from({ length: 65 }, () => null) })],
      [contentTypes.text, new Uint8Array(0)],
    ]
    for (const [type, bytes] of bad) expect(() => decodePayload(type, bytes)).toThrow(DecryptionFailed)
  })

  test('introduce a large family within one body, names before faces', () => {
    const people = Array.from({ length: 64 }, (_, at) => {
      return {
        accountId: idFromBytes<AccountId>(systemRandom(16)),
        name: `n${at}`,
        photo: systemRandom(12_000),
        sentAt: 0,
      }
    })
    const bytes = encodePayload({ kind: 'introductions', people })
    expect(bytes.length).toBeLessThan(limits.maxBodyBytes - 1_024)
    const decoded = decodePayload(contentTypes.introductions, bytes) as Extract<Payload, { kind: 'introductions' }>
    expect(decoded.people.map(({ name }) => name)).toEqual(people.map(({ name }) => name))
  })
})
