import { sodium, sodiumReady } from '../src/crypto/sodium.ts'

await sodiumReady
postMessage({ ready: sodium.SODIUM_VERSION_STRING })
