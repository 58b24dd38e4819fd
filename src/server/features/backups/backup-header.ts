import { randomBytes, scryptSync } from 'node:crypto'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { type Identity, type Recipient, Stanza } from 'age-encryption'

/**
 * What a backup says to whoever holds it without its key: the format's version and the date, and nothing else.
 * age allows no fields of our own, so they stand where a stock `age` looks past them: for a recipient in a stanza of an unknown kind,
 * for a passphrase (whose stanza must stand alone) in the scrypt salt: "TV" | version u8 | epoch milliseconds u48 | random 7.
 */
export type BackupHeader = { formatVersion: number; createdAt: number; keyKind: 'passphrase' | 'recipient' }

export const BACKUP_FORMAT_VERSION = 1
const datedStanza = 'trallivalli-backup'
const scryptLabel = 'age-encryption.org/v1/scrypt'
const workFactor = 16
const maxWorkFactor = 20
const zeroNonce = new Uint8Array(12)

/** A passphrase recipient whose salt carries the version and date (it stays unique by its random part and the time). */
export class DatedPassphraseRecipient implements Recipient {
  constructor(
    private readonly passphrase: string,
    private readonly createdAt: number,
  ) {}

  wrapFileKey(fileKey: Uint8Array): Stanza[] {
    const salt = randomBytes(16)
    salt.write('TV', 0, 'ascii')
    salt.writeUInt8(BACKUP_FORMAT_VERSION, 2)
    salt.writeUIntBE(this.createdAt, 3, 6)
    const body = chacha20poly1305(wrappingKey(this.passphrase, salt, workFactor), zeroNonce).encrypt(fileKey)
    return [new Stanza(['scrypt', base64(salt), String(workFactor)], body)]
  }
}

/** The counterpart; the derivation is native, so that a small machine is not held for seconds. */
export class PassphraseIdentity implements Identity {
  constructor(private readonly passphrase: string) {}

  unwrapFileKey(stanzas: Stanza[]): Uint8Array | null {
    const stanza = stanzas.find((candidate) => candidate.args[0] === 'scrypt')
    if (!stanza || stanzas.length !== 1) return null
    const factor = Number(stanza.args[2])
    if (!Number.isInteger(factor) || factor < 1 || factor > maxWorkFactor || stanza.body.length !== 32) return null
    const key = wrappingKey(this.passphrase, Buffer.from(stanza.args[1] ?? '', 'base64'), factor)
    try {
      return chacha20poly1305(key, zeroNonce).decrypt(stanza.body)
    } catch {
      return null
    }
  }
}

/** Adds version and date beside X25519 recipients, as a stanza every age implementation skips. */
export class DateRecipient implements Recipient {
  constructor(private readonly createdAt: number) {}

  wrapFileKey(): Stanza[] {
    return [
      new Stanza([datedStanza, String(BACKUP_FORMAT_VERSION), String(this.createdAt)], new Uint8Array(randomBytes(16))),
    ]
  }
}

/** Reads the beginning of a file; null when it is not one of our backups. Needs the first 4 KiB at most. */
export function parseBackupHeader(beginning: Uint8Array): BackupHeader | null {
  const lines = Buffer.from(beginning).toString('latin1').split('\n')
  if (lines[0] !== 'age-encryption.org/v1') return null
  for (const line of lines) {
    if (!line.startsWith('-> ')) continue
    const [kind, first, second] = line.slice(3).split(' ')
    if (kind === 'scrypt') return headerFromSalt(Buffer.from(first ?? '', 'base64'))
    if (kind === datedStanza) return checkedHeader(Number(first), Number(second), 'recipient')
  }
  return null
}

function headerFromSalt(salt: Buffer): BackupHeader | null {
  if (salt.length !== 16 || salt.toString('ascii', 0, 2) !== 'TV') return null
  return checkedHeader(salt.readUInt8(2), salt.readUIntBE(3, 6), 'passphrase')
}

function checkedHeader(
  formatVersion: number,
  createdAt: number,
  keyKind: BackupHeader['keyKind'],
): BackupHeader | null {
  if (!Number.isSafeInteger(formatVersion) || !Number.isSafeInteger(createdAt)) return null
  return { formatVersion, createdAt, keyKind }
}

function wrappingKey(passphrase: string, salt: Buffer, factor: number): Buffer {
  const options = { N: 2 ** factor, r: 8, p: 1, maxmem: 2 ** factor * 1024 + 64 * 1024 * 1024 }
  return scryptSync(passphrase, Buffer.concat([Buffer.from(scryptLabel), salt]), 32, options)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
