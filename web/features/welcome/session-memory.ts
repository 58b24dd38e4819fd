import { fromBase64Url, toBase64Url } from '../../../src/protocol/ids.ts'

/** Reads what this tab remembers over a reload. Never a passphrase, a key or a recovery code. */
export function recallInTab(key: string): string | null {
  try {
    return sessionStorage.getItem(key)
  } catch (cause) {
    console.warn('session storage is closed', cause)
    return null
  }
}

/** null forgets. A browser that forbids it begins anew after a reload, nothing else. */
export function rememberInTab(key: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, value)
  } catch (cause) {
    console.warn('session storage is closed', cause)
  }
}

/** What a person wrote about themselves so far. */
export type PersonDraft = {
  name: string
  signInName: string
  /** They wrote the sign-in name themselves, so it is no longer derived from the name. */
  isOwnSignInName: boolean
  photo: Uint8Array | null
}

export const emptyDraft: PersonDraft = { name: '', signInName: '', isOwnSignInName: false, photo: null }

export const signInNamePattern = /^[a-z0-9][a-z0-9._-]{1,31}$/

type Fields = Record<string, unknown>
export const textIn = (fields: Fields, name: string) => (typeof fields[name] === 'string' ? fields[name] : '')

/** The object in remembered text; empty for anything else. */
export function parseFields(text: string | null): Fields {
  if (text === null) return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Fields) : {}
  } catch {
    return {}
  }
}

export function readDraft(fields: Fields): PersonDraft {
  const photo = fromBase64Url(textIn(fields, 'photo'))
  return {
    name: textIn(fields, 'name'),
    signInName: textIn(fields, 'signInName'),
    isOwnSignInName: fields['isOwnSignInName'] === true,
    photo: photo?.length ? photo : null,
  }
}

export function writeDraft({ name, signInName, isOwnSignInName, photo }: PersonDraft): Fields {
  return { name, signInName, isOwnSignInName, photo: photo ? toBase64Url(photo) : '' }
}
