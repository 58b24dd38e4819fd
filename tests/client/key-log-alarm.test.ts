import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { AlarmView } from '../../src/client/api.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { signDevicePossession, signLogEntry } from '../../src/crypto/key-log-signing.ts'
import { findUser } from '../../src/crypto/key-log-validator.ts'
import { generateDhKeyPair, generateSigningKeyPair } from '../../src/crypto/keys.ts'
import { systemRandom } from '../../src/crypto/random.ts'
import { leafHash, rootOf } from '../../src/crypto/tree.ts'
import type { LogPage } from '../../src/protocol/devices.ts'
import { fromBase64Url, idToBytes, toBase64Url } from '../../src/protocol/ids.ts'
import { type LogKey, loadLogKey } from '../../src/server/log-key.ts'
import type { HttpMiddle } from '../support/bun-platform.ts'
import { codeOf, type Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'

// Real key derivation on a machine that does other things too.
setDefaultTimeout(60_000)

let home: RealHome
let logKey: LogKey
beforeEach(async () => {
  home = await RealHome.open()
  logKey = await loadLogKey(home.context.database, 0)
})
afterEach(() => home[Symbol.asyncDispose]())

async function entriesOfHome(): Promise<Uint8Array[]> {
  return (await home.context.keyLog.readPage(0)).entries.map((entry) => fromBase64Url(entry)!)
}
/** What an operator who holds the log key can sign. */
function signedPage(entries: Uint8Array[], from: number, time = Date.now() + 1_000): LogPage {
  const head = { size: entries.length, root: rootOf(entries.map(leafHash)), time }
  return { entries: entries.slice(from).map(toBase64Url), treeHead: toBase64Url(logKey.signHead(head)) }
}
/** The log comes from the attacker; everything else is the honest home. */
function serveLog(page: (from: number) => LogPage | Promise<LogPage>): HttpMiddle {
  return async ({ path, init }, forward) => {
    if (init.method !== 'GET' || !path.startsWith('/api/log?')) return forward()
    return { status: 200, json: await page(Number(path.split('=')[1])) }
  }
}
/** A device of `victim` that the victim's root never signed. */
function ghostDevice(victim: Member): Uint8Array {
  const user = findUser(home.context.keyLog.state, idToBytes(victim.accountId))!
  const dsk = generateSigningKeyPair<'device'>()
  const keys = { deviceId: systemRandom(16), dsk: dsk.publicKey, dik: generateDhKeyPair<'device'>().publicKey }
  const possession = signDevicePossession(dsk.secretKey, { userId: user.userId, ...keys, prev: user.head })
  return signLogEntry(generateSigningKeyPair<'root'>().secretKey, {
    ...{ userId: user.userId, useq: user.useq + 1, prev: user.head, signer: { kind: 'root' }, time: Date.now() },
    body: { type: 'device-add', ...keys, caps: 0, possession },
  })
}
function alarmOf(member: Member): AlarmView | null {
  const phase = member.view.phase?.phase
  return phase?.name === 'alarm' ? phase.alarm : null
}

/** Oma, with Papa who is a host too and whose view of the log is then attacked. */
async function omaAndPapa(): Promise<[Member, Member]> {
  const oma = await home.founder()
  const papa = await home.joiner('Papa', oma, 'host')
  return [oma, papa]
}
/** Something that first asks the home for the newest log. */
function ask(member: Member): Promise<string> {
  return codeOf(member.invite('Anybody'))
}

describe('a home that shows', () => {
  test('a head that its log key did not sign rings the alarm, which survives a reload and stops everything', async () => {
    const [, papa] = await omaAndPapa()
    await papa.restart()
    papa.platform.middle = serveLog(async (from) => {
      const page = signedPage(await entriesOfHome(), from)
      const bytes = fromBase64Url(page.treeHead)!
      bytes[143]! ^= 1
      return { ...page, treeHead: toBase64Url(bytes) }
    })
    expect(await ask(papa)).toBe('alarm')
    expect(alarmOf(papa)?.kind).toBe('fork')
    await papa.restart()
    await papa.until('the alarm again', alarmOf)
    expect(await ask(papa)).toBe('alarm')
  })

  test('a device that its person never added rings the alarm and names both', async () => {
    const [oma, papa] = await omaAndPapa()
    await papa.restart()
    const ghost = ghostDevice(oma)
    papa.platform.middle = serveLog(async (from) => signedPage([...(await entriesOfHome()), ghost], from))
    expect(await ask(papa)).toBe('alarm')
    expect(alarmOf(papa)).toMatchObject({ kind: 'bad_entry', personId: oma.accountId })
    expect(alarmOf(papa)?.deviceId).not.toBeNull()
  })

  test('another history than before rings the alarm', async () => {
    const [, papa] = await omaAndPapa()
    await papa.restart()
    papa.platform.middle = serveLog(async (from) => {
      const entries = await entriesOfHome()
      const [first, second, ...rest] = entries
      return signedPage([second!, first!, ...rest], from)
    })
    expect(await ask(papa)).toBe('alarm')
    expect(alarmOf(papa)?.kind).toBe('fork')
  })

  test('less than before under a newer head rings the alarm', async () => {
    const [, papa] = await omaAndPapa()
    await papa.restart()
    papa.platform.middle = serveLog(async () => signedPage((await entriesOfHome()).slice(0, 2), 2, Date.now() + 60_000))
    expect(await ask(papa)).toBe('alarm')
    expect(alarmOf(papa)?.kind).toBe('rollback')
  })

  test('an old head that is a true beginning is no alarm', async () => {
    const [, papa] = await omaAndPapa()
    // Two accounts with a device each, who vouch for each other: nothing more comes by itself.
    for (let tries = 0; (await entriesOfHome()).length < 6 && tries < 200; tries++) await Bun.sleep(50)
    expect(await entriesOfHome()).toHaveLength(6)
    await ask(papa)
    await papa.restart()
    papa.platform.middle = serveLog(async () => signedPage((await entriesOfHome()).slice(0, 2), 2, 1_000))
    expect(await ask(papa)).toBe('it was not refused')
    expect(alarmOf(papa)).toBeNull()
  })
})

describe('a newcomer', () => {
  test('is not let into a home with another log key than the link names', async () => {
    const oma = await home.founder()
    const link = await oma.invite('Papa')
    const other = generateSigningKeyPair<'log'>().publicKey
    const papa = home.visitor('Papa', {
      async middle({ path }, forward) {
        const answer = await forward()
        if (path !== '/api/invites/look') return answer
        return { ...answer, json: { ...(answer.json as object), logPublicKey: toBase64Url(other) } }
      },
    })
    expect(await codeOf(papa.join(link))).toBe('untrusted_server')
    expect(papa.view.phase?.phase.name).toBe('outside')
  })

  test('rings the alarm when the log lacks whoever invited', async () => {
    const oma = await home.founder()
    const link = await oma.invite('Papa')
    // The operator keeps the log key but puts another root in the place of Oma's.
    const fake = generateSigningKeyPair<'root'>()
    const impostor = signLogEntry(fake.secretKey, {
      ...{ userId: idToBytes(oma.accountId), useq: 0, prev: new Uint8Array(32), signer: { kind: 'root' }, time: 1 },
      body: {
        ...{ type: 'genesis', uik: fake.publicKey, backupPkHash: sha256(new Uint8Array(1)) },
        ...{ inviteId: new Uint8Array(16), inviteMac: new Uint8Array(32) },
      },
    })
    const papa = home.visitor('Papa', {
      middle: serveLog(async (from) => {
        const all = await entriesOfHome()
        return signedPage([impostor, ...all.slice(2, 4)], from)
      }),
    })
    expect(await codeOf(papa.join(link))).toBe('untrusted_server')
    expect(alarmOf(papa)).toMatchObject({ kind: 'bad_entry', detail: 'the log does not hold the inviter' })
  })
})
