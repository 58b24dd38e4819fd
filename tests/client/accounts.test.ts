import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { ClientEvent } from '../../src/client/api.ts'
import { codeOf } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'

// Real key derivation on a machine that does other things too.
setDefaultTimeout(60_000)

let home: RealHome
beforeEach(async () => {
  home = await RealHome.open()
})
afterEach(() => home[Symbol.asyncDispose]())

describe('founding', () => {
  test('makes the bearer of the claim token the host, with a kit to keep', async () => {
    const oma = await home.founder()
    expect(oma.view.phase?.phase).toEqual({ name: 'inside' })
    expect(oma.view.me?.me).toMatchObject({ name: 'Oma', signInName: 'oma', role: 'host', isKitConfirmed: false })
    expect(oma.recoveryCode).toMatch(/^([A-Z2-7]{4}-){13}[A-Z2-7]{4}$/)
    expect(oma.people.map(({ name, verified }) => ({ name, verified }))).toEqual([{ name: 'Oma', verified: 'self' }])
    expect(await oma.client.confirmKit('AAAA')).toBe(false)
    expect(await oma.client.confirmKit(oma.recoveryCode.slice(-4).toLowerCase())).toBe(true)
    expect(oma.view.me?.me.isKitConfirmed).toBe(true)
  })

  test('is refused without the token, and once there is a host', async () => {
    const stranger = home.visitor('Stranger')
    expect(await codeOf(stranger.found('x'.repeat(43)))).toBe('bad_claim_token')
    const token = home.claimToken
    await home.founder()
    expect(await codeOf(stranger.found(token))).toBe('already_claimed')
    expect(stranger.view.phase?.phase.name).toBe('outside')
  })

  test('refuses a passphrase that can be guessed before anything is sent', async () => {
    const oma = home.visitor('Oma')
    const weak = oma.client.foundHome(home.claimToken, 'Home', { ...oma.person, passphrase: 'password1' })
    expect(await codeOf(weak)).toBe('weak_passphrase')
    expect(await oma.client.proposePassphrase().then((text) => text.split(' ').length)).toBe(6)
  })

  test('leaves no secret readable in the storage of the device', async () => {
    const oma = await home.founder()
    const dump = Buffer.concat(oma.storage.dump())
    expect(dump.length).toBeGreaterThan(1_000)
    for (const secret of [oma.passphrase, oma.recoveryCode, 'Oma']) expect(dump.includes(secret)).toBe(false)
  })
})

describe('joining', () => {
  test('shows the card before and makes both verified for each other', async () => {
    const oma = await home.founder()
    const link = await oma.invite('Papa', 'host')
    const papa = home.visitor('Papa')
    expect(await papa.client.lookAtInvite(link)).toMatchObject({
      ...{ state: 'usable', homeName: 'Home of the Test', inviterName: 'Oma', inviteeName: 'Papa', role: 'host' },
    })
    await papa.join(link)
    expect(papa.view.me?.me.role).toBe('host')
    const omaSeen = await papa.until('Oma to be verified', ({ people }) =>
      people.find(({ verified }) => verified === 'invite'),
    )
    expect(omaSeen.signInName).toBe('oma')
    await oma.until('Papa to be verified', ({ people }) => people.some(({ verified }) => verified === 'invite'))
  })

  test('says why an invite is no use', async () => {
    const oma = await home.founder()
    const used = await oma.invite('Papa')
    await home.visitor('Papa').join(used)
    const revoked = await oma.client.createInvite({ inviteeName: 'Kid', role: 'member', expiresInMs: 60_000, uses: 1 })
    await oma.client.revokeInvite(revoked.inviteId)
    const stranger = home.visitor('Stranger')
    const states = { used, revoked: revoked.link!, mangled: used.slice(0, -3), unknown: spoil(used) }
    for (const [state, link] of Object.entries(states)) {
      expect(await stranger.client.lookAtInvite(link)).toEqual({ state: state as 'used' })
    }
    expect(await codeOf(stranger.join(used))).toBe('invite_used')
    expect(await codeOf(stranger.join(revoked.link!))).toBe('invite_revoked')
    expect(await codeOf(stranger.join('https://example.org/i#short'))).toBe('bad_invite')
    expect(stranger.people).toEqual([])
    expect((await oma.client.listInvites()).map(({ state, inviteeName }) => [inviteeName, state])).toEqual([
      ['Kid', 'revoked'],
      ['Papa', 'used'],
    ])
  })

  test('is refused for a taken name, and works with another one', async () => {
    const oma = await home.founder()
    const link = await oma.invite('Oma')
    const second = home.visitor('Oma')
    expect(await codeOf(second.join(link))).toBe('name_taken')
    await second.client.joinHome(link, { ...second.person, signInName: 'oma-2' })
    expect(second.view.me?.me.signInName).toBe('oma-2')
  })

  test('of two who hold one link lets one in', async () => {
    const oma = await home.founder()
    const link = await oma.invite('Kid')
    const outcomes = await Promise.all(['Kid', 'Twin'].map((name) => codeOf(home.visitor(name).join(link))))
    expect(outcomes.sort()).toEqual(['invite_used', 'it was not refused'])
  })
})

/** Another secret under the same id. */
function spoil(link: string): string {
  const at = link.indexOf('#') + 30
  return link.slice(0, at) + (link[at] === 'A' ? 'B' : 'A') + link.slice(at + 1)
}

describe('signing in on a new browser', () => {
  for (const kind of ['passphrase', 'recovery code'] as const) {
    test(`with the ${kind} brings the person back as another device`, async () => {
      const oma = await home.founder()
      await oma.client.setProfile('Oma Käthe', null)
      const tablet = home.visitor('Tablet')
      const secret = kind === 'passphrase' ? oma.passphrase : oma.recoveryCode.toLowerCase().replaceAll('-', ' ')
      await tablet.client.signIn('OMA ', secret)
      expect(tablet.view.me?.me).toMatchObject({ accountId: oma.accountId, name: 'Oma Käthe', role: 'host' })
      expect(tablet.view.me?.me.deviceId).not.toBe(oma.view.me!.me.deviceId)
      expect(await tablet.client.listDevices()).toHaveLength(2)
    })
  }

  test('with a wrong secret or name says no more than that', async () => {
    const oma = await home.founder()
    const tablet = home.visitor('Tablet')
    expect(await codeOf(tablet.client.signIn('oma', `${oma.passphrase}!`))).toBe('wrong_key')
    expect(await codeOf(tablet.client.signIn('nobody', oma.passphrase))).toBe('wrong_key')
    const mistyped = oma.recoveryCode.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
    expect(await codeOf(tablet.client.signIn('oma', mistyped))).toBe('bad_recovery_code')
    expect(tablet.view.phase?.phase.name).toBe('outside')
  })

  test('is closed for an hour after five wrong tries', async () => {
    await home.founder()
    const tablet = home.visitor('Tablet')
    for (let count = 0; count < 5; count++)
      expect(await codeOf(tablet.client.signIn('oma', 'wrong one'))).toBe('wrong_key')
    expect(await codeOf(tablet.client.signIn('oma', 'wrong one'))).toBe('too_many_tries')
  })

  test('refuses a home that asks for a cheap stretch of the passphrase', async () => {
    const oma = await home.founder()
    const tablet = home.visitor('Tablet', {
      async middle({ path }, forward) {
        const answer = await forward()
        if (path !== '/api/recovery/start') return answer
        const { accountId, slotBeginning } = answer.json as { accountId: string; slotBeginning: string }
        const front = Buffer.from(slotBeginning, 'base64url')
        front.writeUInt32BE(8, 2)
        return { ...answer, json: { accountId, slotBeginning: front.toString('base64url') } }
      },
    })
    expect(await codeOf(tablet.client.signIn('oma', oma.passphrase))).toBe('untrusted_server')
  })
})

describe('a device', () => {
  test('shows everything it knows after a reload without a network', async () => {
    const oma = await home.founder()
    await home.joiner('Papa', oma)
    await oma.until('Papa', ({ people }) => people.length === 2)
    const before = oma.people.map(({ name, verified }) => ({ name, verified }))
    await oma.restart()
    oma.platform.goOffline()
    await oma.until(
      'the cached people',
      ({ people, view }) => people.length === 2 && view.phase?.phase.name === 'inside',
    )
    expect(oma.people.map(({ name, verified }) => ({ name, verified }))).toEqual(before)
    expect(oma.view.home?.home.name).toBe('Home of the Test')
  })

  test('that signs out is gone from the log and empty', async () => {
    const oma = await home.founder()
    const tablet = home.visitor('Tablet')
    await tablet.client.signIn('oma', oma.passphrase)
    await tablet.client.signOut()
    expect(tablet.view.phase?.phase.name).toBe('outside')
    expect(tablet.storage.dump()).toEqual([])
    expect(await oma.client.listDevices()).toHaveLength(1)
    await tablet.client.signIn('oma', oma.passphrase)
    expect(tablet.view.phase?.phase).toEqual({ name: 'inside' })
  })

  test('can be named, and signed out from another one for good', async () => {
    const oma = await home.founder()
    const tablet = home.visitor('Tablet')
    await tablet.client.signIn('oma', oma.passphrase)
    const { deviceId } = tablet.view.me!.me
    await oma.client.renameDevice(deviceId, 'Kitchen')
    expect((await oma.client.listDevices()).find((device) => device.deviceId === deviceId)?.name).toBe('Kitchen')
    await oma.client.signOutDevice(deviceId)
    await tablet.until('its end', ({ view }) => view.phase?.phase.name === 'removed')
    await tablet.restart()
    const phase = await tablet.until(
      'the phase',
      ({ view }) => view.phase?.phase.name !== 'starting' && view.phase?.phase,
    )
    expect(phase).toEqual({ name: 'removed', reason: 'signed_out' })
  })

  test('and another agree on the safety number', async () => {
    const oma = await home.founder()
    const papa = await home.joiner('Papa', oma)
    await oma.until('Papa', ({ people }) => people.length === 2)
    const seenByOma = await oma.client.safetyNumber(papa.accountId)
    const seenByPapa = await papa.client.safetyNumber(oma.accountId)
    expect(seenByOma.digits).toMatch(/^\d{60}$/)
    expect(seenByOma.digits).toBe(seenByPapa.digits)
    expect(seenByOma.qr).toHaveLength(108)
  })

  test('tells a late subscriber what it told the others', async () => {
    const oma = await home.founder()
    const events: ClientEvent[] = []
    oma.client.subscribe((event) => events.push(event))
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['phase', 'me', 'home', 'people']))
    expect(events[0]).toEqual({ type: 'phase', phase: { name: 'inside' } })
  })
})
