import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { sealArchiveRow } from '../../src/crypto/archive.ts'
import { generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { sealArchiveKey } from '../../src/crypto/sealed-archive-key.ts'
import type { RecoveryMaterial, RecoveryStart } from '../../src/protocol/accounts.ts'
import { fromBase64Url, idToBytes, toBase64Url } from '../../src/protocol/ids.ts'
import type { InviteCard } from '../../src/protocol/invites.ts'
import { codeOf, type Member } from '../support/member.ts'
import { hears, knows, say, thread } from '../support/talk.ts'
import { Between } from './between.ts'
import { alarmOf, Operator } from './operator.ts'
import { Rogue } from './rogue.ts'

setDefaultTimeout(60_000)

let operator: Operator
let oma: Member
let papa: Member
beforeEach(async () => {
  operator = await Operator.open()
  oma = await operator.home.founder()
  papa = await operator.home.joiner('Papa', oma)
  for (const member of [oma, papa]) await member.inFamily()
})
afterEach(() => operator[Symbol.asyncDispose]())

/** A browser in which Papa signs in, with the operator in between. */
function newBrowser(): { tablet: Member; at: Between } {
  const tablet = operator.home.visitor('Tablet')
  return { tablet, at: new Between(tablet) }
}
/** The sign-in is refused, says why, and leaves no device behind. */
async function isRefused(tablet: Member, secret = papa.passphrase): Promise<void> {
  const devices = (await papa.client.listDevices()).length
  expect(await codeOf(tablet.client.signIn('papa', secret))).toBe('untrusted_server')
  expect(tablet.view.phase?.phase.name).toBe('outside')
  expect((await papa.client.listDevices()).length).toBe(devices)
}
const stretchedIn = (at: Between) => at.requests.filter(({ path }) => path === '/api/recovery/open').length

describe('a home that wants the passphrase', () => {
  /** The 26 bytes before a passphrase slot: kind, version, memory, passes, salt. */
  function withCost(at: Between, memKiB: number, passes: number): void {
    at.answer<RecoveryStart>('POST', /recovery\/start$/, (start) => {
      const front = fromBase64Url(start.slotBeginning)!
      const view = new DataView(front.buffer, front.byteOffset)
      view.setUint32(2, memKiB)
      view.setUint32(6, passes)
      return { ...start, slotBeginning: toBase64Url(front) }
    })
  }

  test.each([
    ['less memory', 8, 3],
    ['one pass', 65_536, 1],
    ['no cost at all', 0, 0],
    ['more memory than any device has', 0xffffffff, 3],
    ['passes that never end', 65_536, 0xffffffff],
    ['a little over the ceiling', 1_048_577, 3],
  ])('by %s in the parameters gets no proof of it', async (_what, memKiB, passes) => {
    const { tablet, at } = newBrowser()
    withCost(at, memKiB, passes)
    await isRefused(tablet)
    expect(stretchedIn(at)).toBe(0)
  })

  test('by calling a passphrase slot a code slot gets no proof of it', async () => {
    const { tablet, at } = newBrowser()
    at.answer<RecoveryStart>('POST', /recovery\/start$/, (start) => {
      const front = new Uint8Array(26)
      front.set([2, 1])
      return { ...start, slotBeginning: toBase64Url(front) }
    })
    await isRefused(tablet)
    expect(stretchedIn(at)).toBe(0)
  })
})

describe('a home that gives a new device', () => {
  const material = (at: Between, change: (honest: RecoveryMaterial) => RecoveryMaterial) =>
    at.answer<RecoveryMaterial>('POST', /recovery\/open$/, change)

  test('the slot of another account, or a changed one, is refused', async () => {
    for (const place of [30, 70]) {
      const { tablet, at } = newBrowser()
      material(at, (honest) => {
        const slot = fromBase64Url(honest.slot)!
        slot[place]! ^= 1
        return { ...honest, slot: toBase64Url(slot) }
      })
      await isRefused(tablet)
    }
  })

  test('an archive key that it sealed itself is refused', async () => {
    const { identity } = await Rogue.of(papa)
    const { tablet, at } = newBrowser()
    const own = { epoch: 1, key: systemRandom(32) }
    // The backup's public key is no secret to who has a device; a device's signature is.
    const maker = {
      ...{ userId: idToBytes(papa.accountId), deviceId: idToBytes(identity.deviceId) },
      dskSecret: generateSigningKeyPair<'device'>().secretKey,
    }
    const record = await sealArchiveKey(maker, identity.backupPublicKey, own, systemRandom)
    material(at, (honest) => ({ ...honest, sealedArchiveKeys: [{ epoch: 1, record: toBase64Url(record) }] }))
    await isRefused(tablet)
  })

  test('no archive key, or one under another epoch, is refused', async () => {
    const first = newBrowser()
    material(first.at, (honest) => ({ ...honest, sealedArchiveKeys: [] }))
    await isRefused(first.tablet)
    const second = newBrowser()
    material(second.at, (honest) => ({
      ...honest,
      sealedArchiveKeys: honest.sealedArchiveKeys.map((sealed) => ({ ...sealed, epoch: sealed.epoch + 1 })),
    }))
    await isRefused(second.tablet)
  })

  test('another person’s account state, or a changed one, is refused', async () => {
    const { tablet, at } = newBrowser()
    material(at, (honest) => ({ ...honest, state: { ...honest.state!, version: honest.state!.version + 1 } }))
    await isRefused(tablet)
  })

  test('another log key is refused, whatever it signs', async () => {
    const { tablet, at } = newBrowser()
    material(at, (honest) => ({ ...honest, logPublicKey: toBase64Url(generateSigningKeyPair<'log'>().publicKey) }))
    await isRefused(tablet)
  })

  test('a log with one entry less than its head says is refused', async () => {
    const { tablet, at } = newBrowser()
    material(at, (honest) => ({ ...honest, entries: honest.entries.slice(0, -1) }))
    await isRefused(tablet)
  })

  test('an older account state puts nothing out of force that a device already holds', async () => {
    const before = await operator.home.context.database.get<{ version: number; sealed: Uint8Array; epoch: number }>(
      'SELECT version, sealed, epoch FROM account_state WHERE account_id = ?',
      papa.accountId,
    )
    const old = { ...before!, sealed: toBase64Url(before!.sealed) }
    await papa.client.renameDevice(papa.view.me!.me.deviceId, 'Kitchen')
    const at = await Between.before(papa)
    at.answer('GET', /account-state$/, () => old)
    await papa.until('the old state', () => at.requests.some(({ path }) => path === '/api/account-state'))
    expect((await papa.client.listDevices())[0]?.name).toBe('Kitchen')
    await papa.client.setProfile('Papa Bear', null)
    expect((await papa.client.listDevices())[0]?.name).toBe('Kitchen')
    expect(alarmOf(papa)).toBeNull()
  })
})

describe('an archive row that is', () => {
  /** Papa's new device reads history by rows that the operator changes. */
  async function historyUnder(change: (rows: Map<string, Uint8Array>) => void): Promise<string[]> {
    const direct = await oma.client.openDirect(papa.accountId)
    for (const words of ['first', 'second', 'third']) await say(oma, direct, words)
    await hears(papa, direct, 'third')
    const { database } = operator.home.context
    const sql = 'SELECT message_id AS id, row FROM archive_rows WHERE account_id = ?'
    const list = () => database.all<{ id: string; row: Uint8Array }>(sql, papa.accountId)
    for (let tries = 0; tries < 50 && (await list()).length < 3; tries++) await Bun.sleep(100)
    const rows = new Map((await list()).map(({ id, row }) => [id, row]))
    expect(rows.size).toBeGreaterThanOrEqual(3)
    change(rows)
    await database.transaction(async (tx) => {
      for (const [id, row] of rows) {
        await tx.run('UPDATE archive_rows SET row = ? WHERE account_id = ? AND message_id = ?', row, papa.accountId, id)
      }
    })
    const { tablet } = newBrowser()
    await tablet.client.signIn('papa', papa.passphrase)
    await knows(tablet, direct)
    await tablet.until('its lines', ({ events }) => events.some((event) => event.type === 'messages'))
    return thread(tablet, direct)
  }

  test('moved to another message opens nothing', async () => {
    const texts = await historyUnder((rows) => {
      const [first, ...rest] = [...rows.values()]
      const moved = [...rest, first!]
      for (const [at, id] of [...rows.keys()].entries()) rows.set(id, moved[at]!)
    })
    expect(texts).not.toContain('first')
    expect(texts).not.toContain('second')
  })

  test('of another person opens nothing', async () => {
    const { database } = operator.home.context
    const texts = await historyUnder((rows) => {
      for (const id of rows.keys()) rows.set(id, systemRandom(92))
    })
    expect(texts).not.toContain('first')
    expect(await database.get('SELECT 1 FROM archive_rows WHERE account_id = ?', oma.accountId)).not.toBeNull()
  })

  test('made by whoever has another archive key opens nothing', async () => {
    const key = { epoch: 1, key: systemRandom(32) }
    const forged = await sealArchiveRow(
      key,
      { userId: idToBytes(papa.accountId), msgId: systemRandom(16) },
      { messageKey: systemRandom(32), bodyHash: systemRandom(32) },
      systemRandom,
    )
    const texts = await historyUnder((rows) => {
      for (const id of rows.keys()) rows.set(id, forged)
    })
    expect(texts).not.toContain('third')
  })
})

describe('an invite', () => {
  test('that is answered with another log key, card or role lets nobody in', async () => {
    const link = await oma.invite('Kid')
    const kid = operator.home.visitor('Kid')
    const at = new Between(kid)
    const fake = toBase64Url(generateSigningKeyPair<'log'>().publicKey)
    at.answer<InviteCard>('POST', /invites\/look$/, (card) => ({ ...card, logPublicKey: fake }))
    expect(await codeOf(kid.join(link))).toBe('untrusted_server')
    at.honest()
    at.answer<InviteCard>('POST', /invites\/look$/, (card) => ({ ...card, card: toBase64Url(systemRandom(120)) }))
    expect(await codeOf(kid.join(link))).toBe('untrusted_server')
    at.honest()
    at.answer<{ logPublicKey: string }>('POST', /^\/api\/accounts$/, (answer) => ({ ...answer, logPublicKey: fake }))
    expect(await codeOf(kid.join(link))).toBe('untrusted_server')
    expect(kid.view.phase?.phase.name).toBe('outside')
  })
})

test('after a stolen device was ended, a new one archives under a key of its own making', async () => {
  const stolen = operator.home.visitor('Stolen')
  await stolen.client.signIn('papa', papa.passphrase)
  const thief = await Rogue.of(stolen)
  await stolen.client.signOut()
  await papa[Symbol.asyncDispose]()
  // The thief, whose device is in the log for ever, seals a key that only the two of them know.
  const planted = { epoch: 50, key: systemRandom(32) }
  const { identity } = thief
  const maker = {
    ...{ userId: idToBytes(papa.accountId), deviceId: idToBytes(identity.deviceId) },
    dskSecret: identity.dsk.secretKey,
  }
  const record = await sealArchiveKey(maker, identity.backupPublicKey, planted, systemRandom)
  const { tablet, at } = newBrowser()
  at.answer<RecoveryMaterial>('POST', /recovery\/open$/, (honest) => ({
    ...honest,
    sealedArchiveKeys: [...honest.sealedArchiveKeys, { epoch: 50, record: toBase64Url(record) }],
  }))
  await tablet.client.signIn('papa', papa.passphrase)
  const family = await tablet.inFamily()
  await tablet.until('a key of its own', () =>
    at.requests.some(({ method, path }) => method === 'PUT' && path === '/api/archive-keys'),
  )
  await Bun.sleep(500)
  await say(tablet, family, 'only for us')
  await hears(oma, family, 'only for us')
  const post = at.sent('post').at(-1)!
  expect(post.archive?.epoch).not.toBe(50)
})
