import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { parseBodyHeader } from '../../src/crypto/body-header.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { jobs, runJob } from '../../src/server/jobs/index.ts'
import { codeOf, type Member } from '../support/member.ts'
import { MovableClock } from '../support/movable-clock.ts'
import { RealHome } from '../support/real-home.ts'
import { conversation, hears, knows, say, shown, thread, untilState, wasTold } from '../support/talk.ts'

setDefaultTimeout(60_000)
const minute = 60_000
const hour = 60 * minute

let clock: MovableClock
let home: RealHome
let oma: Member
let papa: Member
let stranger: Member

beforeEach(async () => {
  clock = new MovableClock()
  home = await RealHome.open({ clock: clock.server })
  oma = await home.visitor('Oma', { clock: clock.client }).found(home.claimToken)
  papa = await home.visitor('Papa', { clock: clock.client }).join(await oma.invite('Papa'))
  stranger = await home.visitor('Stranger', { clock: clock.client }).join(await oma.invite('Stranger'))
  for (const member of [oma, papa, stranger]) await member.inFamily()
})
afterEach(() => home[Symbol.asyncDispose]())

type Row = { body: Uint8Array; expiresAt: number | null }
function rowsAtHome(id: ConversationId): Promise<Row[]> {
  const sql = 'SELECT body, expires_at AS expiresAt FROM messages WHERE conversation_id = ? AND class = 0 ORDER BY seq'
  return home.context.database.all<Row>(sql, id)
}
async function runExpiry(): Promise<void> {
  await runJob(home.context, jobs.find(({ name }) => name === 'delete-expired-messages')!)
}
async function gone(member: Member, id: ConversationId, text: string): Promise<void> {
  await member.until(`"${text}" to be gone`, () => ![...shown(member, id).values()].some((view) => view.text === text))
}
async function setTimer(by: Member, id: ConversationId, seconds: number, others: Member[]): Promise<void> {
  await by.client.setDisappearing(id, seconds)
  for (const member of [by, ...others])
    await member.until('the timer', (self) => conversation(self, id)?.expirySeconds === seconds)
}

describe('a disappearing message between two people', () => {
  test('goes from the sender its time after sending, from the other its time after being seen, and from the home', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await say(oma, id, 'stays')
    await hears(papa, id, 'stays')
    await setTimer(papa, id, 300, [oma])
    const said = await say(oma, id, 'gone soon')
    const view = await hears(papa, id, 'gone soon')
    expect(view).toMatchObject({ expirySeconds: 300, expiresAt: null })
    await untilState(oma, id, said, 'delivered')
    const [stays, brief] = await rowsAtHome(id)
    expect(stays!.expiresAt).toBeNull()
    expect(parseBodyHeader(brief!.body).isEphemeral).toBe(true)
    // Coarse: a full hour, and not sooner than a day.
    expect(brief!.expiresAt! % hour).toBe(0)
    expect(brief!.expiresAt! - clock.now()).toBeGreaterThan(24 * hour - 1)

    clock.move(5 * minute + 1_000)
    await gone(oma, id, 'gone soon')
    expect(await thread(oma, id)).toEqual(['stays', '[timer_changed]'])
    // Papa has not looked yet.
    expect(await thread(papa, id)).toEqual(['stays', '[timer_changed]', 'gone soon'])
    await papa.client.markRead(id, said)
    await papa.until('the timer to run', () => shown(papa, id).get(said)?.expiresAt)
    clock.move(4 * minute)
    expect(await thread(papa, id)).toContain('gone soon')
    clock.move(minute + 1_000)
    await gone(papa, id, 'gone soon')
    expect(await thread(papa, id)).toEqual(['stays', '[timer_changed]'])
    expect(conversation(papa, id)?.preview.text).not.toBe('gone soon')

    clock.move(26 * hour)
    await runExpiry()
    expect(await rowsAtHome(id)).toHaveLength(1)
    expect(stranger.people.length).toBe(3)
    expect(conversation(stranger, id)).toBeNull()
    expect(wasTold(stranger, 'gone soon')).toBe(false)
  })

  test('leaves no key behind: not in the archive, not among kept bodies, not on any device', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await setTimer(oma, id, 300, [papa])
    const said = await say(oma, id, 'secret for five minutes')
    await hears(papa, id, 'secret for five minutes')
    await untilState(oma, id, said, 'delivered')
    await papa.client.markRead(id, said)
    await papa.until('the timer to run', () => shown(papa, id).get(said)?.expiresAt)
    const keptOf = async (member: Member) => {
      const tables = ['keys', 'bodies', 'outbox', 'messages'] as const
      const found: string[] = []
      for (const table of tables) {
        for (const { key } of await member.storage.list(table, {}))
          if (key.includes(said)) found.push(`${table}:${key.slice(0, 2)}`)
      }
      return found
    }
    expect(await keptOf(oma)).toEqual(expect.arrayContaining(['keys:m/', 'keys:x/']))
    const archived = await home.context.database.all('SELECT 1 FROM archive_rows WHERE message_id = ?', said)
    expect(archived).toEqual([])
    clock.move(5 * minute + 1_000)
    for (const member of [oma, papa]) await gone(member, id, 'secret for five minutes')
    for (const member of [oma, papa]) expect(await keptOf(member)).toEqual(['keys:g/'])
    // A new device gets the history, and nothing of this.
    const tablet = home.visitor('Tablet', { clock: clock.client })
    await tablet.client.signIn('oma', oma.passphrase)
    await knows(tablet, id)
    expect((await thread(tablet, id)).filter((line) => !line.startsWith('[timer'))).toEqual([])
    await tablet.until('the timer', (self) => conversation(self, id)?.expirySeconds === 300)
  })

  test('goes at the start of a device that was off when its time came', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await setTimer(oma, id, 3_600, [papa])
    const said = await say(oma, id, 'for an hour')
    await hears(papa, id, 'for an hour')
    await papa.client.markRead(id, said)
    await papa.until('the timer to run', () => shown(papa, id).get(said)?.expiresAt)
    await papa.client[Symbol.asyncDispose]()
    clock.move(hour + 1_000)
    papa.events.length = 0
    await papa.restart({ isCrash: true })
    await knows(papa, id)
    expect(await thread(papa, id)).not.toContain('for an hour')
    expect(wasTold(papa, 'for an hour')).toBe(false)
  })

  test('reaches who was away for hours, and not who was away for longer than the home keeps it', async () => {
    const id = await oma.client.openDirect(papa.accountId)
    await setTimer(oma, id, 300, [papa])
    papa.platform.goOffline()
    await say(oma, id, 'a word')
    clock.move(6 * hour)
    papa.platform.isOffline = false
    papa.client.reconnect()
    await hears(papa, id, 'a word')
    papa.platform.goOffline()
    await say(oma, id, 'a whisper')
    await oma.until('it to be sent', (self) => conversation(self, id)?.preview.state === 'sent')
    clock.move(26 * hour)
    home.context.keyLog.refreshHead()
    await runExpiry()
    await oma.client.setDisappearing(id, 0)
    papa.platform.isOffline = false
    papa.client.reconnect()
    await say(oma, id, 'third')
    await hears(papa, id, 'third')
    expect(wasTold(papa, 'a whisper')).toBe(false)
    expect((await thread(papa, id)).filter((line) => !line.startsWith('['))).toEqual(['a word', 'third'])
  })
})

describe('a disappearing message in a group', () => {
  test('is sealed with a chain of its own, and only admins change the timer', async () => {
    const id = await oma.client.createGroup('Garden', null, [papa.accountId])
    await papa.until('the name', (self) => conversation(self, id)?.title === 'Garden')
    await say(oma, id, 'stays')
    await hears(papa, id, 'stays')
    expect(await codeOf(papa.client.setDisappearing(id, 300))).toBe('not_allowed')
    expect(await codeOf(oma.client.setDisappearing(id, 7))).toBe('bad_request')
    await setTimer(oma, id, 86_400, [papa])
    expect(shown(papa, id)).toBeTruthy()
    await papa.until('a line about it', () =>
      [...shown(papa, id).values()].some(
        ({ notice }) => notice?.kind === 'timer_changed' && notice.actorId === oma.accountId,
      ),
    )
    const said = await say(oma, id, 'a day')
    await hears(papa, id, 'a day')
    await papa.client.markRead(id, said)
    await papa.until('the timer to run', () => shown(papa, id).get(said)?.expiresAt)
    await oma.client.renameGroup(id, 'Orchard')
    await papa.until('the new name', (self) => conversation(self, id)?.title === 'Orchard')
    expect(conversation(papa, id)?.expirySeconds).toBe(86_400)
    await setTimer(oma, id, 0, [papa])
    await say(oma, id, 'stays too')
    await hears(papa, id, 'stays too')
    const rows = await rowsAtHome(id)
    const headers = rows.map(({ body }) => parseBodyHeader(body))
    expect(headers.map(({ isEphemeral }) => isEphemeral)).toEqual([false, true, false])
    const chains = headers.map((header) => (header.mode === 2 ? header.chainId.join() : ''))
    expect(chains[0]).toBe(chains[2]!)
    expect(chains[1]).not.toBe(chains[0]!)
    clock.move(24 * hour + 1_000)
    for (const member of [oma, papa]) await gone(member, id, 'a day')
    for (const member of [oma, papa]) {
      expect((await thread(member, id)).filter((line) => !line.startsWith('['))).toEqual(['stays', 'stays too'])
    }
    expect(conversation(stranger, id)).toBeNull()
    expect(wasTold(stranger, 'a day')).toBe(false)
  })
})
