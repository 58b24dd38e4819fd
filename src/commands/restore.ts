import { resolve } from 'node:path'
import { openDataFolder } from '../server/data-folder.ts'
import { readBackupHeader } from '../server/features/backups/backup-archive.ts'
import { finishSwap } from '../server/features/backups/folder-swap.ts'
import { restoreBackup } from '../server/features/backups/restore.ts'
import { type KeyFlags, readIdentities } from './backup-key.ts'
import { UsageError } from './command.ts'
import { parseFlags, readDataFolder } from './flags.ts'
import { describeManifest, showProgress } from './progress.ts'

/** `trallivalli restore FILE --data DIR`, with the home stopped: what was in the folder is set aside, not deleted. */
export async function run(args: string[]): Promise<number> {
  const [name, ...rest] = args
  if (!name || name.startsWith('-'))
    throw new UsageError('Which backup? Name the file: trallivalli restore FILE --data DIR.')
  const flags = parseFlags(rest, {
    data: { type: 'string' },
    identity: { type: 'string' },
    'passphrase-file': { type: 'string' },
  })
  const file = resolve(name)
  await readBackupHeader(file)
  using folder = await openDataFolder(readDataFolder(flags.data))
  await finishSwap(folder.path)
  const identities = await readIdentities(flags as KeyFlags)
  const { manifest, setAside } = await restoreBackup({
    file,
    identities,
    dataFolder: folder.path,
    now: Date.now(),
    onProgress: showProgress('Restoring'),
  })
  console.log(`Restored. ${describeManifest(manifest)}`)
  if (!folder.isNew) console.log(`What was there before is in ${setAside}; delete it when all is well.`)
  console.log('Start the home with "trallivalli serve": what was said after the backup comes back from the devices.')
  return 0
}
