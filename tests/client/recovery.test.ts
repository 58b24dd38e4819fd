import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createLocalStore } from '../../src/client/local-store.ts'
import { parseBodyHeader } from '../../src/crypto/body-header.ts'
import type { ConversationId, DeviceId } from '../../src/protocol/ids.ts'
import { Between } from '../hostile/between.ts'
import { systemClock } from '../support/bun-platform.ts'
import { codeOf, type Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, say, shown, thread, wasTold } from '../support/talk.ts'

setDefaultTimeout(60_000)

let home: RealHome
let oma: Member
beforeEach(async () => {
  home = await RealHome.open()
  oma = await home.founder()
  await oma.inFamily()
})
afterEach(() => home[Symbol.asyncDispose]())

const deviceOf = (member: Member): DeviceId => member.view.me!.me.deviceId
const isOnline = (member: Member) =>
  member.until('to be online', ({ view }) => view.connection?.connection.state === 'online')

async function epochsOf(member: Member): Promise<number[]> {
  const answer = await member.platform.request('/api/archive-keys', { method: 'GET' })
  return (answer.json as { epoch: number }[]).map(({ epoch }) => epoch)
}
async function waitFor(what: string, ask: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 160; tries++) {
    if (await ask()) return
    await Bun.sleep(50)
  }
  throw new Error(`waited for ${what}`)
}
/** The chain of the newest message this home keeps of the conversation. */
async function newestChain(id: ConversationId): Promise<string> {
  const sql = 'SELECT body FROM messages WHERE conversation_id = ? AND class = 0 ORDER BY seq DESC LIMIT 1'
  const row = await home.context.database.get<{ body: Uint8Array }>(sql, id)
  const header = parseBodyHeader(row!.body)
  if (header.mode !== 2) throw new Error('not a group')
  return Buffer.from(header.chainId).toString('hex')
}
async function signedInAgain(member: Member, name = 'Tablet'): Promise<Member> {
  const device = home.visitor(name)
  await device.client.signIn(member.view.me!.me.signInName, member.passphrase)
  await isOnline(device)
  return device
}

describe('a lost device', () => {
  test('is removed with the passphrase, at once, and reads nothing that comes after', async () => {
    const papa = await home.joiner('Papa', oma)
    const stranger = await home.joiner('Stranger', oma)
    const family = await papa.inFamily()
    const [phone, tablet] = [await signedInAgain(papa, 'Phone'), await signedInAgain(papa, 'Tablet')]
    await tablet.inFamily()
    await phone.inFamily()
    await say(oma, family, 'before')
    for (const device of [papa, phone, tablet]) await hears(device, family, 'before')
    const before = await newestChain(family)
    const held = await oma.storage.list('sessions', {})
    expect(held.map(({ key }) => key)).toContain(deviceOf(phone))
    expect(await epochsOf(papa)).toEqual([1])
    expect(await codeOf(papa.client.removeDevice(deviceOf(phone), 'not the passphrase'))).toBe('wrong_key')
    expect(phone.view.phase?.phase.name).toBe('inside')
    await papa.client.removeDevice(deviceOf(phone), papa.passphrase)
    const phase = await phone.until('its end', ({ view }) => view.phase?.phase.name === 'removed' && view.phase.phase)
    expect(phase).toEqual({ name: 'removed', reason: 'device_removed' })
    expect((await papa.client.listDevices()).map(({ deviceId }) => deviceId)).not.toContain(deviceOf(phone))
    await waitFor('the second epoch', async () => (await epochsOf(papa)).includes(2))
    // Everybody's next words go out on a chain that the phone never got.
    await say(oma, family, 'after')
    for (const device of [papa, tablet, stranger]) await hears(device, family, 'after')
    expect(await newestChain(family)).not.toBe(before)
    await say(tablet, family, 'from the tablet')
    await hears(oma, family, 'from the tablet')
    expect(wasTold(phone, 'after')).toBe(false)
    for (const member of [oma, papa]) {
      const sessions = await member.storage.list('sessions', {})
      expect(sessions.length).toBeGreaterThan(0)
      expect(sessions.map(({ key }) => key)).not.toContain(deviceOf(phone))
    }
    // The other own device knows the new archive key: it writes the shared state under it.
    await waitFor('the key at the tablet', async () => {
      await tablet.client.renameDevice(deviceOf(tablet), 'Kitchen').catch(() => undefined)
      return (await papa.client.listDevices()).length === 2
    })
    const later = home.visitor('Later')
    await later.client.signIn('papa', papa.recoveryCode)
    await later.until('what was said', (self) => conversation(self, family)?.preview.text === 'from the tablet')
    await waitFor('what was said before', async () => (await thread(later, family)).includes('before'))
  })

  test('is removed by the kit as well; this one and a strange one are not', async () => {
    const tablet = await signedInAgain(oma)
    const papa = await home.joiner('Papa', oma)
    expect(await codeOf(oma.client.removeDevice(deviceOf(oma), oma.passphrase))).toBe('not_found')
    expect(await codeOf(oma.client.removeDevice(deviceOf(papa), oma.passphrase))).toBe('not_found')
    await oma.client.removeDevice(deviceOf(tablet), oma.recoveryCode)
    await tablet.until('its end', ({ view }) => view.phase?.phase.name === 'removed')
    expect(await codeOf(tablet.client.listDevices())).toBe('not_signed_in')
    await tablet.client.signIn('oma', oma.passphrase)
    expect(tablet.view.phase?.phase.name).toBe('inside')
  })

  test('is removed by one that has not heard yet of the archive key of the last removal', async () => {
    const [tablet, laptop, phone] = [await signedInAgain(oma), await signedInAgain(oma), await signedInAgain(oma)]
    const gone = [deviceOf(laptop), deviceOf(phone)] as const
    const atTablet = await Between.before(tablet)
    await isOnline(tablet)
    atTablet.toDevice = (frame) => (frame.type === 'envelopes' ? [] : [frame])
    await oma.client.removeDevice(gone[0], oma.passphrase)
    await waitFor('the second epoch', async () => (await epochsOf(oma)).includes(2))
    await tablet.client.removeDevice(gone[1], oma.passphrase)
    expect((await tablet.client.listDevices()).map(({ deviceId }) => deviceId)).not.toContain(gone[1])
    const reason = await phone.until('its end', ({ view }) => view.phase?.phase.name === 'removed' && view.phase.phase)
    expect(reason).toEqual({ name: 'removed', reason: 'device_removed' })
    // Nor does it keep a new device out, which has no name yet.
    const fresh = home.visitor('Fresh')
    const asNew = fresh.client.linkAsNew(null)
    const code = await fresh.until('the code', ({ view }) => view.linking?.linking?.code)
    const linked = tablet.client.linkOther(code)
    await tablet.until('the digits', ({ view }) => view.linking?.linking?.stage === 'comparing')
    await tablet.client.confirmLink('Fresh')
    await Promise.all([asNew, linked])
    expect(fresh.view.phase?.phase).toEqual({ name: 'inside' })
  })

  test('that is signed out is still listed, until it is removed', async () => {
    const tablet = await signedInAgain(oma)
    tablet.platform.goOffline()
    await oma.client.signOutDevice(deviceOf(tablet))
    const entry = async () => (await oma.client.listDevices()).find(({ deviceId }) => deviceId === deviceOf(tablet))
    expect(await entry()).toMatchObject({ isSignedIn: false, lastSeenAt: null })
    await oma.client.removeDevice(deviceOf(tablet), oma.passphrase)
    expect(await entry()).toBeUndefined()
  })
})

test('all other devices are signed out with one word', async () => {
  const others = [await signedInAgain(oma, 'Tablet'), await signedInAgain(oma, 'Phone')]
  await oma.client.signOutOthers()
  for (const device of others) await device.until('its end', ({ view }) => view.phase?.phase.name === 'removed')
  expect(oma.view.phase?.phase.name).toBe('inside')
})

describe('the secrets of a person', () => {
  test('a new passphrase opens, the old one dies, the kit stays', async () => {
    const fresh = 'seven purple elephants dance on toast'
    expect(await codeOf(oma.client.changePassphrase('wrong one', fresh))).toBe('wrong_key')
    expect(await codeOf(oma.client.changePassphrase(oma.passphrase, 'password1'))).toBe('weak_passphrase')
    await oma.client.changePassphrase(oma.passphrase, fresh)
    const tablet = home.visitor('Tablet')
    expect(await codeOf(tablet.client.signIn('oma', oma.passphrase))).toBe('wrong_key')
    await tablet.client.signIn('oma', fresh)
    await home.visitor('Laptop').client.signIn('oma', oma.recoveryCode)
  })

  test('a new kit opens, the old one dies, the passphrase stays', async () => {
    await oma.client.confirmKit(oma.recoveryCode.slice(-4))
    const { recoveryCode } = await oma.client.makeNewKit(oma.recoveryCode)
    expect(oma.view.me?.me.isKitConfirmed).toBe(false)
    expect(await oma.client.confirmKit(oma.recoveryCode.slice(-4))).toBe(false)
    const tablet = home.visitor('Tablet')
    expect(await codeOf(tablet.client.signIn('oma', oma.recoveryCode))).toBe('wrong_key')
    await tablet.client.signIn('oma', recoveryCode)
    // Any own device may ask for it.
    expect(await tablet.client.confirmKit(recoveryCode.slice(-4))).toBe(true)
    await home.visitor('Laptop').client.signIn('oma', oma.passphrase)
  })

  test('after a suspected leak nothing old opens, and nobody else notices', async () => {
    const papa = await home.joiner('Papa', oma)
    const family = await papa.inFamily()
    const tablet = await signedInAgain(oma)
    await say(oma, family, 'before')
    for (const member of [papa, tablet]) await hears(member, family, 'before')
    const fresh = 'seven purple elephants dance on toast'
    const { recoveryCode } = await oma.client.replaceRoot(oma.passphrase, fresh)
    expect(await epochsOf(oma)).toEqual([1, 2])
    const laptop = home.visitor('Laptop')
    expect(await codeOf(laptop.client.signIn('oma', oma.passphrase))).toBe('wrong_key')
    expect(await codeOf(laptop.client.signIn('oma', oma.recoveryCode))).toBe('wrong_key')
    await laptop.client.signIn('oma', recoveryCode)
    await laptop.until('the past', (self) => conversation(self, family)?.preview.text === 'before')
    // The same person for everybody: still verified, no notice, and the conversation goes on.
    await say(papa, family, 'after')
    for (const member of [oma, tablet, laptop]) await hears(member, family, 'after')
    expect(papa.people.find(({ signInName }) => signInName === 'oma')).toMatchObject({
      ...{ verified: 'invite', wasReset: false },
    })
    // The new root is the one that counts, also for the other device, and new keys are sealed to the new backup.
    await tablet.client.removeDevice(deviceOf(laptop), fresh)
    await waitFor('the third epoch', async () => (await epochsOf(oma)).includes(3))
    const last = home.visitor('Last')
    await last.client.signIn('oma', fresh)
    await last.until('the past', (self) => conversation(self, family)?.preview.text === 'after')
  })

  test('the kit is asked for after two weeks, then every three months', async () => {
    let aheadMs = 0
    const papa = home.visitor('Papa', { clock: { ...systemClock, now: () => Date.now() + aheadMs } })
    await papa.join(await oma.invite('Papa'))
    const day = 24 * 3_600_000
    const isDueAfter = async (days: number) => {
      aheadMs = days * day
      await papa.restart()
      await papa.until('who I am', ({ view }) => view.me)
      return papa.view.me!.me.isKitDue
    }
    expect(await papa.client.confirmKit(papa.recoveryCode.slice(-4))).toBe(true)
    expect(await isDueAfter(13)).toBe(false)
    expect(await isDueAfter(15)).toBe(true)
    await papa.client.dismissKitReminder()
    expect(papa.view.me!.me.isKitDue).toBe(false)
    expect(await isDueAfter(60)).toBe(false)
    expect(await isDueAfter(15 + 92)).toBe(true)
    expect(await papa.client.confirmKit('AAAA')).toBe(false)
    expect(await papa.client.confirmKit(papa.recoveryCode.slice(-4))).toBe(true)
    expect(papa.view.me!.me.isKitDue).toBe(false)
  })
})

test('an archive key that sealed its million rows is replaced', async () => {
  const store = createLocalStore(oma.platform)
  const row = await store.get<object>('device', 'archive-keys')
  await oma.client[Symbol.asyncDispose]()
  await store.commit([{ table: 'device', key: 'archive-keys', value: { ...row, rows: 2 ** 20 } }])
  await oma.restart()
  await waitFor('the second epoch', async () => (await epochsOf(oma).catch((): number[] => [])).includes(2))
})

describe('somebody who lost everything', () => {
  async function beginAnew(name: string, inviter: Member, former: Member): Promise<Member> {
    const { link } = await inviter.client.createInvite({
      ...{ inviteeName: name, role: 'member', expiresInMs: 3_600_000, uses: 1, forAccount: former.accountId },
    })
    const again = home.visitor(name)
    expect(await again.client.lookAtInvite(link!)).toMatchObject({ state: 'usable', forSignInName: 'kid' })
    const { recoveryCode } = await again.client.joinHome(link!, { ...again.person, signInName: 'ignored' })
    again.recoveryCode = recoveryCode
    return again
  }

  test('begins anew, loudly; contacts decide, and the family takes them in again', async () => {
    const papa = await home.joiner('Papa', oma)
    const kid = await home.joiner('Kid', oma)
    const family = await kid.inFamily()
    await papa.inFamily()
    const direct = await papa.client.openDirect(kid.accountId)
    await say(papa, direct, 'our secret')
    await hears(kid, direct, 'our secret')
    await oma.until('Kid to be verified', ({ people }) =>
      people.some(({ signInName, verified }) => signInName === 'kid' && verified === 'invite'),
    )
    const again = await beginAnew('Kid Again', oma, kid)
    // The device of before is over and says why.
    const phase = await kid.until('its end', ({ view }) => view.phase?.phase.name === 'removed' && view.phase.phase)
    expect(phase).toEqual({ name: 'removed', reason: 'began_anew' })
    expect(again.view.me?.me).toMatchObject({ accountId: kid.accountId, signInName: 'kid', role: 'member' })
    for (const member of [oma, papa]) {
      const seen = await member.until('the notice', ({ people }) => people.find(({ wasReset }) => wasReset))
      expect(seen.signInName).toBe('kid')
    }
    expect(await codeOf(papa.client.sendText(direct, 'AAAAAAAAAAAAAAAAAAAAAA' as never, 'hello?'))).toBe('was_reset')
    await say(papa, family, 'is it really Kid?')
    await hears(oma, family, 'is it really Kid?')
    expect(conversation(again, family)?.isMember ?? false).toBe(false)
    expect(wasTold(again, 'is it really Kid?')).toBe(false)
    // Who invited Kid looks first: vouched for again, and back in the family.
    await oma.client.acceptReset(kid.accountId, 'known')
    expect(oma.people.find(({ signInName }) => signInName === 'kid')?.wasReset).toBe(false)
    await again.until('the family', (self) => conversation(self, family)?.isMember)
    await say(oma, family, 'welcome back')
    await hears(again, family, 'welcome back')
    await say(again, family, 'thank you')
    await hears(oma, family, 'thank you')
    await hears(papa, family, 'thank you')
    // Papa's notice is Papa's to settle.
    expect(papa.people.find(({ signInName }) => signInName === 'kid')?.wasReset).toBe(true)
    await papa.client.acceptReset(kid.accountId, 'numbers')
    expect(papa.people.find(({ signInName }) => signInName === 'kid')).toMatchObject({
      ...{ wasReset: false, verified: 'numbers' },
    })
    await say(papa, direct, 'good to have you')
    await hears(again, direct, 'good to have you')
    expect([...shown(again, direct).values()].map(({ text }) => text)).not.toContain('our secret')
    const tablet = home.visitor('Tablet')
    expect(await codeOf(tablet.client.signIn('kid', kid.passphrase))).toBe('wrong_key')
    await tablet.client.signIn('kid', again.passphrase)
    expect(tablet.view.me?.me.accountId).toBe(kid.accountId)
  })

  test('needs an invite for that very person, and such a one opens nothing else', async () => {
    const kid = await home.joiner('Kid', oma)
    await kid.inFamily()
    const ordinary = await oma.invite('Stranger')
    const stranger = home.visitor('Stranger')
    expect(await stranger.client.lookAtInvite(ordinary)).toMatchObject({ state: 'usable', forSignInName: null })
    await again(ordinary)
    await stranger.join(ordinary)
    expect(stranger.accountId).not.toBe(kid.accountId)
    expect(kid.view.phase?.phase.name).toBe('inside')
    const options = { inviteeName: 'Kid', role: 'member' as const, expiresInMs: 3_600_000, forAccount: kid.accountId }
    expect(await codeOf(oma.client.createInvite({ ...options, uses: 2 }))).toBe('bad_request')
    expect(await codeOf(kid.client.createInvite({ ...options, uses: 1 }))).toBe('not_allowed')

    /** An ordinary invite shows nobody's account. */
    async function again(link: string): Promise<void> {
      const { parseLink } = await import('../../src/client/invite-look.ts')
      const { inviteAuth } = await import('../../src/crypto/invite.ts')
      const { toBase64Url } = await import('../../src/protocol/ids.ts')
      const { inviteId, inviteSecret } = parseLink(link)
      const json = { inviteId: toBase64Url(inviteId), inviteAuth: toBase64Url(inviteAuth(inviteSecret)) }
      const answer = await stranger.platform.request('/api/accounts/former', { method: 'POST', json })
      expect(answer).toMatchObject({ status: 409, json: { error: 'invite_for_other' } })
    }
  })
})
