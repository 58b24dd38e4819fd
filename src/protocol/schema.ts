import { type TString, type TUnsafe, Type } from '@sinclair/typebox'
import type { AnyId } from './ids.ts'

/** A 16-byte id in its 22 characters. */
export function idSchema<Kind extends AnyId>(): TUnsafe<Kind> {
  return Type.Unsafe<Kind>(Type.String({ minLength: 22, maxLength: 22, pattern: '^[A-Za-z0-9_-]{21}[AQgw]$' }))
}

/** Between `min` and `max` bytes (inclusive) as base64url without padding. Decode with fromBase64Url and check the exact length. */
export function bytesSchema(min: number, max: number = min): TString {
  const characters = (bytes: number) => Math.ceil((bytes * 4) / 3)
  return Type.String({ minLength: characters(min), maxLength: characters(max), pattern: '^[A-Za-z0-9_-]*$' })
}

/** Epoch milliseconds. */
export const timeSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** Lower-case letters, digits, dot, hyphen and underscore; begins with a letter or digit. Unique in a home. */
export const signInNameSchema = Type.String({ minLength: 2, maxLength: 32, pattern: '^[a-z0-9][a-z0-9._-]*$' })

export const roleSchema = Type.Union([Type.Literal('member'), Type.Literal('host')])
