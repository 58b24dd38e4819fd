import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { escapeHtml } from '../../src/client/export-page.ts'
import { ArchiveTooLarge, crc32, ZipWriter } from '../../src/client/zip.ts'
import { readConfig } from '../../src/server/config.ts'
import { createContext } from '../../src/server/context.ts'
import { beginIncarnation } from '../../src/server/incarnation.ts'
import { exportWords, readZip, takeAll } from '../support/archive.ts'
import { codeOf, type Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, newMessageId, say, thread, untilState } from '../support/talk.ts'

setDefaultTimeout(60_000)

describe('an archive', () => {
  test('has the checksums and places that readers look for', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
    const zip = new ZipWriter(new Date(2026, 10, 18, 9, 36, 12))
    const parts = [zip.add('a.txt', Buffer.from('first')), zip.add('b/Grüße 👋.txt', new Uint8Array(0)), zip.end()]
    expect([...readZip(Buffer.concat(parts))]).toEqual([
      ['a.txt', 'first'],
      ['b/Grüße 👋.txt', ''],
    ])
  })

  test('is refused where it would need another format', () => {
    const zip = new ZipWriter(new Date())
    const fill = () => {
      for (let count = 0; count <= 0xffff; count++) zip.add(`${count}`, new Uint8Array(0))
    }
    expect(fill).toThrow(ArchiveTooLarge)
  })

  test('shows as text whatever somebody wrote', () => {
    expect(escapeHtml(`<img src=x onerror="alert('1')">&\u0000\ud800`)).toBe(
      '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;\ufffd\ufffd',
    )
  })
})

let home: RealHome
let oma: Member
let papa: Member
let kid: Member
beforeEach(async () => {
  home = await RealHome.open()
  oma = await home.founder()
  await oma.inFamily()
  papa = await home.joiner('Papa', oma)
  kid = await home.joiner('Kid', oma)
  for (const member of [papa, kid]) await member.inFamily()
})
afterEach(() => home[Symbol.asyncDispose]())

const fileOf = (files: Map<string, string>, pattern: RegExp) => {
  const name = [...files.keys()].find((key) => pattern.test(key))
  return name === undefined ? null : files.get(name)!
}
const personAt = (member: Member, who: Member) => member.people.find(({ accountId }) => accountId === who.accountId)

describe('what a member takes along', () => {
  test('is everything they can read, in pages without a script and for programs', async () => {
    const family = papa.familyId
    const direct = await papa.client.openDirect(oma.accountId)
    const group = await oma.client.createGroup('Plum <b>cake</b> & co', null, [papa.accountId])
    await knows(papa, group)
    const notes = await papa.client.openDirect(papa.accountId)
    await say(oma, family, 'hello </p><script>alert(1)</script> & "good" morning')
    await hears(papa, family, 'hello </p><script>alert(1)</script> & "good" morning')
    const own = await say(papa, direct, 'שלום Oma\nsecond line')
    await untilState(papa, direct, own, 'delivered')
    await say(papa, notes, 'only mine')
    const secret = await oma.client.openDirect(kid.accountId)
    await say(oma, secret, 'not for Papa')
    await hears(kid, secret, 'not for Papa')
    const { files, stages } = await takeAll(papa)
    expect(stages.at(-1)).toBe('writing')
    const all = [...files.values()].join('\n')
    expect(all).not.toContain('not for Papa')
    const pages = [...files].filter(([name]) => name.endsWith('.html')).map(([, text]) => text)
    expect(pages).toHaveLength(5)
    for (const text of pages) expect(text).not.toMatch(/<script|Plum <b>|<img src=x/)
    const page = fileOf(files, /Home-of-the-Test\/page-001\.html$/) ?? fileOf(files, /Family\/page-001\.html$/)!
    expect(page).toContain('hello &lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;good&quot; morning')
    expect(page).toContain("default-src 'none'")
    expect(page).toContain('<bdi>Oma</bdi>')
    expect(page).toContain('<bdi>Oma</bdi> added <bdi>Papa</bdi>')
    expect(fileOf(files, /-Oma\/page-001\.html$/)).toContain('<p dir="auto">שלום Oma\nsecond line</p>')
    expect(fileOf(files, /Notes-to-self\/page-001\.html$/)).toContain('only mine')
    const json = JSON.parse(fileOf(files, /-Oma\/messages-001\.json$/)!)
    expect(json).toMatchObject({ kind: 'direct', title: 'Oma', disappearingLeftOut: 0 })
    const line = json.messages.find(({ kind }: { kind: string }) => kind === 'text')
    expect(line).toMatchObject({ messageId: own, senderName: 'Papa', text: 'שלום Oma\nsecond line' })
    expect(Date.parse(line.sentAt)).toBeGreaterThan(Date.now() - 60_000)
    const people = JSON.parse(files.get('people.json')!)
    expect(people.map(({ name }: { name: string }) => name).sort()).toEqual(['Kid', 'Oma', 'Papa'])
    expect(JSON.parse(files.get('account.json')!)).toMatchObject({ signInName: 'papa', home: 'Home of the Test' })
    const index = files.get('index.html')!
    const addresses = [...index.matchAll(/href="([^"]+)"/g)].map(([, address]) => decodeURI(address!))
    expect(addresses).toHaveLength(4)
    for (const address of addresses) expect(files.has(address)).toBe(true)
    expect(index).toContain('Plum &lt;b&gt;cake&lt;/b&gt; &amp; co')
    if (process.env['ARCHIVE']) await Bun.write(process.env['ARCHIVE'], (await takeAll(papa)).bytes)
  })

  test('holds the whole history on a device that had only its end, and comes in pieces', async () => {
    const family = papa.familyId
    const texts = Array.from({ length: 450 }, (_, at) => `line ${at} ${'x'.repeat(40)}`)
    for (const text of texts) await oma.client.sendText(family, newMessageId(), text)
    await hears(papa, family, texts.at(-1)!)
    const tablet = home.visitor('Tablet')
    await tablet.client.signIn('papa', papa.passphrase)
    await tablet.until('the newest', (self) => conversation(self, family)?.preview.text === texts.at(-1))
    const { files, stages, largestPart, bytes } = await takeAll(tablet)
    expect(stages).toEqual(['fetching', 'writing'])
    const json = JSON.parse(fileOf(files, /Home-of-the-Test\/messages-001\.json$/)!)
    const said = json.messages.filter(({ kind }: { kind: string }) => kind === 'text')
    expect(said.map(({ text }: { text: string }) => text)).toEqual(texts)
    expect(largestPart).toBeLessThan(bytes.length)
  })

  test('leaves disappearing messages out, and says how many', async () => {
    const direct = await papa.client.openDirect(oma.accountId)
    await say(papa, direct, 'for good')
    await papa.client.setDisappearing(direct, 86_400)
    const shortLived = await say(papa, direct, 'for a day')
    await untilState(papa, direct, shortLived, 'delivered')
    const { files } = await takeAll(papa)
    const page = fileOf(files, /-Oma\/page-001\.html$/)!
    expect(page).toContain('for good')
    expect([...files.values()].join('')).not.toContain('for a day')
    expect(page).toContain('1 short-lived message was left out')
  })

  test('can be stopped, and says when the home cannot be asked', async () => {
    expect(await codeOf(papa.client.nextExportPart())).toBe('bad_request')
    await papa.client.startExport(exportWords)
    await papa.client.nextExportPart()
    await papa.client.cancelExport()
    expect(await codeOf(papa.client.nextExportPart())).toBe('bad_request')
    const family = papa.familyId
    for (let at = 0; at < 230; at++) await oma.client.sendText(family, newMessageId(), `line ${at}`)
    await hears(papa, family, 'line 229')
    const tablet = home.visitor('Tablet')
    await tablet.client.signIn('papa', papa.passphrase)
    await tablet.until('the newest', (self) => conversation(self, family)?.preview.text === 'line 229')
    tablet.platform.goOffline()
    await tablet.until('to be offline', ({ view }) => view.connection?.connection.state === 'offline')
    await tablet.client.startExport(exportWords)
    await tablet.client.nextExportPart()
    expect(await codeOf(tablet.client.nextExportPart())).toBe('offline')
  })
})

describe('somebody who leaves', () => {
  test('is in no group any more, greyed for the others, and nothing of them is on the device', async () => {
    const family = kid.familyId
    const direct = await kid.client.openDirect(papa.accountId)
    const group = await kid.client.createGroup('Treehouse', null, [papa.accountId])
    await say(kid, direct, 'remember me')
    await hears(papa, direct, 'remember me')
    await knows(papa, group)
    const tablet = home.visitor('Tablet')
    await tablet.client.signIn('kid', kid.passphrase)
    await tablet.inFamily()
    expect(await codeOf(kid.client.leaveHome('papa', kid.passphrase))).toBe('bad_request')
    expect(await codeOf(kid.client.leaveHome('kid', 'not the passphrase'))).toBe('wrong_key')
    expect(kid.view.phase?.phase.name).toBe('inside')
    expect(conversation(kid, family)?.isMember).toBe(true)
    const { accountId } = kid
    await kid.client.leaveHome(' Kid ', kid.passphrase)
    expect(kid.view.phase?.phase).toEqual({ name: 'removed', reason: 'left' })
    expect(kid.storage.dump()).toEqual([])
    const end = await tablet.until('its end', ({ view }) => view.phase?.phase.name === 'removed' && view.phase.phase)
    expect(end).toEqual({ name: 'removed', reason: 'account_gone' })
    for (const member of [oma, papa]) {
      const gone = await member.until('Kid to be gone', ({ people }) =>
        people.find((person) => person.accountId === accountId && person.leftAt !== null),
      )
      expect(gone).toMatchObject({ name: 'Kid', signInName: '', isOnline: false })
      await member.until('the family without Kid', (self) => conversation(self, family)?.members.length === 2)
    }
    const treehouse = await papa.until('the group', (self) => {
      const held = conversation(self, group)
      return held?.members.length === 1 ? held : null
    })
    // Papa, who is left, looks after the group.
    expect(treehouse.isAdmin).toBe(true)
    expect(await thread(papa, group)).toContain('[left]')
    expect(await thread(papa, direct)).toContain('remember me')
    expect(await codeOf(papa.client.sendText(direct, newMessageId(), 'are you there?'))).toBe('person_left')
    await say(papa, family, 'Kid is gone')
    await hears(oma, family, 'Kid is gone')
    // A new device of Papa's still opens what Kid said.
    const phone = home.visitor('Phone')
    await phone.client.signIn('papa', papa.passphrase)
    await phone.until('the talk with Kid', (self) => conversation(self, direct)?.preview.text === 'remember me')
    // The name is free, and who takes it is somebody else.
    const again = await home.visitor('Kid').join(await oma.invite('Kid'))
    expect(again.accountId).not.toBe(accountId)
    await again.inFamily()
  })

  test('by the kit, without the other devices, after an answer that got lost', async () => {
    let isLost = false
    kid.platform.middle = async ({ path, init }, forward) => {
      const answer = await forward()
      if (init.method !== 'DELETE' || path !== '/api/accounts/me' || isLost) return answer
      isLost = true
      throw new Error('lost')
    }
    await kid.client.leaveHome('kid', kid.recoveryCode)
    expect(isLost).toBe(true)
    expect(kid.view.phase?.phase).toEqual({ name: 'removed', reason: 'left' })
    await oma.until('Kid to be gone', ({ people }) => people.some(({ leftAt }) => leftAt !== null))
  })

  test('is not the last host, who first makes somebody else one', async () => {
    expect(await codeOf(oma.client.leaveHome('oma', oma.passphrase))).toBe('last_host')
    expect(conversation(oma, oma.familyId)?.isMember).toBe(true)
    expect(await codeOf(oma.client.setRole(oma.accountId, 'member'))).toBe('last_host')
    expect(await codeOf(papa.client.setRole(papa.accountId, 'host'))).toBe('not_allowed')
    const family = oma.familyId
    await oma.client.setRole(papa.accountId, 'host')
    await papa.until('to be host', ({ view }) => view.me?.me.role === 'host')
    await papa.until('to be an admin', (self) => conversation(self, family)?.isAdmin)
    await oma.client.leaveHome('oma', oma.passphrase)
    await papa.until('Oma to be gone', ({ people }) =>
      people.some(({ leftAt, name }) => leftAt !== null && name === 'Oma'),
    )
    const aunt = await home.joiner('Aunt', papa)
    await aunt.inFamily()
  })

  test('does not come back with an older backup', async () => {
    const { accountId } = kid
    const port = home.server.port!
    const backup = mkdtempSync(join(tmpdir(), 'trallivalli-backup-'))
    await home.context.database.snapshotTo(join(backup, 'database.sqlite'))
    await kid.client.leaveHome('kid', kid.passphrase)
    await oma.until('Kid to be gone', ({ people }) => people.some(({ leftAt }) => leftAt !== null))
    home.release()
    await home[Symbol.asyncDispose]()
    const config = readConfig({}, { data: backup, host: '127.0.0.1', tls: 'off', log: 'error' })
    {
      await using context = await createContext(config)
      await context.database.transaction((tx) => beginIncarnation(tx, Date.now() - 1_000))
    }
    home = await RealHome.open({ folder: backup, port })
    const leftAt = async () => {
      const sql = 'SELECT left_at AS leftAt FROM accounts WHERE account_id = ?'
      return (await home.context.database.get<{ leftAt: number | null }>(sql, accountId))!.leftAt
    }
    expect(await leftAt()).toBeNull()
    // Oma's device gives the log back, and with it Kid's own word.
    oma.client.reconnect()
    await oma.until('the restored home', ({ view }) => view.home?.home.restored)
    expect(await leftAt()).toBeNumber()
    await oma.client.dismissRestored()
    expect(await codeOf(home.visitor('Kid').client.signIn('kid', kid.passphrase))).toBe('wrong_key')
    const events = (await oma.client.listAudit(null)).entries.map(({ event }) => event)
    expect(events.slice(0, 3)).toEqual(['healing_ended', 'account_left', 'device_revoked'])
    expect(events).toContain('restored')
    for (const member of [oma, papa]) await member[Symbol.asyncDispose]()
  })
})

describe('the host', () => {
  test('closes an account: access ends at once, and the admins take the person out of every group', async () => {
    const family = kid.familyId
    const group = await papa.client.createGroup('Bees', null, [kid.accountId])
    await knows(kid, group)
    const { accountId } = kid
    const direct = await kid.client.openDirect(papa.accountId)
    await say(kid, direct, 'from Kid')
    await hears(papa, direct, 'from Kid')
    expect(await codeOf(papa.client.removePerson(accountId))).toBe('not_allowed')
    expect(await codeOf(oma.client.removePerson(oma.accountId))).toBe('not_allowed')
    await oma.client.removePerson(accountId)
    const end = await kid.until('the end', ({ view }) => view.phase?.phase.name === 'removed' && view.phase.phase)
    expect(end).toEqual({ name: 'removed', reason: 'account_gone' })
    for (const [member, id] of [
      [oma, family],
      [papa, family],
      [papa, group],
    ] as const) {
      await member.until('Kid out of it', (self) => {
        const held = conversation(self, id)
        return held && !held.members.some((one) => one.accountId === accountId)
      })
    }
    expect(personAt(papa, { accountId } as Member)?.leftAt).toBeNumber()
    await say(papa, family, 'still here')
    await hears(oma, family, 'still here')
    await say(papa, group, 'alone with the bees')
    expect(await codeOf(papa.client.sendText(direct, newMessageId(), 'hello?'))).toBe('person_left')
    expect(kid.events.some((event) => JSON.stringify(event).includes('still here'))).toBe(false)
    await kid.restart()
    await kid.until('the end again', ({ view }) => view.phase?.phase.name === 'removed')
  })

  test('reads what happened, with the names their own device knows', async () => {
    await oma.invite('Aunt')
    await oma.client.setRole(papa.accountId, 'host')
    const { entries, hasMore } = await oma.client.listAudit(null)
    expect(hasMore).toBe(false)
    expect(entries[0]).toMatchObject({ event: 'role_changed', accountId: papa.accountId, byAccountId: oma.accountId })
    expect(entries[1]).toMatchObject({ event: 'invite_made', inviteeName: 'Aunt' })
    expect(entries.at(-1)).toMatchObject({ event: 'account_opened', accountId: oma.accountId })
    expect(await codeOf(kid.client.listAudit(null))).toBe('not_allowed')
  })
})
