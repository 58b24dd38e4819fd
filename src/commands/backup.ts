import { stat } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { dirname, resolve } from 'node:path'
import { requireHome } from '../server/data-folder.ts'
import { makeBackup } from '../server/features/backups/backup.ts'
import { StartError } from '../server/start-error.ts'
import { type KeyFlags, readRecipients } from './backup-key.ts'
import { UsageError } from './command.ts'
import { parseFlags, readDataFolder } from './flags.ts'
import { showBytes, showProgress } from './progress.ts'

/** `trallivalli backup --data DIR --out FILE [--recipient age1… | --passphrase-file FILE]`, also while the home runs. */
export async function run(args: string[]): Promise<number> {
  const flags = parseFlags(args, {
    data: { type: 'string' },
    out: { type: 'string' },
    recipient: { type: 'string', multiple: true },
    'passphrase-file': { type: 'string' },
  })
  if (!flags.out) throw new UsageError('Where to? Name the file with --out FILE.')
  const dataFolder = readDataFolder(flags.data)
  await requireHome(dataFolder)
  const now = Date.now()
  const target = resolve(flags.out)
  await requireFolder(dirname(target))
  const recipients = await readRecipients(flags as KeyFlags, now)
  stepBack()
  const { manifest, bytes } = await makeBackup({
    dataFolder,
    target,
    recipients,
    now,
    onProgress: showProgress('Backing up'),
  })
  console.log(
    `${target} holds ${manifest.homeName || 'this home'}: ${manifest.accountCount} people, ${manifest.messageCount} messages, ${showBytes(bytes)}.`,
  )
  return 0
}

/** Those who talk meanwhile come first. On Linux an idle task gives way at once; one of low priority ends its few milliseconds. */
function stepBack(): void {
  setPriority(constants.priority.PRIORITY_LOW)
  try {
    Bun.spawnSync(['chrt', '--all-tasks', '--idle', '--pid', '0', `${process.pid}`], {
      stdout: 'ignore',
      stderr: 'ignore',
    })
  } catch {
    // Not every system has it.
  }
}

async function requireFolder(folder: string): Promise<void> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new StartError(`There is no folder ${folder}: make it first, or name another with --out.`)
}
