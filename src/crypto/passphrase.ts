import type { RandomSource } from './random.ts'
import { WORDS } from './wordlist.ts'

/** Words of a generated passphrase (PROTOCOL 4.8). */
export const PASSPHRASE_WORDS = 6

/** A number below `limit` (at most 65,536), each equally likely: values of an incomplete last round are drawn again. */
function drawBelow(limit: number, random: RandomSource): number {
  const fair = 65536 - (65536 % limit)
  for (;;) {
    const [high, low] = random(2)
    const value = high! * 256 + low!
    if (value < fair) return value % limit
  }
}

/** Six words, separated by single spaces: 68 bits with the list of this release. */
export function generatePassphrase(random: RandomSource, words = PASSPHRASE_WORDS): string {
  return Array.from({ length: words }, () => WORDS[drawBelow(WORDS.length, random)]!).join(' ')
}

/** How hard a passphrase is to guess for somebody with the disk of the server; `score` from 0 (none) to 4 (ample). */
export interface PassphraseStrength {
  score: 0 | 1 | 2 | 3 | 4
  bits: number
}

// Argon2id with 64 MiB makes each guess cost about 20 bits more than a plain hash would.
const SCORE_FROM_BITS = [25, 35, 50, 64] as const

const KEYBOARD_ROWS = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1234567890',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertzuiop',
  'azertyuiop',
]
const COMMON = new Set(
  'password passwort passphrase letmein welcome iloveyou admin login secret hello monkey dragon family mum dad love sunshine princess football baseball superman batman master trustno'.split(
    ' ',
  ),
)
const KNOWN_WORD_BITS = Math.log2(WORDS.length)
const COMMON_BITS = 5
const PLAIN_WORD_BITS = 13

/**
 * A rough and rather low estimate: every group of letters counts as one word of a dictionary, digits and marks for what
 * they are, and repetitions, keyboard rows, years and notorious passwords for nearly nothing. It cannot know that a
 * sentence is from a song.
 */
export function estimateStrength(passphrase: string): PassphraseStrength {
  const groups =
    passphrase
      .normalize('NFKC')
      .toLowerCase()
      .match(/\p{L}+|\p{N}+|[^\p{L}\p{N}\s]+/gu) ?? []
  const seen = new Set<string>()
  let bits = 0
  for (const group of groups) {
    bits += seen.has(group) ? 1 : bitsOf(group)
    seen.add(group)
  }
  bits = Math.round(bits)
  const score = SCORE_FROM_BITS.filter((from) => bits >= from).length as PassphraseStrength['score']
  return { score, bits }
}

function bitsOf(group: string): number {
  if (isTrivial(group)) return COMMON_BITS
  if (/^\p{N}+$/u.test(group)) return /^(19|20)\d\d$/.test(group) ? 6 : group.length * Math.log2(10)
  if (!/^\p{L}+$/u.test(group)) return Math.min(group.length, 3) * 4
  const asLetters = distinctCharacters(group) * Math.log2(26)
  if (WORDS.includes(group)) return Math.min(asLetters, KNOWN_WORD_BITS)
  // Longer groups may be words run together, or random letters: somewhere between a word and its letters.
  return Math.min(asLetters, PLAIN_WORD_BITS + Math.max(0, group.length - 8) * 2)
}

function isTrivial(group: string): boolean {
  if (COMMON.has(group) || distinctCharacters(group) <= 1) return true
  const reversed = [...group].reverse().join('')
  return group.length >= 3 && KEYBOARD_ROWS.some((row) => row.includes(group) || row.includes(reversed))
}

function distinctCharacters(group: string): number {
  return new Set(group).size
}
