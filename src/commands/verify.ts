import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { readBackupHeader } from '../server/features/backups/backup-archive.ts'
import { verifyBackup } from '../server/features/backups/restore.ts'
import { type KeyFlags, readIdentities } from './backup-key.ts'
import { UsageError } from './command.ts'
import { parseFlags } from './flags.ts'
import { describeManifest, showProgress } from './progress.ts'

/** `trallivalli verify FILE`: reads and checks all of it, database included, and changes nothing. */
export async function run(args: string[]): Promise<number> {
  const [name, ...rest] = args
  if (!name || name.startsWith('-')) throw new UsageError('Which backup? Name the file: trallivalli verify FILE.')
  const flags = parseFlags(rest, { identity: { type: 'string' }, 'passphrase-file': { type: 'string' } })
  const file = resolve(name)
  await readBackupHeader(file)
  const scratch = await mkdtemp(join(tmpdir(), 'trallivalli-verify-'))
  try {
    const identities = await readIdentities(flags as KeyFlags)
    const manifest = await verifyBackup({ file, identities, dataFolder: scratch, onProgress: showProgress('Checking') })
    console.log(`${file} is whole. ${describeManifest(manifest)}`)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  return 0
}
