import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { findUser } from '../../src/crypto/key-log-validator.ts'
import { idToBytes } from '../../src/protocol/ids.ts'
import { codeOf, type Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'

setDefaultTimeout(60_000)

let home: RealHome
let oma: Member
let papa: Member
let mama: Member

beforeEach(async () => {
  home = await RealHome.open()
  oma = await home.founder()
  papa = await home.joiner('Papa', oma)
  mama = await home.joiner('Mama', oma)
  for (const member of [oma, papa, mama]) await member.inFamily()
  await papa.until('Mama', ({ people }) => people.length === 3)
  await mama.until('Papa', ({ people }) => people.length === 3)
})
afterEach(() => home[Symbol.asyncDispose]())

const verifiedAs = (member: Member, other: Member) =>
  member.people.find(({ accountId }) => accountId === other.accountId)?.verified
const vouchesOf = (member: Member) =>
  findUser(home.context.keyLog.state, idToBytes(member.accountId))!.vouches.map(({ how }) => how)

describe('a safety number', () => {
  test('is the same on both sides, and who compared it is verified on all own devices and in the log', async () => {
    const [ofPapa, ofMama] = await Promise.all([
      papa.client.safetyNumber(mama.accountId),
      mama.client.safetyNumber(papa.accountId),
    ])
    expect(ofPapa.digits).toBe(ofMama.digits)
    expect(ofPapa.digits).toMatch(/^\d{60}$/)
    const tablet = home.visitor('Tablet')
    await tablet.client.signIn('papa', papa.passphrase)
    expect(verifiedAs(papa, mama)).toBe('vouched')
    await papa.client.confirmSafetyNumber(mama.accountId, ofPapa.digits)
    for (const device of [papa, tablet])
      await device.until('Mama checked', (self) => verifiedAs(self, mama) === 'numbers')
    expect(vouchesOf(papa)).toEqual(['invite', 'numbers'])
    // Once is enough.
    await papa.client.confirmSafetyNumber(mama.accountId, ofPapa.digits)
    expect(vouchesOf(papa)).toEqual(['invite', 'numbers'])
    expect(verifiedAs(mama, papa)).toBe('vouched')
  })

  test('that is another is no proof', async () => {
    const { digits } = await papa.client.safetyNumber(oma.accountId)
    expect(await codeOf(papa.client.confirmSafetyNumber(mama.accountId, digits))).toBe('safety_mismatch')
    expect(verifiedAs(papa, mama)).toBe('vouched')
    expect(vouchesOf(papa)).toEqual(['invite'])
  })
})

describe('a safety code', () => {
  test('from the other’s screen verifies, and says so by its own means', async () => {
    const { qr } = await mama.client.safetyNumber(papa.accountId)
    await papa.client.scanSafetyCode(mama.accountId, qr)
    await papa.until('Mama checked', (self) => verifiedAs(self, mama) === 'numbers')
    expect(vouchesOf(papa)).toEqual(['invite', 'qr'])
  })

  test('of somebody else, of nobody or with another log is refused', async () => {
    const { qr: about } = await mama.client.safetyNumber(oma.accountId)
    expect(await codeOf(papa.client.scanSafetyCode(mama.accountId, about))).toBe('safety_mismatch')
    const { qr: own } = await papa.client.safetyNumber(mama.accountId)
    expect(await codeOf(papa.client.scanSafetyCode(mama.accountId, own))).toBe('safety_mismatch')
    expect(await codeOf(papa.client.scanSafetyCode(mama.accountId, new Uint8Array(108)))).toBe('bad_safety_code')
    expect(await codeOf(papa.client.scanSafetyCode(mama.accountId, new Uint8Array(7)))).toBe('bad_safety_code')
    expect(verifiedAs(papa, mama)).toBe('vouched')
    expect(papa.view.phase?.phase.name).toBe('inside')
    const { qr } = await mama.client.safetyNumber(papa.accountId)
    const forked = qr.slice()
    forked[107]! ^= 1
    expect(await codeOf(papa.client.scanSafetyCode(mama.accountId, forked))).toBe('alarm')
    expect(papa.view.phase?.phase).toMatchObject({ name: 'alarm', alarm: { kind: 'fork' } })
    expect(verifiedAs(papa, mama)).toBe('vouched')
  })
})
