import { expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../src/server/clock.ts'
import { beginIncarnation } from '../../src/server/incarnation.ts'
import { openSqlite } from '../../src/server/storage/sqlite.ts'
import { codeOf } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'

setDefaultTimeout(60_000)

test('a home that was restored where no device finds it opens again for its host, after a while, and for nobody else', async () => {
  let laterMs = 0
  const clock: Clock = { ...systemClock, now: () => Date.now() + laterMs }
  const folder = mkdtempSync(join(tmpdir(), 'trallivalli-alone-'))
  const before = await RealHome.open()
  const oma = await before.founder()
  const papa = await before.joiner('Papa', oma)
  await papa.inFamily()
  await before.context.database.snapshotTo(join(folder, 'database.sqlite'))
  await before[Symbol.asyncDispose]()

  {
    await using database = openSqlite(join(folder, 'database.sqlite'))
    await database.transaction((tx) => beginIncarnation(tx, Date.now() - 1_000))
  }
  await using after = await RealHome.open({ folder, clock })
  expect(after.context.settings.isHealing).toBe(true)
  const omasNew = after.visitor('Oma')
  const papasNew = after.visitor('Papa')
  expect(await codeOf(omasNew.client.signIn('oma', oma.passphrase))).toBe('healing')
  laterMs = 121_000
  expect(await codeOf(papasNew.client.signIn('papa', papa.passphrase))).toBe('healing')
  await omasNew.client.signIn('oma', oma.passphrase)
  expect(omasNew.accountId).toBe(oma.accountId)
  await papasNew.client.signIn('papa', papa.passphrase)
  expect(papasNew.accountId).toBe(papa.accountId)
})
