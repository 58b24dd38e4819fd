import { fromBase64Url, toBase64Url } from '../protocol/ids.ts'
import { ClientFailure } from './api.ts'

/** Bytes of a base64url field the home answered with; anything else is not an answer of ours. */
export function bytesOf(text: string, length?: number): Uint8Array {
  const bytes = fromBase64Url(text)
  if (bytes === null || (length !== undefined && bytes.length !== length)) {
    throw new ClientFailure('untrusted_server', 0, 'malformed bytes')
  }
  return bytes
}

/** As the home's JSON carries bytes. */
export function textOf(bytes: Uint8Array): string {
  return toBase64Url(bytes)
}
