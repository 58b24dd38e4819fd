import { expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../src/server/config.ts'
import { createContext } from '../../src/server/context.ts'
import { beginIncarnation } from '../../src/server/incarnation.ts'
import { codeOf } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, say } from '../support/talk.ts'

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

test('a restored home gets back who certified which chain, so that a device to come shares the history of before', async () => {
  const before = await RealHome.open()
  const port = before.server.port!
  const oma = await before.founder()
  const papa = await before.joiner('Papa', oma)
  for (const member of [oma, papa]) await member.inFamily()
  const backup = await backUp(before)
  const id = await oma.client.createGroup('Garden', null, [papa.accountId])
  await knows(papa, id)
  await oma.client.setHistoryPolicy(id, 'share')
  await papa.until('the policy', (self) => conversation(self, id)?.historyPolicy === 'share')
  await say(papa, id, 'water the roses')
  await hears(oma, id, 'water the roses')
  const archivedIn = async (home: RealHome) => {
    const sql = 'SELECT chain_id AS chain FROM vouchers WHERE account_id = ? AND conversation_id = ? ORDER BY chain_id'
    return home.context.database.all<{ chain: string }>(sql, oma.accountId, id)
  }
  for (let tries = 0; (await archivedIn(before)).length < 2 && tries < 200; tries++) await Bun.sleep(50)
  const archived = await archivedIn(before)
  expect(archived.length).toBeGreaterThanOrEqual(2)
  before.release()
  await before[Symbol.asyncDispose]()

  await using after = await restore(backup, port)
  expect(await archivedIn(after)).toEqual([])
  for (const member of [oma, papa]) {
    member.client.reconnect()
    await member.until('the restored home', ({ view }) => view.home?.home.restored)
  }
  for (let tries = 0; (await archivedIn(after)).length < archived.length && tries < 200; tries++) await Bun.sleep(50)
  expect(await archivedIn(after)).toEqual(archived)
  await oma.client.dismissRestored()
  const kid = await after.joiner('Kid', oma)
  await kid.inFamily()
  const tablet = after.visitor('Tablet')
  await tablet.client.signIn('oma', oma.passphrase)
  await tablet.until('the group', (self) => conversation(self, id)?.isMember)
  for (const member of [oma, papa]) await member[Symbol.asyncDispose]()
  await tablet.client.addMembers(id, [kid.accountId])
  await hears(kid, id, 'water the roses')
})
