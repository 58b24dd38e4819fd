import { Refusal } from '../protocol/errors.ts'
import { fromBase64Url } from '../protocol/ids.ts'

/** Bytes of a JSON field. A schema bounds the characters; the exact length is checked here. */
export function readBytes(text: string, exactLength?: number): Uint8Array {
  const bytes = fromBase64Url(text)
  if (bytes && (exactLength === undefined || bytes.length === exactLength)) return bytes
  throw new Refusal('bad_request', { detail: 'bytes' })
}
