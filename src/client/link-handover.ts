import { type CborValue, decodeCborMap, encodeCbor } from '../crypto/cbor.ts'
import { DecryptionFailed, insist } from '../crypto/errors.ts'
import type { LogPublicKey, RootPublicKey } from '../crypto/key-types.ts'
import type { LogHead } from '../crypto/sth.ts'
import type { HeldState } from './account-state.ts'
import type { ArchiveKey } from './parts.ts'

// What follows the 03 of a link message (docs/protocol.md 5.6): a CBOR map with a text `kind`.

const MAX_BYTES = 290_000

/** First: whose device it is about to become, for the person in front of the new one. */
export type LinkHello = { kind: 'hello'; personName: string; homeName: string }
/** Last: everything a device of this person has to know. */
export type LinkHandover = {
  kind: 'account'
  signInName: string
  uik: RootPublicKey
  logPublicKey: LogPublicKey
  /** The newest head of the old device: the home must show the new one the same log. */
  head: LogHead
  backupPublicKey: Uint8Array
  archiveKeys: ArchiveKey[]
  endedDevices: number
  state: HeldState
}

export function encodeHandover(content: LinkHello | LinkHandover): Uint8Array {
  const encoded = encodeCbor(content as unknown as CborValue)
  if (encoded.length > MAX_BYTES) throw new RangeError('hand-over too long')
  return encoded
}

/** Strict in what it builds on; throws DecryptionFailed. The state is judged where it is used. */
export function decodeHandover(bytes: Uint8Array): LinkHello | LinkHandover {
  const map = decodeCborMap(bytes, { maxBytes: MAX_BYTES })
  if (map['kind'] === 'hello') {
    return { kind: 'hello', personName: textOf(map, 'personName'), homeName: textOf(map, 'homeName') }
  }
  insist(map['kind'] === 'account', 'kind of hand-over')
  const head = mapOf(map['head'])
  const state = mapOf(map['state'])
  const keys = map['archiveKeys']
  insist(Array.isArray(keys) && keys.length > 0, 'archive keys')
  const held = { version: numberOf(state, 'version'), state: mapOf(state['state']) } as unknown as HeldState
  insist(held.state.format === 1, 'account state of another format')
  return {
    kind: 'account',
    signInName: textOf(map, 'signInName'),
    uik: bytesIn(map, 'uik', 32) as RootPublicKey,
    logPublicKey: bytesIn(map, 'logPublicKey', 32) as LogPublicKey,
    head: { size: numberOf(head, 'size'), root: bytesIn(head, 'root', 32) },
    backupPublicKey: bytesIn(map, 'backupPublicKey', 1216),
    archiveKeys: keys.map((key) => ({
      epoch: numberOf(mapOf(key), 'epoch'),
      key: bytesIn(mapOf(key), 'key', 32),
    })),
    endedDevices: numberOf(map, 'endedDevices'),
    state: held,
  }
}

type CborMap = { [key: string]: CborValue }

function mapOf(value: CborValue | undefined): CborMap {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  if (!isMap) throw new DecryptionFailed('hand-over: not a map')
  return value
}
function textOf(map: CborMap, field: string): string {
  const value = map[field]
  if (typeof value !== 'string' || value.length > 200) throw new DecryptionFailed(`hand-over: ${field}`)
  return value
}
function numberOf(map: CborMap, field: string): number {
  const value = map[field]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new DecryptionFailed(`hand-over: ${field}`)
  }
  return value
}
function bytesIn(map: CborMap, field: string, length: number): Uint8Array {
  const value = map[field]
  if (!(value instanceof Uint8Array) || value.length !== length) throw new DecryptionFailed(`hand-over: ${field}`)
  return value
}
