import { readFile } from 'node:fs/promises'
import type { BackupIdentity, BackupRecipient } from '../server/features/backups/backup-keys.ts'
import { identitiesFromText, recipientsFor } from '../server/features/backups/backup-keys.ts'
import { StartError } from '../server/start-error.ts'

export const passphraseVariable = 'TRALLIVALLI_BACKUP_PASSPHRASE'
const howToGiveOne = `give --passphrase-file FILE or set ${passphraseVariable}`

export type KeyFlags = {
  recipient?: string[] | undefined
  identity?: string | undefined
  'passphrase-file'?: string | undefined
}

/** Whom a new backup is for: X25519 recipients where given, else whoever knows the passphrase. */
export async function readRecipients(flags: KeyFlags, now: number): Promise<BackupRecipient[]> {
  if (flags.recipient?.length) {
    try {
      return recipientsFor({ publicKeys: flags.recipient }, now)
    } catch {
      throw new StartError('--recipient takes an age public key (age1…): "age-keygen" makes one.')
    }
  }
  const passphrase = (await readPassphrase(flags)) ?? (await askTwice())
  return recipientsFor({ passphrase }, now)
}

/** What opens a backup: an age identity file, or the passphrase. */
export async function readIdentities(flags: KeyFlags): Promise<BackupIdentity[]> {
  const text = flags.identity
    ? await readText(flags.identity)
    : ((await readPassphrase(flags)) ?? (await ask('Passphrase of the backup: ')))
  try {
    return identitiesFromText(text)
  } catch {
    throw new StartError(`${flags.identity ?? 'The key'} is not an age identity (AGE-SECRET-KEY-1…).`)
  }
}

async function readPassphrase(flags: KeyFlags): Promise<string | null> {
  const file = flags['passphrase-file']
  if (file) return (await readText(file)).replace(/\r?\n$/, '')
  return process.env[passphraseVariable] || null
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    throw new StartError(`${path} cannot be read: check its name and its rights.`)
  }
}

async function askTwice(): Promise<string> {
  const first = await ask('New passphrase for this backup: ')
  if (first.length < 8) throw new StartError('A backup passphrase needs at least 8 characters: better six words.')
  if ((await ask('Once more: ')) !== first) throw new StartError('The two passphrases differ: try again.')
  return first
}

/** Reads a line from the terminal without showing it. */
async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new StartError(`A key is needed: ${howToGiveOne}.`)
  process.stderr.write(question)
  process.stdin.setRawMode(true)
  try {
    return await readHiddenLine()
  } finally {
    process.stdin.setRawMode(false)
    process.stdin.pause()
    process.stderr.write('\n')
  }
}

async function readHiddenLine(): Promise<string> {
  let line = ''
  for await (const chunk of process.stdin) {
    for (const character of String(chunk)) {
      if (character === '\r' || character === '\n') return line
      if (character === '\u0003') throw new StartError('Stopped.')
      line = character === '\u007f' ? line.slice(0, -1) : line + character
    }
  }
  return line
}
