// The only file that imports libsodium. The named imports of the wrapper are mostly `undefined` at run time
// (its bindings are filled in after `ready`), so the default export is the one that is used.
import libsodium from 'libsodium-wrappers-sumo'

/** libsodium 1.0.x (sumo build): usable once {@link sodiumReady} has resolved. */
export const sodium = libsodium

/** Resolves when the wasm module is compiled. Await it once, before the first call into `crypto/`. */
export const sodiumReady: Promise<void> = libsodium.ready

/** Overwrites a secret with zeros: best effort, the engine may hold copies. */
export function wipe(...secrets: Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0)
}
