/** Draws `length` fresh random bytes. Injected wherever randomness is used, so that tests can fix it. */
export type RandomSource = (length: number) => Uint8Array

/** The platform's cryptographic generator. */
export function systemRandom(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  // getRandomValues refuses more than 65,536 bytes in one call.
  for (let offset = 0; offset < length; offset += 65536) crypto.getRandomValues(bytes.subarray(offset, offset + 65536))
  return bytes
}
