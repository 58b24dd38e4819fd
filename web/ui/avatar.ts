import { html, nothing, type TemplateResult } from 'lit'
import { type IconShapes, icon } from './icon.ts'

/** hue: which of the eight colours; without it one follows from the id. isPale: of somebody who is no longer there. */
export type Face = {
  id: string
  hue?: number
  name: string
  photo: Uint8Array | null
  isOnline?: boolean
  isPale?: boolean
}
export type AvatarSize = 'xs' | 'sm' | 'md' | 'xl'

const hues = 8
const addresses = new Map<string, string>()
const addressOf = new WeakMap<Uint8Array, string>()

export const hueClass = (hue: number) => `hue-${hue % hues}`

/** A colour for what has only an id or a name. */
export function hueFrom(text: string): number {
  return hash(text, (of, at) => of.charCodeAt(at)) % hues
}

function hash<T extends { length: number }>(value: T, at: (value: T, index: number) => number): number {
  let sum = 0x811c9dc5
  for (let index = 0; index < value.length; index++) sum = Math.imul(sum ^ at(value, index), 0x01000193) >>> 0
  return sum
}

// Every event brings its own copy of a photo, so an address is remembered by what is in it: nothing flickers, nothing leaks.
export function photoAddress(photo: Uint8Array): string {
  let address = addressOf.get(photo)
  if (address) return address
  const key = `${photo.length} ${hash(photo, (bytes, at) => bytes[at]!)} ${photo.subarray(-24).join()}`
  address = addresses.get(key) ?? URL.createObjectURL(new Blob([photo as Uint8Array<ArrayBuffer>]))
  addresses.set(key, address)
  addressOf.set(photo, address)
  return address
}

/** "Grandpa Joe" is GJ, "Anna" is AN. */
export function initials(name: string): string {
  const parts = name.trim().split(/\s+/)
  const letters = (text: string, count: number) => Array.from(text).slice(0, count).join('')
  const short = parts.length > 1 ? letters(parts[0]!, 1) + letters(parts.at(-1)!, 1) : letters(parts[0]!, 2)
  return short.toLocaleUpperCase()
}

/** A person's picture, or their initials in their colour. Decorative: the name stands beside it. */
export function avatar(face: Face, size: AvatarSize = 'md'): TemplateResult {
  const content = face.photo
    ? html`<img src=${photoAddress(face.photo)} alt="" draggable="false" />`
    : initials(face.name)
  const presence = face.isOnline ? html`<span class="presence"></span>` : nothing
  return html`<span class="avatar ${size} ${hueClass(face.hue ?? hueFrom(face.id))} ${face.isPale ? 'pale' : ''}" aria-hidden="true">${content}${presence}</span>`
}

/** What is nobody's face. */
export function iconAvatar(shapes: IconShapes, size: AvatarSize = 'md'): TemplateResult {
  return html`<span class="avatar ${size} hue-0" aria-hidden="true">${icon(shapes)}</span>`
}

/** Two of a group's members. */
export function avatarPair(faces: readonly [Face, Face], size: AvatarSize = 'md'): TemplateResult {
  const [front, back] = faces
  const one = (face: Face) => avatar({ ...face, isOnline: false })
  return html`<span class="avatar-pair ${size}" aria-hidden="true">${one(back)}${one(front)}</span>`
}
