import { type CborValue, decodeCborMap, encodeCbor } from '../crypto/cbor.ts'
import { DecryptionFailed, insist, orNull } from '../crypto/errors.ts'
import { type AccountId, idFromBytes, idToBytes, type MessageId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { isFairExpiry, type Meta } from './meta.ts'

/** The ctype byte of a body and what stands in its payload (CBOR maps, strict and bounded). */
export const contentTypes = { text: 1, receipt: 2, typing: 3, profile: 4, meta: 5, introductions: 6 } as const

type Map = { [key: string]: CborValue }
export type Face = { name: string; photo: Uint8Array | null }
export type Introduced = Face & { accountId: AccountId; sentAt: number }
export type Payload =
  | { kind: 'text'; text: string }
  /** High-water marks: everything up to these messages was delivered, was read. */
  | { kind: 'receipt'; delivered: MessageId | null; read: MessageId | null }
  | { kind: 'typing' }
  | ({ kind: 'profile' } & Face)
  | ({ kind: 'meta' } & Meta)
  | { kind: 'introductions'; people: Introduced[] }

const MAX_PAYLOAD_BYTES = limits.maxBodyBytes
/** Keeps a sealed body under its bound: 0.4 kB a person and at most three faces' worth of photos. */
export const MAX_INTRODUCED = 64
const MAX_PHOTOS_BYTES = 45_000

export function contentTypeOf(payload: Payload): number {
  return contentTypes[payload.kind]
}

/** 0 content, 1 silent, 2 conversation meta, 3 transient. */
export function classOf(payload: Payload): 0 | 1 | 2 | 3 {
  if (payload.kind === 'text') return 0
  if (payload.kind === 'meta') return 2
  return payload.kind === 'typing' ? 3 : 1
}

export function encodePayload(payload: Payload): Uint8Array {
  switch (payload.kind) {
    case 'text':
      return encodeCbor({ t: payload.text })
    case 'receipt':
      return encodeCbor({ d: rawId(payload.delivered), r: rawId(payload.read) })
    case 'typing':
      return encodeCbor({})
    case 'profile':
      return encodeCbor({ n: payload.name, p: payload.photo })
    case 'meta':
      return encodeCbor({ n: payload.name, p: payload.photo, e: payload.expirySeconds })
    case 'introductions':
      return encodeCbor({ i: withinBounds(payload.people).map(encodeIntroduced) })
  }
}

/** null for a content type this version does not know; DecryptionFailed for one that breaks its form. */
export function decodePayload(contentType: number, bytes: Uint8Array): Payload | null {
  if (!Object.values<number>(contentTypes).includes(contentType)) return null
  const map = decodeCborMap(bytes, { maxBytes: MAX_PAYLOAD_BYTES, maxDepth: 4 })
  switch (contentType) {
    case contentTypes.text:
      return { kind: 'text', text: textOf(only(map, ['t'])['t'], limits.maxTextLength) }
    case contentTypes.receipt:
      only(map, ['d', 'r'])
      return { kind: 'receipt', delivered: idOrNull(map['d']), read: idOrNull(map['r']) }
    case contentTypes.typing:
      only(map, [])
      return { kind: 'typing' }
    case contentTypes.profile:
      return { kind: 'profile', ...faceOf(only(map, ['n', 'p']), limits.maxPersonNameLength) }
    case contentTypes.meta:
      return metaFrom(only(map, ['n', 'p', 'e']))
    default:
      return { kind: 'introductions', people: introducedOf(only(map, ['i'])['i']) }
  }
}

/** Photos go first when a family is too large for one body: names matter more, and each person's own profile follows. */
function withinBounds(people: readonly Introduced[]): Introduced[] {
  let left = MAX_PHOTOS_BYTES
  return people.slice(0, MAX_INTRODUCED).map((person) => {
    const size = person.photo?.length ?? 0
    if (size > left) return { ...person, photo: null }
    left -= size
    return person
  })
}

function encodeIntroduced({ accountId, name, photo, sentAt }: Introduced): Map {
  return { a: idToBytes(accountId), n: name, p: photo, s: sentAt }
}

function introducedOf(value: CborValue | undefined): Introduced[] {
  insist(Array.isArray(value) && value.length <= MAX_INTRODUCED, 'introductions')
  return value.map((item) => {
    const map = only(mapOf(item), ['a', 'n', 'p', 's'])
    const sentAt = map['s']
    insist(typeof sentAt === 'number' && Number.isSafeInteger(sentAt) && sentAt >= 0, 'introduction time')
    return { accountId: idOf<AccountId>(map['a']), ...faceOf(map, limits.maxPersonNameLength), sentAt }
  })
}

function faceOf(map: Map, maxLength: number): Face {
  const photo = map['p']
  const isPhoto = photo instanceof Uint8Array && photo.length > 0 && photo.length <= limits.maxPhotoBytes
  insist(photo === null || isPhoto, 'photo')
  return { name: textOf(map['n'], maxLength), photo: photo as Uint8Array | null }
}

function metaFrom(map: Map): Payload {
  const expirySeconds = map['e']
  insist(isFairExpiry(expirySeconds), 'expiry')
  return { kind: 'meta', ...faceOf(map, limits.maxHomeNameLength), expirySeconds }
}

function textOf(value: CborValue | undefined, maxLength: number): string {
  insist(typeof value === 'string' && value.length <= maxLength, 'text')
  return value
}

function mapOf(value: CborValue | undefined): Map {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  if (!isMap) throw new DecryptionFailed('not a map')
  return value
}

function only(map: Map, keys: readonly string[]): Map {
  insist(
    Object.keys(map).every((key) => keys.includes(key)),
    'unknown field',
  )
  return map
}

function idOf<Kind extends AccountId | MessageId>(value: CborValue | undefined): Kind {
  insist(value instanceof Uint8Array && value.length === 16, 'id')
  return idFromBytes<Kind>(value)
}

function idOrNull(value: CborValue | undefined): MessageId | null {
  return value === null ? null : idOf<MessageId>(value)
}

function rawId(id: MessageId | null): Uint8Array | null {
  return id === null ? null : idToBytes(id)
}

/** As {@link decodePayload}, but null for what this version cannot read. */
export function readPayload(contentType: number, bytes: Uint8Array): Payload | null {
  return orNull(() => decodePayload(contentType, bytes))
}
