import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { HttpMiddle } from '../support/bun-platform.ts'
import { codeOf, type Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'

// Real key derivation on a machine that does other things too.
setDefaultTimeout(60_000)

let home: RealHome
beforeEach(async () => {
  home = await RealHome.open()
})
afterEach(() => home[Symbol.asyncDispose]())

/** The home acts, but its answer never arrives. */
function loseAnswerOf(path: string): HttpMiddle {
  return async (request, forward) => {
    const answer = await forward()
    if (request.path === path && request.init.method === 'POST') throw new Error('connection reset')
    return answer
  }
}
/** The request never arrives. */
function loseRequestTo(path: string): HttpMiddle {
  return (request, forward) => (request.path === path ? Promise.reject(new Error('unreachable')) : forward())
}

async function isOneDevice(member: Member): Promise<void> {
  expect(member.view.phase?.phase).toEqual({ name: 'inside' })
  expect(await member.client.listDevices()).toHaveLength(1)
}

describe('a sign-up whose', () => {
  for (const [what, lose] of Object.entries({ answer: loseAnswerOf, request: loseRequestTo })) {
    test(`${what} is lost is finished by the same person after a reload (founding)`, async () => {
      const token = home.claimToken
      const oma = home.visitor('Oma')
      oma.platform.middle = lose('/api/accounts')
      expect(await codeOf(oma.client.foundHome(token, 'Home', oma.person))).toBe('offline')
      await oma.restart()
      const phase = await oma.until('a phase', ({ view }) => view.phase?.phase.name === 'outside' && view.phase.phase)
      expect(phase).toEqual({ name: 'outside', isClaimed: false })
      await oma.found(token, 'Home')
      await isOneDevice(oma)
      expect(oma.recoveryCode).toHaveLength(69)
      const tablet = home.visitor('Tablet')
      await tablet.client.signIn('oma', oma.recoveryCode)
      expect(tablet.accountId).toBe(oma.accountId)
    })

    test(`${what} is lost is finished by the same person after a reload (joining)`, async () => {
      const oma = await home.founder()
      const link = await oma.invite('Papa')
      const papa = home.visitor('Papa')
      papa.platform.middle = lose('/api/accounts')
      expect(await codeOf(papa.join(link))).toBe('offline')
      await papa.restart()
      expect(await papa.client.lookAtInvite(link)).toMatchObject({ state: 'usable', inviteeName: 'Papa' })
      await papa.join(link)
      await isOneDevice(papa)
    })
  }

  test('request was lost can be made anew with another passphrase', async () => {
    const oma = await home.founder()
    const link = await oma.invite('Papa')
    const papa = home.visitor('Papa')
    papa.platform.middle = loseRequestTo('/api/accounts')
    expect(await codeOf(papa.join(link))).toBe('offline')
    papa.platform.middle = null
    const passphrase = 'another long enough passphrase entirely'
    await papa.client.joinHome(link, { ...papa.person, passphrase })
    await isOneDevice(papa)
    const tablet = home.visitor('Tablet')
    await tablet.client.signIn('papa', passphrase)
    expect(tablet.accountId).toBe(papa.accountId)
  })

  test('answer was lost is not finished by another passphrase than the one that counts', async () => {
    const oma = await home.founder()
    const link = await oma.invite('Papa')
    const papa = home.visitor('Papa')
    papa.platform.middle = loseAnswerOf('/api/accounts')
    expect(await codeOf(papa.join(link))).toBe('offline')
    papa.platform.middle = null
    const passphrase = 'another long enough passphrase entirely'
    expect(await codeOf(papa.client.joinHome(link, { ...papa.person, passphrase }))).toBe('wrong_key')
    await papa.join(link)
    await isOneDevice(papa)
  })

  test('browser crashes at any of its commits is finished after a reload', async () => {
    const oma = await home.founder()
    let crashes = 0
    for (let allowed = 0; ; allowed++) {
      const kid = home.visitor(`Kid${allowed}`)
      const link = await oma.invite(kid.name)
      const crashed = kid.storage.crashAfter(allowed).then(() => 'it crashed')
      const code = await Promise.race([codeOf(kid.join(link)), crashed])
      const hasCrashed = kid.storage.hasCrashed
      if (hasCrashed) {
        crashes++
        await kid.restart({ isCrash: true })
        const phase = await kid.until(
          'a phase',
          ({ view }) => view.phase?.phase.name !== 'starting' && view.phase?.phase,
        )
        if (phase.name === 'outside') await kid.join(link)
      } else {
        kid.storage.revive()
        expect(code).toBe('it was not refused')
      }
      await kid.until('to be inside', ({ view }) => view.me && view.phase?.phase.name === 'inside')
      expect(await kid.client.listDevices()).toHaveLength(1)
      if (!hasCrashed || allowed > 12) break
    }
    expect(crashes).toBeGreaterThan(2)
  })
})

describe('a sign-in whose', () => {
  for (const [what, lose] of Object.entries({ answer: loseAnswerOf, request: loseRequestTo })) {
    test(`${what} is lost is finished after a reload`, async () => {
      const oma = await home.founder()
      const tablet = home.visitor('Tablet')
      tablet.platform.middle = lose('/api/devices')
      expect(await codeOf(tablet.client.signIn('oma', oma.passphrase))).toBe('offline')
      await tablet.restart()
      await tablet.client.signIn('oma', oma.passphrase)
      expect(tablet.view.phase?.phase).toEqual({ name: 'inside' })
      expect(await tablet.client.listDevices()).toHaveLength(2)
    })
  }
})
