import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { sodiumReady } from '../crypto/verify.ts'
import { AccessTokens } from './access-token.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { KeyLog } from './features/key-log/key-log.ts'
import { deleteExpiredMessages } from './features/messages/expiry.ts'
import { Challenges } from './features/sessions/challenges.ts'
import { ClaimToken } from './features/setup/claim-token.ts'
import { SeenAddresses } from './features/setup/seen-addresses.ts'
import { Hub } from './hub.ts'
import { makeId } from './ids.ts'
import { createLog, type Log } from './log.ts'
import { loadLogKey } from './log-key.ts'
import { createRateLimits, type RateLimits } from './rate-limit.ts'
import { loadSecret } from './secrets.ts'
import { Settings } from './settings.ts'
import type { BlobStore } from './storage/blobs.ts'
import type { Database } from './storage/database.ts'
import { DiskBlobs } from './storage/disk.ts'
import { migrate } from './storage/migrate.ts'
import { openSqlite } from './storage/sqlite.ts'

/** Name of the database in the data folder, and in a backup. */
export const databaseName = 'database.sqlite'

/** Everything that is opened once. Tests put their own clock and log in. */
export interface Context extends AsyncDisposable {
  config: Config
  database: Database
  blobs: BlobStore
  clock: Clock
  log: Log
  hub: Hub
  settings: Settings
  keyLog: KeyLog
  tokens: AccessTokens
  challenges: Challenges
  claim: ClaimToken
  seenAddresses: SeenAddresses
  rateLimits: RateLimits
  /** Keys of keyed hashes: refresh tokens, and answers for names that do not exist. */
  hashKeys: { refreshToken: Uint8Array; madeUp: Uint8Array }
  startedAt: number
  /** Closes the home, runs the work while nothing is open, and opens it again. Absent where nobody could open it. */
  reopen?: (beforeOpening: () => Promise<void>) => Promise<void>
}

export type ContextOverrides = Partial<Pick<Context, 'clock' | 'log' | 'hub' | 'reopen'>>

export async function createContext(config: Config, overrides: ContextOverrides = {}): Promise<Context> {
  await sodiumReady
  const { clock = systemClock, log = createLog(config.logLevel), hub = new Hub() } = overrides
  const database = openSqlite(join(config.dataFolder, databaseName))
  try {
    const now = clock.now()
    const snapshotFile = (version: number) => join(config.dataFolder, `before-migration-${version}-${now}.sqlite`)
    await migrate(database, { now, snapshotFile })
    await deleteExpiredMessages({ database, clock })
    const settings = await loadSettings(database)
    const logKey = await loadLogKey(database, now)
    return {
      ...{ config, clock, log, hub, database, settings, startedAt: now },
      blobs: new DiskBlobs(join(config.dataFolder, 'blobs')),
      ...(overrides.reopen && { reopen: overrides.reopen }),
      keyLog: await KeyLog.load({ database, clock, hub, logKey }),
      tokens: await AccessTokens.load(database, clock),
      challenges: new Challenges(clock),
      claim: await ClaimToken.load(database, config.dataFolder),
      seenAddresses: new SeenAddresses(),
      rateLimits: createRateLimits(clock),
      hashKeys: {
        refreshToken: await loadSecret(database, 'refresh-token', { make: () => randomBytes(32), now }),
        madeUp: await loadSecret(database, 'made-up', { make: () => randomBytes(32), now }),
      },
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    }
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

async function loadSettings(database: Database): Promise<Settings> {
  const settings = await Settings.load(database)
  if (!settings.incarnation) await database.transaction((tx) => settings.set(tx, 'incarnation', makeId()))
  return settings
}
