import { sodium, sodiumReady } from '../src/crypto/sodium.ts'
import type { StretchJob } from './browser.ts'

// One job, then this worker is ended and its memory is given back.
addEventListener('message', ({ data }: MessageEvent<StretchJob>) => {
  run(data).then(postMessage, reportError)
})

async function run({ passphrase, salt, memKiB, passes }: StretchJob): Promise<Uint8Array> {
  await sodiumReady
  return sodium.crypto_pwhash(32, passphrase, salt, passes, memKiB * 1024, sodium.crypto_pwhash_ALG_ARGON2ID13)
}
