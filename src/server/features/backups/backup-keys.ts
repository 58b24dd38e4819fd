import { Decrypter, Encrypter, type Identity, type Recipient } from 'age-encryption'
import { DatedPassphraseRecipient, DateRecipient, PassphraseIdentity } from './backup-header.ts'

export type BackupKey = { passphrase: string } | { publicKeys: readonly string[] }
/** Texts are age public keys (age1…). */
export type BackupRecipient = Recipient | string
/** Texts are age secret keys (AGE-SECRET-KEY-1…). */
export type BackupIdentity = Identity | string

/** Recipients of a new backup. Throws for a public key that is none. */
export function recipientsFor(key: BackupKey, now: number): BackupRecipient[] {
  if ('passphrase' in key) return [new DatedPassphraseRecipient(key.passphrase, now)]
  for (const publicKey of key.publicKeys) new Encrypter().addRecipient(publicKey)
  return [...key.publicKeys, new DateRecipient(now)]
}

/** A typed or pasted key: an age identity (also a whole identity file with comments), anything else is a passphrase. */
export function identitiesFromText(text: string): BackupIdentity[] {
  const lines = text.split('\n').map((line) => line.trim())
  const keys = lines.filter((line) => line.startsWith('AGE-SECRET-KEY-'))
  for (const key of keys) new Decrypter().addIdentity(key)
  return keys.length > 0 ? keys : [new PassphraseIdentity(text.trim())]
}
