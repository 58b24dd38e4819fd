import sodium from 'libsodium-wrappers-sumo'

await sodium.ready
postMessage({ ready: sodium.SODIUM_VERSION_STRING })
