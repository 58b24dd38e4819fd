/** A JSON value of a vector file. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }
export type JsonObject = { [name: string]: Json }

/** One case of a file of frozen vectors; bytes are lower-case hex. */
export interface VectorCase {
  name: string
  op: string
  inputs: JsonObject
  outputs?: JsonObject
  intermediates?: JsonObject
  mustFail?: boolean
  why?: string
}

/**
 * Runs one case through the product's code and returns its outputs in the form of the file.
 * A case that must be refused throws DecryptionFailed. `all` are the cases of the same file, to look up one named in the inputs.
 */
export type Operation = (vector: VectorCase, all: VectorCase[]) => Promise<JsonObject> | JsonObject
export type OpTable = Record<string, Operation>

/** A text field of an object; throws a TypeError when it is absent, so that a misread file shows as a failure. */
export function textOf(object: JsonObject, name: string): string {
  const value = object[name]
  if (typeof value !== 'string') throw new TypeError(`no text ${name}`)
  return value
}

export function numberOf(object: JsonObject, name: string): number {
  const value = object[name]
  if (typeof value !== 'number') throw new TypeError(`no number ${name}`)
  return value
}

export function listOf(object: JsonObject, name: string): Json[] {
  const value = object[name]
  if (!Array.isArray(value)) throw new TypeError(`no list ${name}`)
  return value
}

export function objectOf(object: JsonObject, name: string): JsonObject {
  return asObject(object[name], name)
}

export function asObject(value: Json | undefined, name = 'value'): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError(`no object ${name}`)
  return value
}

/** A field of hexadecimal bytes. Not the product's decoder: a fault there must not hide in the tests. */
export function bytesOf(object: JsonObject, name: string): Uint8Array {
  return bytesFrom(textOf(object, name))
}

export function bytesFrom(hex: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new TypeError('not hex')
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16),
  )
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The case of that name in the same file. */
export function caseNamed(all: VectorCase[], name: string): VectorCase {
  const found = all.find((candidate) => candidate.name === name)
  if (found === undefined) throw new TypeError(`no case named ${name}`)
  return found
}
