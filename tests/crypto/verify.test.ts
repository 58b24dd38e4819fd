import { expect, test } from 'bun:test'
import { createPrivateKey, sign } from 'node:crypto'
import { dirname, join, relative } from 'node:path'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { runSelfTest } from '../../src/crypto/self-test.ts'
import { sodium } from '../../src/crypto/sodium.ts'
import { signSth } from '../../src/crypto/sth-signing.ts'
import * as verify from '../../src/crypto/verify.ts'

const crypto = join(import.meta.dir, '../../src/crypto')

async function reachableFrom(file: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(file)) return found
  found.add(file)
  const source = await Bun.file(file).text()
  for (const [, path] of source.matchAll(/from '(\.[^']+)'/g)) await reachableFrom(join(dirname(file), path!), found)
  return found
}

test('nothing that is reachable from verify.ts makes or uses a secret key', async () => {
  const files = [...(await reachableFrom(join(crypto, 'verify.ts')))].map((file) => relative(crypto, file))
  expect(files).toContain('key-log-validator.ts')
  expect(files).toContain('sodium.ts')
  for (const file of files) {
    expect(file).not.toMatch(/signing|^keys\.ts$|aead|random|\.\./)
    if (file === 'key-types.ts') continue
    const source = await Bun.file(join(crypto, file)).text()
    expect(source, file).not.toMatch(
      /SecretKey|crypto_sign_detached|seed_keypair|_keypair|crypto\.subtle|getRandomValues/,
    )
  }
})

test('verify.ts offers what the server needs', () => {
  expect(Object.keys(verify)).toEqual(
    expect.arrayContaining(['admitEntry', 'admitConversationEntry', 'checkLogin', 'checkPrekey', 'sthSignedBytes']),
  )
})

test('a server that signs by itself what verify.ts gives it makes the same signed head', async () => {
  await verify.sodiumReady
  const seed = systemRandom(32)
  const pair = generateSigningKeyPair<'log'>(seed)
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const head = { size: 3, root: systemRandom(32), time: 1_800_000_000_000 }
  const signature = new Uint8Array(sign(null, verify.sthSignedBytes(pair.publicKey, head), key))
  const sth = verify.encodeSth(pair.publicKey, head, signature)
  expect(sth).toEqual(signSth(pair, head))
  expect(verify.checkSth(pair.publicKey, sth)).toEqual(head)
})

test('the self-test passes on a sound engine, and stops on one that accepts forgeries', async () => {
  await runSelfTest()
  const genuine = sodium.crypto_sign_verify_detached
  try {
    sodium.crypto_sign_verify_detached = () => true
    await expect(runSelfTest()).rejects.toThrow('small order')
  } finally {
    sodium.crypto_sign_verify_detached = genuine
  }
  await runSelfTest()
})
