import { limits } from '../protocol/limits.ts'

const SPELLINGS: readonly [RegExp, string][] = [
  [/ä/g, 'ae'],
  [/ö/g, 'oe'],
  [/ü/g, 'ue'],
  [/ß/g, 'ss'],
  [/æ/g, 'ae'],
  [/ø/g, 'oe'],
  [/å/g, 'aa'],
  [/ł/g, 'l'],
]

/** "Oma Käthe" -> "oma-kaethe". A name without a Latin letter or digit becomes "member"; the home says whether it is free. */
export function spellSignInName(name: string): string {
  let text = name.normalize('NFC').toLowerCase()
  for (const [letter, spelling] of SPELLINGS) text = text.replace(letter, spelling)
  text = text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, limits.maxSignInNameLength)
    .replace(/-+$/, '')
  return text.length >= 2 ? text : `member${text === '' ? '' : `-${text}`}`
}
