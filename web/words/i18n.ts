import { createI18n, type params as libraryParams, strings, transform } from '@nanostores/i18n'
import { atom, keepMount, type ReadableAtom } from 'nanostores'
import { recall, remember } from '../preferences.ts'
import { languages } from './languages.ts'

export { count } from '@nanostores/i18n'

export type Language = keyof typeof languages

const isLanguage = (code: string): code is Language => Object.hasOwn(languages, code)

/** The first language of the person's own order that has a catalogue. */
function choose(): Language {
  const wanted = [recall('tv-language'), ...navigator.languages].filter((code) => code !== null)
  return wanted.map((code) => code.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en'
}

export const $language = atom<Language>(choose())

export function setLanguage(language: Language): void {
  remember('tv-language', language)
  $language.set(language)
}

const i18n = createI18n($language, { get: async () => (await import('./de.ts')).german })
type Base = Parameters<typeof i18n>[1]

/** A part of the catalogue: its English words, replaced by the chosen language's. Always loaded, so `get` is enough. */
export function words<Body extends Base>(name: string, english: Body): ReadableAtom<Body> {
  const $words = i18n(name, english)
  keepMount($words)
  return $words
}

/** What another language must give for a part: the same names, with plural forms where English has them. */
export type Translation<Body> = {
  [Name in keyof Body]: Body[Name] extends string ? string : string | Partial<Record<Intl.LDMLPluralRule, string>>
}

/** Like the library's, but a name with `$&` or `{text}` in it is put in as it is. */
export const params = transform((_locale, translation, values: Record<string, string | number>) =>
  strings(translation, (text) => text.replace(/{(\w+)}/g, (whole, name) => String(values[name] ?? whole))),
) as typeof libraryParams

const rightToLeft = /^(ar|fa|he|ur|ckb|ps|sd|ug|yi|dv)\b/

/** Tells the page its language and direction, now and whenever it changes. */
export function applyLanguage(root: HTMLElement): void {
  $language.subscribe((language) => {
    root.lang = language
    root.dir = rightToLeft.test(language) ? 'rtl' : 'ltr'
  })
}
