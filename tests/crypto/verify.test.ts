import { expect, test } from 'bun:test'
import { dirname, join, relative } from 'node:path'
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
