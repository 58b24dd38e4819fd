import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  bytes,
  FrameReader,
  FrameWriter,
  fixed,
  frameCodec,
  id,
  list,
  MalformedFrame,
  optional,
  record,
  text,
  u8,
  u16,
  u32,
  u64,
} from '../../src/protocol/codec.ts'
import type { ConversationId, MessageId } from '../../src/protocol/ids.ts'
import { type AnyId, fromBase64Url, idFromBytes, idToBytes, isId, toBase64Url } from '../../src/protocol/ids.ts'
import { limits } from '../../src/protocol/limits.ts'
import { type ClientFrame, clientFrames, type ServerFrame, serverFrames } from '../../src/protocol/socket.ts'

const someId = <Kind extends AnyId>() =>
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((raw) => idFromBytes<Kind>(raw))
const number32 = fc.nat({ max: 0xffffffff })
const number64 = fc.maxSafeNat()
const upTo = (maxLength: number) => fc.uint8Array({ maxLength })
const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const few = <Value>(value: fc.Arbitrary<Value>) => fc.array(value, { maxLength: 6 })
const word = (maxBytes: number) =>
  fc.string({ maxLength: maxBytes, unit: 'grapheme' }).filter((value) => Buffer.byteLength(value) <= maxBytes)

const outgoing = fc.record({ deviceId: someId<never>(), frame: upTo(300) })
const voucher = { chainId: someId<never>(), epoch: number32, row: exactly(160) }
const archive = fc.option(fc.record({ epoch: number32, row: exactly(92) }))

const anyClientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({
    type: fc.constant('post' as const),
    requestId: number32,
    conversationId: someId<never>(),
    body: upTo(500),
    envelopes: few(outgoing),
    archive,
  }),
  fc.record({
    type: fc.constant('transient' as const),
    conversationId: someId<never>(),
    body: upTo(500),
    envelopes: few(outgoing),
  }),
  fc.record({ type: fc.constant('sendEnvelopes' as const), requestId: number32, envelopes: few(outgoing) }),
  fc.record({ type: fc.constant('acknowledge' as const), envelopeIds: few(number64) }),
  fc.record({
    type: fc.constant('putArchive' as const),
    requestId: number32,
    rows: few(fc.record({ messageId: someId<never>(), epoch: number32, row: exactly(92) })),
  }),
  fc.record({
    type: fc.constant('fetchPage' as const),
    requestId: number32,
    conversationId: someId<never>(),
    from: number64,
    direction: fc.nat({ max: 255 }),
    count: fc.nat({ max: 65_535 }),
    withArchive: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('putVouchers' as const),
    requestId: number32,
    rows: few(fc.record({ conversationId: someId<never>(), ...voucher })),
  }),
  fc.record({
    type: fc.constant('fetchVouchers' as const),
    requestId: number32,
    conversationId: someId<never>(),
    chainIds: few(someId<never>()),
  }),
  fc.record({ type: fc.constant('ping' as const), isActive: fc.boolean() }),
)

const anyServerFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  fc.record({
    type: fc.constant('welcome' as const),
    incarnation: someId<never>(),
    restoredFrom: number64,
    now: number64,
    treeHead: exactly(144),
    conversations: few(fc.record({ conversationId: someId<never>(), lastSeq: number64, entryCount: number32 })),
  }),
  fc.record({
    type: fc.constant('posted' as const),
    requestId: number32,
    messageId: someId<MessageId>(),
    seq: number64,
    receivedAt: number64,
  }),
  fc.record({ type: fc.constant('done' as const), requestId: number32 }),
  fc.record({ type: fc.constant('refused' as const), requestId: number32, code: word(64), retryAfterMs: number32 }),
  fc.record({
    type: fc.constant('message' as const),
    conversationId: someId<never>(),
    seq: number64,
    receivedAt: number64,
    body: upTo(500),
  }),
  fc.record({
    type: fc.constant('envelopes' as const),
    items: few(fc.record({ envelopeId: number64, frame: upTo(300) })),
  }),
  fc.record({
    type: fc.constant('transient' as const),
    conversationId: someId<never>(),
    body: upTo(500),
    frame: fc.option(upTo(300)),
  }),
  fc.record({
    type: fc.constant('page' as const),
    requestId: number32,
    conversationId: someId<never>(),
    items: few(fc.record({ seq: number64, receivedAt: number64, body: upTo(300), archive })),
    hasMore: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('logGrew' as const),
    from: number64,
    entries: few(upTo(300)),
    treeHead: exactly(144),
  }),
  fc.record({
    type: fc.constant('conversationGrew' as const),
    conversationId: someId<never>(),
    index: number32,
    entry: upTo(300),
  }),
  fc.record({
    type: fc.constant('presence' as const),
    accountId: someId<never>(),
    deviceIds: few(someId<never>()),
    isActive: fc.boolean(),
  }),
  fc.record({ type: fc.constant('pong' as const), now: number64 }),
  fc.record({ type: fc.constant('signedOut' as const), code: word(64) }),
  fc.record({ type: fc.constant('changed' as const), what: word(16) }),
  fc.record({ type: fc.constant('vouchers' as const), requestId: number32, rows: few(fc.record(voucher)) }),
)

/** Runs it; MalformedFrame is the one accepted way to fail. */
function decodesOrRefuses(decode: (input: Uint8Array) => unknown, input: Uint8Array): unknown {
  try {
    return decode(input)
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedFrame)
    return null
  }
}

// fast-check makes records without a prototype; the frames are compared as plain data.
const plain = (frame: unknown): unknown => structuredClone(frame)

describe('every frame', () => {
  const sides = [
    { side: 'client', codec: clientFrames as { encode(frame: never): Uint8Array }, any: anyClientFrame, codes: 7 },
    { side: 'server', codec: serverFrames as { encode(frame: never): Uint8Array }, any: anyServerFrame, codes: 14 },
  ]
  for (const { side, codec, any, codes } of sides) {
    const decode = side === 'client' ? clientFrames.decode : serverFrames.decode
    const encode = (frame: unknown) => codec.encode(frame as never)

    test(`of the ${side} reads back as it was written`, () => {
      fc.assert(
        fc.property(any as fc.Arbitrary<unknown>, (frame) => {
          expect(decode(encode(frame)) as unknown).toEqual(plain(frame))
        }),
        { numRuns: 400 },
      )
    })

    test(`of the ${side} has one spelling: what decodes, encodes to the same bytes`, () => {
      fc.assert(
        fc.property(any as fc.Arbitrary<unknown>, fc.nat(), fc.nat({ max: 255 }), (frame, place, value) => {
          const damaged = encode(frame)
          damaged[place % damaged.length] = value
          const read = decodesOrRefuses(decode, damaged)
          if (read !== null) expect(encode(read)).toEqual(damaged)
        }),
        { numRuns: 600 },
      )
    })

    test(`of the ${side} is refused when one byte is missing at the end or one follows`, () => {
      fc.assert(
        fc.property(any as fc.Arbitrary<unknown>, fc.nat({ max: 255 }), (frame, extra) => {
          const whole = encode(frame)
          expect(() => decode(whole.subarray(0, -1))).toThrow(MalformedFrame)
          expect(() => decode(Uint8Array.from([...whole, extra]))).toThrow(MalformedFrame)
        }),
        { numRuns: 200 },
      )
    })

    test(`of the ${side}: arbitrary bytes end in a frame or in MalformedFrame, nothing else`, () => {
      const noise = fc.tuple(fc.nat({ max: codes + 2 }), fc.uint8Array({ maxLength: 200 }))
      fc.assert(
        fc.property(noise, ([code, rest]) => {
          decodesOrRefuses(decode, Uint8Array.from([code, ...rest]))
        }),
        { numRuns: 3_000 },
      )
    })
  }

  test('is refused when empty or of an unknown type', () => {
    for (const input of [[], [0], [8], [255]]) {
      expect(() => clientFrames.decode(Uint8Array.from(input))).toThrow(MalformedFrame)
    }
    expect(() => serverFrames.decode(Uint8Array.of(15))).toThrow(MalformedFrame)
  })

  test('holds its own copy of what it was read from', () => {
    const input = clientFrames.encode({
      type: 'transient',
      conversationId: idFromBytes(new Uint8Array(16)),
      body: Uint8Array.of(7, 7),
      envelopes: [],
    })
    const frame = clientFrames.decode(input)
    input.fill(0)
    expect(frame.type === 'transient' && frame.body).toEqual(Uint8Array.of(7, 7))
  })
})

describe('the bounds of a frame', () => {
  const conversationId = idFromBytes<never>(new Uint8Array(16))
  const post = (bodyBytes: number): ClientFrame => ({
    type: 'post',
    requestId: 1,
    conversationId,
    body: new Uint8Array(bodyBytes),
    envelopes: [],
    archive: null,
  })

  test('a body of 64 KiB passes, one byte more does not, neither when written nor when read', () => {
    const largest = clientFrames.encode(post(limits.maxBodyBytes))
    expect(clientFrames.decode(largest)).toEqual(post(limits.maxBodyBytes))
    expect(() => clientFrames.encode(post(limits.maxBodyBytes + 1))).toThrow(MalformedFrame)
    const longer = Uint8Array.from([...largest.subarray(0, 21 + 4 + limits.maxBodyBytes), 0, ...[0, 0, 0]])
    longer.set([0, 1, 0, 1], 21)
    expect(() => clientFrames.decode(longer)).toThrow(MalformedFrame)
  })

  test('512 envelopes pass, 513 do not', () => {
    const envelope = { deviceId: idFromBytes<never>(new Uint8Array(16)), frame: Uint8Array.of(1) }
    const send = (count: number): ClientFrame => ({
      type: 'sendEnvelopes',
      requestId: 1,
      envelopes: Array(count).fill(envelope),
    })
    expect(clientFrames.decode(clientFrames.encode(send(512)))).toEqual(send(512))
    expect(() => clientFrames.encode(send(513))).toThrow(MalformedFrame)
  })

  test('a length far beyond the end allocates nothing and is refused', () => {
    const input = new Uint8Array(25)
    input[0] = 1
    input.set([0x00, 0x01, 0x00, 0x00], 21)
    expect(() => clientFrames.decode(input)).toThrow(MalformedFrame)
  })

  test('an archive row has 92 bytes', () => {
    const row = (length: number): ClientFrame => ({
      type: 'putArchive',
      requestId: 1,
      rows: [{ messageId: idFromBytes(new Uint8Array(16)), epoch: 1, row: new Uint8Array(length) }],
    })
    expect(clientFrames.decode(clientFrames.encode(row(92)))).toEqual(row(92))
    for (const length of [0, 91, 93]) expect(() => clientFrames.encode(row(length))).toThrow(MalformedFrame)
  })
})

describe('fields', () => {
  const codec = frameCodec({ one: { code: 9, field: record({ value: optional(list(text(8), 3)) }) } })

  test('a flag is 0 or 1', () => {
    expect(codec.decode(Uint8Array.of(9, 0))).toEqual({ type: 'one', value: null })
    expect(() => codec.decode(Uint8Array.of(9, 2))).toThrow(MalformedFrame)
  })

  test('text is UTF-8, bounded in bytes and keeps a byte order mark', () => {
    expect(codec.decode(codec.encode({ type: 'one', value: ['ä€', '\ufeffx'] }))).toEqual({
      type: 'one',
      value: ['ä€', '\ufeffx'],
    })
    expect(() => codec.encode({ type: 'one', value: ['€€€'] })).toThrow(MalformedFrame)
    expect(() => codec.decode(Uint8Array.of(9, 1, 0, 1, 0, 1, 0xff))).toThrow(MalformedFrame)
  })

  test('numbers are big-endian and an unsafe u64 is refused', () => {
    const writer = new FrameWriter()
    for (const [field, value] of [
      [u8, 1],
      [u16, 2],
      [u32, 3],
      [u64, 2 ** 33 + 4],
    ] as const)
      field.write(writer, value)
    const written = writer.finish()
    expect(toBase64Url(written)).toBe(toBase64Url(Uint8Array.of(1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4)))
    const reader = new FrameReader(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0))
    expect(() => reader.u64()).toThrow(MalformedFrame)
  })

  test('a large field grows the buffer and loses nothing', () => {
    const writer = new FrameWriter()
    const large = Uint8Array.from({ length: 70_000 }, (_, index) => index & 255)
    bytes(80_000).write(writer, large)
    fixed(3).write(writer, Uint8Array.of(1, 2, 3))
    const reader = new FrameReader(writer.finish())
    expect(bytes(80_000).read(reader)).toEqual(large)
    expect(fixed(3).read(reader)).toEqual(Uint8Array.of(1, 2, 3))
    reader.end()
  })

  test('a frame that could not be written, or a large one, leaves nothing in the next, and no frame changes another', () => {
    const pong = () => serverFrames.encode({ type: 'pong', now: 1 })
    const first = pong()
    const changed = serverFrames.encode({ type: 'changed', what: 'home' })
    expect(() => serverFrames.encode({ type: 'changed', what: 'x'.repeat(17) })).toThrow(MalformedFrame)
    expect(pong()).toEqual(first)
    const body = new Uint8Array(60_000).fill(7)
    const large = serverFrames.encode({
      ...{ type: 'page', requestId: 1, conversationId: toBase64Url(new Uint8Array(16)) as ConversationId },
      items: [1, 2].map((seq) => ({ seq, receivedAt: 1, body, archive: null })),
      hasMore: false,
    })
    expect(large.length).toBeGreaterThan(120_000)
    expect(pong()).toEqual(first)
    expect(serverFrames.decode(changed)).toEqual({ type: 'changed', what: 'home' })
    expect(serverFrames.decode(large)).toMatchObject({ type: 'page', hasMore: false })
  })

  test('an id that is not one is a programming error, not a frame', () => {
    expect(() => id<MessageId>().write(new FrameWriter(), 'short' as MessageId)).toThrow(RangeError)
  })
})

describe('ids and base64url', () => {
  test('every byte string has one spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (raw) => {
        expect(fromBase64Url(toBase64Url(raw))).toEqual(raw)
        expect(toBase64Url(raw)).toBe(Buffer.from(raw).toString('base64url'))
      }),
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 24 }), (spelling) => {
        const raw = fromBase64Url(spelling)
        if (raw !== null) expect(toBase64Url(raw)).toBe(spelling)
      }),
    )
  })

  test('padding, foreign characters, impossible lengths and spare bits are not ids', () => {
    const good = idFromBytes(new Uint8Array(16))
    expect(isId(good)).toBe(true)
    expect(idToBytes(good)).toEqual(new Uint8Array(16))
    for (const bad of [
      '',
      'A',
      `${good}=`,
      good.slice(1),
      `${good.slice(0, -1)}B`,
      `${good.slice(0, -1)}+`,
      `${good}AA`,
    ]) {
      expect(isId(bad)).toBe(false)
    }
  })
})
