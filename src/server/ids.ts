import { randomBytes } from 'node:crypto'
import { type AnyId, idFromBytes, toBase64Url } from '../protocol/ids.ts'

/** A fresh id of the wanted kind. */
export function makeId<Kind extends AnyId>(): Kind {
  return idFromBytes<Kind>(randomBytes(16))
}

/** 256 random bits as text. */
export function makeToken(): string {
  return toBase64Url(randomBytes(32))
}
