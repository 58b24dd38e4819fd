import { settings } from '../server/config.ts'
import { passphraseVariable } from './backup-key.ts'
import type { Command } from './command.ts'

const extras = [
  ['backup --out FILE', 'file to write; the home may run'],
  ['backup --recipient KEY', 'age public key (age1…) that opens it, instead of a passphrase'],
  ['verify FILE', 'backup to check'],
  ['restore FILE', 'backup to put in place; the home must be stopped'],
  ['  --passphrase-file FILE', `file with the passphrase, for all three; or ${passphraseVariable}`],
  ['  --identity FILE', 'age identity (AGE-SECRET-KEY-1…) for verify and restore'],
  ['host NAME', 'sign-in name of the member who becomes a host; the home may run'],
] as const

export function runHelp(commands: readonly Command[]): number {
  const flags = settings.map(({ flag, value }) => `--${flag} ${value}`)
  const labels = [...flags, ...commands.map(({ name }) => name), ...extras.map(([usage]) => usage)]
  const width = Math.max(...labels.map((label) => label.length)) + 2
  const rows = settings.map(({ meaning, fallback, variable }, index) => {
    const ending = fallback ? ` (${fallback})` : ''
    return `  ${flags[index]!.padEnd(width)}${meaning}${ending}\n  ${' '.repeat(width)}${variable}`
  })
  console.log(`TralliValli: your family's own private chat, in one file.

Usage: trallivalli [command] [settings]

Commands
${commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`).join('\n')}

What the commands take, beside --data
${extras.map(([usage, meaning]) => `  ${usage.padEnd(width)}${meaning}`).join('\n')}

Settings, as a flag or as a variable of the environment
${rows.join('\n')}
`)
  return 0
}
