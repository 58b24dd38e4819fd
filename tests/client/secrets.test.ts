import { describe, expect, test } from 'bun:test'
import { ClientFailure } from '../../src/client/api.ts'
import { readSecret } from '../../src/client/recovery.ts'
import { spellSignInName } from '../../src/client/sign-in-name.ts'
import { generatePassphrase } from '../../src/crypto/passphrase.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { formatRecoveryCode, groupRecoveryCode } from '../../src/crypto/recovery-code.ts'
import { sodiumReady } from '../../src/crypto/sodium.ts'

await sodiumReady

describe('what a person types to sign in', () => {
  test('is a recovery code in every spelling of one', () => {
    const code = systemRandom(32)
    const grouped = groupRecoveryCode(code)
    for (const text of [grouped, grouped.toLowerCase(), grouped.replaceAll('-', ' '), formatRecoveryCode(code)]) {
      expect(readSecret(text)).toEqual({ kind: 'code', code })
    }
  })

  test('is a mistyped code where one character is wrong, missing or twice', () => {
    const grouped = groupRecoveryCode(new Uint8Array(32).fill(7))
    const mistyped = [grouped.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')), grouped.slice(1), `A${grouped}`]
    for (const text of mistyped) expect(() => readSecret(text)).toThrow(ClientFailure)
  })

  test('is a passphrase otherwise, however long its words', () => {
    const proposed = Array.from({ length: 200 }, () => generatePassphrase(systemRandom))
    const long = 'extraordinary circumstances demand unconventional improvisation'
    for (const text of [...proposed, long, 'alpha bravo charlie delta echo foxtrot golf hotel 7', 'Ünï cödé']) {
      expect(readSecret(text)).toEqual({ kind: 'passphrase', passphrase: text })
    }
  })
})

test('a sign-in name is spelled with what the home takes', () => {
  const spelled = {
    'Oma Käthe': 'oma-kaethe',
    '  Jürgen Groß ': 'juergen-gross',
    'Łukasz Ćwik': 'lukasz-cwik',
    'José-María': 'jose-maria',
    Å: 'aa',
    X: 'member-x',
    お母さん: 'member',
  }
  for (const [name, signInName] of Object.entries(spelled)) expect(spellSignInName(name)).toBe(signInName)
  expect(spellSignInName('a'.repeat(80))).toHaveLength(32)
})
