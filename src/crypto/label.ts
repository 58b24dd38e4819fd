import { ascii, concat, u8 } from './bytes.ts'

const cache = new Map<string, Uint8Array>()

/** L(name) = ASCII "TralliValli/1 " || name: keeps every use of a key apart from every other (PROTOCOL 4). Read only. */
export function label(name: string): Uint8Array {
  const known = cache.get(name)
  if (known !== undefined) return known
  const made = ascii(`TralliValli/1 ${name}`)
  cache.set(name, made)
  return made
}

/** L(name) || 00 || parts: the form of every associated data, context and signed message. */
export function labelled(name: string, ...parts: Uint8Array[]): Uint8Array {
  return concat(label(name), u8(0), ...parts)
}
