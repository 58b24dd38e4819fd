import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../support/command.ts'
import { codeOf, type Member } from '../support/member.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, say, wasTold } from '../support/talk.ts'

setDefaultTimeout(60_000)

let home: RealHome
beforeEach(async () => {
  home = await RealHome.open()
  // As `serve` marks the folder it opens.
  writeFileSync(join(home.folder, 'trallivalli.json'), JSON.stringify({ kind: 'trallivalli', format: 1, createdAt: 0 }))
})
afterEach(() => home[Symbol.asyncDispose]())

const roleOf = (member: Member) => member.view.me?.me.role
const seen = (member: Member, other: Member) => member.people.find(({ accountId }) => accountId === other.accountId)

test('a founder who lost everything is let in again by a member whom the machine made host, loudly, and is host still', async () => {
  const oma = await home.founder()
  const papa = await home.joiner('Papa', oma)
  const mama = await home.joiner('Mama', oma)
  const stranger = home.visitor('Stranger')
  const family = await oma.inFamily()
  for (const member of [papa, mama]) await member.inFamily()
  await say(oma, family, 'before everything was lost')
  for (const member of [papa, mama]) await hears(member, family, 'before everything was lost')
  // Her phone is at the bottom of the lake, the passphrase forgotten, the kit burnt: nobody else can make invites.
  oma.platform.goOffline()
  const anew = { inviteeName: 'Oma', role: 'member' as const, expiresInMs: 3_600_000, uses: 1 }
  const forOma = { ...anew, forAccount: oma.accountId }
  for (const member of [papa, mama]) expect(await codeOf(member.client.createInvite(forOma))).toBe('not_allowed')

  expect((await runCommand(['host', 'mama', '--data', home.folder])).code).toBe(0)
  // Without a restart of the home or of anybody's page.
  await mama.until('to be host', (self) => roleOf(self) === 'host')
  await papa.until('Mama to be host', (self) => seen(self, mama)?.role === 'host')
  expect(roleOf(papa)).toBe('member')
  const { entries } = await mama.client.listAudit(null)
  expect(entries[0]).toMatchObject({
    event: 'role_changed',
    role: 'host',
    accountId: mama.accountId,
    byAccountId: null,
  })

  const { link } = await mama.client.createInvite(forOma)
  const again = home.visitor('Oma Again')
  const { recoveryCode } = await again.client.joinHome(link!, { ...again.person, signInName: 'ignored' })
  again.recoveryCode = recoveryCode
  expect(again.view.me?.me).toMatchObject({ accountId: oma.accountId, signInName: 'oma', role: 'host' })
  // Loud for the others, and nothing of the past for whoever began anew.
  for (const member of [papa, mama]) {
    await member.until('the notice', (self) => seen(self, oma)?.wasReset)
    expect(seen(member, oma)?.role).toBe('host')
  }
  // Who knew each other by her word alone knows nobody now: her vouches ended with the identity that signed them.
  for (const [member, other] of [
    [papa, mama],
    [mama, papa],
    [papa, oma],
  ] as const)
    expect(seen(member, other)?.verified).toBeNull()
  expect(wasTold(again, 'before everything')).toBe(false)
  await say(papa, family, 'is it really Oma?')
  await hears(mama, family, 'is it really Oma?')
  expect(conversation(again, family)?.isMember ?? false).toBe(false)

  // Mama's invite brought her; Papa, whom she once verified for everybody, compares the numbers at the kitchen table.
  await mama.client.acceptReset(oma.accountId, 'known')
  await papa.client.acceptReset(oma.accountId, 'numbers')
  await again.until('the family', (self) => conversation(self, family)?.isMember)
  await say(papa, family, 'welcome back')
  await hears(again, family, 'welcome back')
  await say(again, family, 'thank you')
  for (const member of [papa, mama]) await hears(member, family, 'thank you')
  expect(wasTold(again, 'is it really Oma?')).toBe(false)
  // Host in deed, not in name alone.
  await again.client.setRole(papa.accountId, 'host')
  await papa.until('to be host', (self) => roleOf(self) === 'host')
  expect((await again.client.createInvite({ ...anew, inviteeName: 'Kid' })).link).toBeString()
  expect(stranger.view.phase?.phase.name).toBe('outside')
  expect(wasTold(stranger, 'welcome back')).toBe(false)
})
