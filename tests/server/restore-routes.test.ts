import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RunningHome } from '../../src/commands/running-home.ts'
import { claimTokenHeader, type RestoreSummary, type RestoreUpload, type SetupView } from '../../src/protocol/setup.ts'
import { type Config, readConfig } from '../../src/server/config.ts'
import { DATABASE_FILE, openDataFolder } from '../../src/server/data-folder.ts'
import { makeBackup } from '../../src/server/features/backups/backup.ts'
import { recipientsFor } from '../../src/server/features/backups/backup-keys.ts'
import { makeToken } from '../../src/server/ids.ts'
import { Settings, writeSetting } from '../../src/server/settings.ts'
import { migrate } from '../../src/server/storage/migrate.ts'
import { openSqlite } from '../../src/server/storage/sqlite.ts'

const now = 1_790_000_000_000
const passphrase = 'lamp river stone cloud apple chair'
let root: string
let backup: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tv-restore-'))
  backup = join(root, 'family.tvb')
  const old = join(root, 'old')
  using _folder = await openDataFolder(old)
  {
    await using database = openSqlite(join(old, DATABASE_FILE))
    await migrate(database, { now, snapshotFile: () => join(old, 'unused') })
    await database.transaction(async (tx) => {
      await writeSetting(tx, 'homeName', 'The Lindqvists')
      await tx.run(
        "INSERT INTO accounts (account_id, sign_in_name, role, created_at, wrapped_root_seed) VALUES ('AAAAAAAAAAAAAAAAAAAAAA', 'oma', 'host', ?, x'00')",
        now,
      )
    })
  }
  await makeBackup({ dataFolder: old, target: backup, recipients: recipientsFor({ passphrase }, now), now })
}, 60_000)
afterAll(() => rm(root, { recursive: true, force: true }))

async function startFresh(name: string) {
  const dataFolder = join(root, name)
  const folder = await openDataFolder(dataFolder)
  const env = {
    TRALLIVALLI_HOST: '127.0.0.1',
    TRALLIVALLI_PORT: '0',
    TRALLIVALLI_TLS: 'off',
    TRALLIVALLI_LOG: 'silent',
  }
  const config: Config = readConfig({ ...env, TRALLIVALLI_DATA: dataFolder })
  const home = await RunningHome.open(config)
  const url = `http://127.0.0.1:${home.listening.httpPort}`
  const claim = home.claimToken!
  return {
    ...{ dataFolder, home, url, claim },
    setup: async () => (await (await fetch(`${url}/api/setup`)).json()) as SetupView,
    upload: (body: string | Blob | ReadableStream, token = claim) =>
      fetch(`${url}/api/setup/restore`, { method: 'POST', body, headers: { [claimTokenHeader]: token } }),
    post: (path: string, json: unknown, token = claim) =>
      fetch(`${url}/api/setup/restore/${path}`, {
        method: 'POST',
        body: JSON.stringify(json),
        headers: { 'content-type': 'application/json', [claimTokenHeader]: token },
      }),
    async [Symbol.asyncDispose]() {
      await home[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

async function codeOf(response: Response | Promise<Response>): Promise<string> {
  return ((await (await response).json()) as { error: string }).error
}

async function untilClaimed(setup: () => Promise<SetupView>): Promise<SetupView> {
  for (let tries = 0; tries < 200; tries++) {
    const view = await setup().catch(() => null)
    if (view?.isClaimed) return view
    await Bun.sleep(50)
  }
  throw new Error('the home did not come back')
}

test('a fresh home takes a backup, tells what is in it, and comes back as that home in the same process', async () => {
  await using fresh = await startFresh('fresh')
  expect((await fresh.setup()).isClaimed).toBe(false)
  const uploaded = await fresh.upload(Bun.file(backup))
  expect(uploaded.status).toBe(200)
  const { uploadId, bytes, createdAt } = (await uploaded.json()) as RestoreUpload
  expect({ bytes, createdAt }).toEqual({ bytes: Bun.file(backup).size, createdAt: now })

  expect(await codeOf(fresh.post('open', { uploadId, key: 'not the passphrase at all' }))).toBe('wrong_backup_key')
  const summary = (await (await fresh.post('open', { uploadId, key: passphrase })).json()) as RestoreSummary
  expect(summary).toMatchObject({ homeName: 'The Lindqvists', accountCount: 1, verdict: 'same' })

  expect((await fresh.post('apply', { uploadId, key: passphrase })).status).toBe(202)
  await untilClaimed(fresh.setup)
  expect(fresh.home.claimToken).toBeNull()
  const names = await readdir(fresh.dataFolder)
  expect(names.filter((name) => name.startsWith('.upload-') || name.startsWith('.restoring-'))).toEqual([])
  expect(names.filter((name) => name.startsWith('.before-restore-'))).toHaveLength(1)
  await using database = openSqlite(join(fresh.dataFolder, DATABASE_FILE))
  const settings = await Settings.load(database)
  expect(settings.get('homeName')).toBe('The Lindqvists')
  expect(settings.isHealing).toBe(true)
  expect(await codeOf(fresh.upload('more'))).toBe('already_claimed')
})

test('without the claim token nothing is received, opened or applied', async () => {
  await using fresh = await startFresh('closed')
  const { uploadId } = (await (await fresh.upload(Bun.file(backup))).json()) as RestoreUpload
  const wrong = makeToken()
  expect(await codeOf(fresh.upload(Bun.file(backup), wrong))).toBe('bad_claim_token')
  expect(await codeOf(fresh.post('open', { uploadId, key: passphrase }, wrong))).toBe('bad_claim_token')
  expect(await codeOf(fresh.post('apply', { uploadId, key: passphrase }, wrong))).toBe('bad_claim_token')
  expect((await fresh.post('open', { uploadId, key: passphrase })).status).toBe(200)
  expect((await fresh.setup()).isClaimed).toBe(false)
})

test('what is no backup, and an upload nobody made, are refused in words', async () => {
  await using fresh = await startFresh('nonsense')
  expect(await codeOf(fresh.upload('holiday photos'))).toBe('broken_backup')
  expect(await codeOf(fresh.post('open', { uploadId: crypto.randomUUID(), key: passphrase }))).toBe('not_found')
  expect(await codeOf(fresh.post('open', { uploadId: '../../etc/passwd', key: passphrase }))).toBe('not_found')
})

test('a file larger than any other body passes, piece by piece', async () => {
  await using fresh = await startFresh('large')
  const head = new Uint8Array(await Bun.file(backup).arrayBuffer())
  const piece = new Uint8Array(4 * 1024 * 1024)
  const pieces = 40
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(head),
    async pull(controller) {
      for (let count = 0; count < pieces; count++) {
        controller.enqueue(piece)
        await Bun.sleep(1)
      }
      controller.close()
    },
  })
  const uploaded = await fresh.upload(body)
  expect(uploaded.status).toBe(200)
  expect(((await uploaded.json()) as RestoreUpload).bytes).toBe(head.length + pieces * piece.length)
})
