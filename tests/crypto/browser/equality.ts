const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Structural equality as a test means it: bytes by content, undefined fields as absent ones. */
export function deepEquals(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isObject(one) || !isObject(other)) return false
  if (one instanceof Map && other instanceof Map) return deepEquals([...one], [...other])
  if (one instanceof Set && other instanceof Set) return deepEquals([...one], [...other])
  if (ArrayBuffer.isView(one) !== ArrayBuffer.isView(other) || Array.isArray(one) !== Array.isArray(other)) return false
  const keys = new Set([...definedKeys(one), ...definedKeys(other)])
  return [...keys].every((key) => deepEquals(one[key], other[key]))
}

/** True when every field of `part` is in `value`. */
export function matchesPart(value: unknown, part: unknown): boolean {
  if (!isObject(part) || ArrayBuffer.isView(part)) return deepEquals(value, part)
  return isObject(value) && definedKeys(part).every((key) => matchesPart(value[key], part[key]))
}

function definedKeys(value: Record<string, unknown>): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined)
}
