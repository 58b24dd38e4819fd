import { expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../src/server/config.ts'
import { createContext } from '../../src/server/context.ts'
import { beginIncarnation } from '../../src/server/incarnation.ts'
import { codeOf } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'

setDefaultTimeout(60_000)

/** A copy of the home's data, made while it runs. */
async function backUp(home: RealHome): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'trallivalli-backup-'))
  cpSync(home.folder, folder, { recursive: true })
  for (const tail of ['', '-wal', '-shm'])
    await Bun.file(join(folder, `database.sqlite${tail}`))
      .delete()
      .catch(() => undefined)
  await home.context.database.snapshotTo(join(folder, 'database.sqlite'))
  return folder
}
/** The backup as a home again, at the same address. */
async function restore(folder: string, port: number): Promise<RealHome> {
  const config = readConfig({}, { data: folder, host: '127.0.0.1', tls: 'off', log: 'error' })
  const context = await createContext(config)
  await context.database.transaction((tx) => beginIncarnation(tx, Date.now() - 1_000))
  await context[Symbol.asyncDispose]()
  return RealHome.open({ folder, port })
}

test('a home restored from a backup that is older than a member takes this member back from their own device', async () => {
  const before = await RealHome.open()
  const port = before.server.port!
  const oma = await before.founder()
  await oma.inFamily()
  const backup = await backUp(before)
  const papa = await before.joiner('Papa', oma)
  await papa.inFamily()
  await oma.until('Papa', ({ people }) => people.length === 2)
  before.release()
  await before[Symbol.asyncDispose]()

  await using after = await restore(backup, port)
  for (const member of [oma, papa]) {
    member.client.reconnect()
    await member.until('the restored home', ({ view }) => view.home?.home.restored)
  }
  await papa.until('to be online', ({ view }) => view.connection?.connection.state === 'online')
  expect(papa.view.phase?.phase).toEqual({ name: 'inside' })
  expect(oma.view.phase?.phase).toEqual({ name: 'inside' })
  await oma.client.renameDevice(oma.view.me!.me.deviceId, 'Kitchen')
  expect((await oma.client.listDevices())[0]?.name).toBe('Kitchen')
  // Name, slots and archive keys came back with Papa's device: a new browser gets in by passphrase.
  const tablet = after.visitor('Tablet')
  expect(await codeOf(tablet.client.signIn('papa', papa.passphrase))).toBe('healing')
  await oma.client.dismissRestored()
  await tablet.client.signIn('papa', papa.passphrase)
  expect(tablet.accountId).toBe(papa.accountId)
  for (const member of [oma, papa]) await member[Symbol.asyncDispose]()
})
