import type { Command } from './commands/command.ts'
import { explainFailure } from './commands/failure.ts'
import { runHelp } from './commands/help.ts'
import { StartError } from './server/start-error.ts'

const commands: readonly Command[] = [
  { name: 'serve', summary: 'run the home (also when no command is given)', load: () => import('./commands/serve.ts') },
  {
    name: 'backup',
    summary: 'write one encrypted file that brings everything back',
    load: () => import('./commands/backup.ts'),
  },
  { name: 'verify', summary: 'check a backup file to its last byte', load: () => import('./commands/verify.ts') },
  { name: 'restore', summary: 'put a backup file in place', load: () => import('./commands/restore.ts') },
  {
    name: 'host',
    summary: 'list who is here; with a name, make that member a host',
    load: () => import('./commands/host.ts'),
  },
  { name: 'version', summary: 'print the version', load: () => import('./commands/version.ts') },
  { name: 'help', summary: 'print this', load: async () => ({ run: async () => runHelp(commands) }) },
]

async function main([first = 'serve', ...rest]: string[]): Promise<number> {
  if (first === '--help' || first === '-h' || rest.includes('--help')) return runHelp(commands)
  const isFlag = first.startsWith('-') && first !== '--version'
  const name = isFlag ? 'serve' : first.replace(/^--/, '')
  const command = commands.find((candidate) => candidate.name === name)
  if (!command) throw new StartError(`There is no command "${first}": "trallivalli help" lists what there is.`)
  const { run } = await command.load()
  return run(isFlag ? [first, ...rest] : rest)
}

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  console.error(explainFailure(error) ?? error)
  process.exit(1)
}
