import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AccountView } from '../protocol/accounts.ts'
import { DATABASE_FILE, requireHome } from '../server/data-folder.ts'
import { listAccounts } from '../server/features/accounts/accounts.ts'
import { type MachineHost, makeHostFromMachine } from '../server/features/accounts/machine-hosts.ts'
import { StartError } from '../server/start-error.ts'
import type { Database } from '../server/storage/database.ts'
import { newestDatabaseVersion, readDatabaseVersion } from '../server/storage/migrate.ts'
import { openSqlite } from '../server/storage/sqlite.ts'
import { parseFlags, readDataFolder } from './flags.ts'

/** `trallivalli host [NAME] --data DIR`: lists who is here, or makes a member host; also while the home runs. */
export async function run(args: string[]): Promise<number> {
  const name = args[0]?.startsWith('-') ? undefined : args[0]
  const flags = parseFlags(name === undefined ? args : args.slice(1), { data: { type: 'string' } })
  const dataFolder = readDataFolder(flags.data)
  await requireHome(dataFolder)
  const file = join(dataFolder, DATABASE_FILE)
  // Opening would make an empty one.
  if (!(await isFile(file))) throw new StartError(explain('unfounded', ''))
  await using database = openSqlite(file)
  await requireVersion(database)
  if (name === undefined) return printAccounts(await listAccounts({ database }))
  return await makeHost(database, name.toLowerCase())
}

async function makeHost(database: Database, signInName: string): Promise<number> {
  const outcome = await makeHostFromMachine(database, { signInName, now: Date.now() })
  if (outcome !== 'made') throw new StartError(explain(outcome, signInName))
  console.log(`${signInName} is a host of this home now, on every device that is signed in, and can invite people.`)
  console.log(
    `Somebody who lost every device and key begins anew by an invite: ${signInName} makes it on that person's page, under People.`,
  )
  return 0
}

function explain(outcome: Exclude<MachineHost, 'made'>, signInName: string): string {
  switch (outcome) {
    case 'unfounded':
      return 'This home has no founder yet: open the link that "trallivalli serve" prints.'
    case 'unknown':
      return `Nobody here signs in as ${signInName} (the name of who left is forgotten): "trallivalli host" lists who does.`
    case 'already':
      return `${signInName} is a host already: nothing was changed.`
  }
}

function printAccounts(accounts: readonly AccountView[]): number {
  if (accounts.length === 0) throw new StartError(explain('unfounded', ''))
  const width = Math.max(...accounts.map(({ signInName }) => signInName.length))
  const line = (name: string, what: string) => console.log(`${name.padEnd(width)}  ${what}`)
  for (const { signInName, role } of accounts.filter(isPresent).toSorted(byName)) line(signInName, role)
  // The home keeps no name of theirs.
  for (const { leftAt } of accounts)
    if (leftAt !== null) line('-', `left on ${new Date(leftAt).toISOString().slice(0, 10)}`)
  return 0
}

const isPresent = ({ leftAt }: AccountView) => leftAt === null
const byName = (one: AccountView, other: AccountView) => (one.signInName < other.signInName ? -1 : 1)

// The home may be running: its tables are its own to change.
async function requireVersion(database: Database): Promise<void> {
  const version = await readDatabaseVersion(database)
  if (version === newestDatabaseVersion) return
  const cure =
    version > newestDatabaseVersion ? 'use that version, or a newer one' : 'start the home once with this one'
  throw new StartError(
    `The database is of another version of TralliValli (${version}, not ${newestDatabaseVersion}): ${cure}.`,
  )
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
