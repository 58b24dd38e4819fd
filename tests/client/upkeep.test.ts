import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { PrekeyCounts, PrekeyUpload } from '../../src/protocol/devices.ts'
import { systemClock } from '../support/bun-platform.ts'
import type { Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'

setDefaultTimeout(60_000)

let home: RealHome
beforeEach(async () => {
  home = await RealHome.open()
})
afterEach(() => home[Symbol.asyncDispose]())

async function epochsOf(member: Member): Promise<number[]> {
  const answer = await member.platform.request('/api/archive-keys', { method: 'GET' })
  return (answer.json as { epoch: number }[]).map(({ epoch }) => epoch)
}
async function countsOf(member: Member): Promise<PrekeyCounts> {
  return (await member.platform.request('/api/prekeys', { method: 'GET' })).json as PrekeyCounts
}
async function waitFor(what: string, ask: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await ask()) return
    await Bun.sleep(50)
  }
  throw new Error(`waited for ${what}`)
}

describe('two devices of one person', () => {
  test('change the shared state at the same time and keep both changes', async () => {
    const oma = await home.founder()
    const tablet = home.visitor('Tablet')
    await tablet.client.signIn('oma', oma.passphrase)
    const [first, second] = [oma.view.me!.me.deviceId, tablet.view.me!.me.deviceId]
    await Promise.all([
      oma.client.renameDevice(first, 'Kitchen'),
      tablet.client.renameDevice(second, 'Tablet'),
      oma.client.setProfile('Oma Käthe', null),
    ])
    for (const member of [oma, tablet]) {
      await member.client.renameDevice(first, 'Kitchen')
      const names = (await member.client.listDevices()).map(({ name }) => name)
      expect(names.sort()).toEqual(['Kitchen', 'Tablet'])
    }
    expect(tablet.view.me!.me.name).toBe('Oma Käthe')
  })

  test('begin a new archive key when a third is gone, and both know it', async () => {
    const oma = await home.founder()
    await oma.inFamily()
    const tablet = home.visitor('Tablet')
    const phone = home.visitor('Phone')
    for (const device of [tablet, phone]) await device.client.signIn('oma', oma.passphrase)
    await oma.until('both devices', ({ view }) => view.connection?.connection.state === 'online')
    expect(await epochsOf(oma)).toEqual([1])
    await phone.client.signOut()
    await waitFor('the second epoch', async () => (await epochsOf(oma)).includes(2))
    // What one seals under the new key the other can open.
    await waitFor('the key at both', async () => {
      const { deviceId } = oma.view.me!.me
      const name = `Kitchen ${Math.random()}`
      await oma.client.renameDevice(deviceId, name)
      const seen = await tablet.client
        .renameDevice(tablet.view.me!.me.deviceId, 'Tablet')
        .then(() => tablet.client.listDevices())
        .catch(() => [])
      return seen.some((device) => device.name === name)
    })
    const later = home.visitor('Later')
    await later.client.signIn('oma', oma.recoveryCode)
    expect(later.view.me?.me.accountId).toBe(oma.accountId)
  })
})

test('a new archive key whose answer was lost is offered again, the same one', async () => {
  const oma = await home.founder()
  await oma.inFamily()
  const phone = home.visitor('Phone')
  await phone.client.signIn('oma', oma.passphrase)
  const records: string[] = []
  oma.platform.middle = async ({ path, init }, forward) => {
    const isPut = path === '/api/archive-keys' && init.method === 'PUT'
    const answer = await forward()
    if (!isPut) return answer
    records.push((init.json as { record: string }).record)
    throw new Error('connection reset')
  }
  await phone.client.signOut()
  await waitFor('the first offer', async () => records.length === 1)
  await oma.restart()
  oma.platform.middle = ({ path, init }, forward) => {
    if (path === '/api/archive-keys' && init.method === 'PUT') records.push((init.json as { record: string }).record)
    return forward()
  }
  await waitFor('the second offer', async () => records.length === 2)
  expect(records[1]).toBe(records[0]!)
  await oma.client.renameDevice(oma.view.me!.me.deviceId, 'Kitchen')
  const later = home.visitor('Later')
  await later.client.signIn('oma', oma.recoveryCode)
  expect((await later.client.listDevices()).map(({ name }) => name)).toContain('Kitchen')
})

describe('prekeys', () => {
  test('are refilled when few are left', async () => {
    const oma = await home.founder()
    const papa = await home.joiner('Papa', oma)
    await papa.inFamily()
    const deviceId = oma.view.me!.me.deviceId
    await home.context.database.transaction((tx) =>
      tx.run("DELETE FROM prekeys WHERE device_id = ? AND kind = 'one-time' AND prekey_id > 5", deviceId),
    )
    expect((await countsOf(oma)).oneTime).toBeLessThan(20)
    await oma.restart()
    await oma.until('to be online', ({ view }) => view.connection?.connection.state === 'online')
    await waitFor('the refill', async () => (await countsOf(oma)).oneTime === 50)
  })

  test('are replaced after a week', async () => {
    const uploads: PrekeyUpload[] = []
    let aheadMs = 0
    const oma = home.visitor('Oma', {
      clock: { now: () => Date.now() + aheadMs, schedule: systemClock.schedule },
      middle({ path, init }, forward) {
        if (path === '/api/prekeys' && init.method === 'PUT') uploads.push(init.json as PrekeyUpload)
        return forward()
      },
    })
    await oma.found(home.claimToken)
    await oma.inFamily()
    await oma.restart()
    await oma.until('to be online', ({ view }) => view.connection?.connection.state === 'online')
    await Bun.sleep(200)
    expect(uploads).toEqual([])
    aheadMs = 7 * 24 * 3_600_000 + 1
    await oma.restart()
    await waitFor('the upload', async () => uploads.length === 1)
    expect(uploads[0]?.replaceAll).toBe(true)
    expect(uploads[0]?.signed?.id).toBe(2)
    expect(uploads[0]?.oneTime).toHaveLength(50)
    expect(uploads[0]?.oneTimeKem).toHaveLength(20)
  })
})
