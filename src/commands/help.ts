import { settings } from '../server/config.ts'
import type { Command } from './command.ts'

export function runHelp(commands: readonly Command[]): number {
  const flags = settings.map(({ flag, value }) => `--${flag} ${value}`)
  const width = Math.max(...flags.map((flag) => flag.length), ...commands.map(({ name }) => name.length)) + 2
  const rows = settings.map(({ meaning, fallback, variable }, index) => {
    const ending = fallback ? ` (${fallback})` : ''
    return `  ${flags[index]!.padEnd(width)}${meaning}${ending}\n  ${' '.repeat(width)}${variable}`
  })
  console.log(`TralliValli: your family's own private chat, in one file.

Usage: trallivalli [command] [settings]

Commands
${commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`).join('\n')}

Settings, as a flag or as a variable of the environment
${rows.join('\n')}
`)
  return 0
}
