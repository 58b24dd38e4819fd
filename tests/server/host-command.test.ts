import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEntry } from '../../src/protocol/audit.ts'
import { DATABASE_FILE, openDataFolder } from '../../src/server/data-folder.ts'
import { lookEveryMs } from '../../src/server/features/accounts/machine-hosts.ts'
import { type RunningApp, startApp } from '../support/app.ts'
import { runCommand } from '../support/command.ts'
import { foundHome, InviteLink, inviteMember, type Newcomer } from '../support/newcomer.ts'
import { RawSocket } from '../support/raw-socket.ts'

setDefaultTimeout(30_000)

let root: string
let folder: string
let running: RunningApp
let oma: Newcomer
let papa: Newcomer
let kid: Newcomer

async function start(): Promise<RunningApp> {
  using _made = await openDataFolder(folder)
  return startApp({ folder })
}
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'trallivalli-host-'))
  folder = join(root, 'home')
  running = await start()
})
afterEach(async () => {
  await running[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

async function found(): Promise<void> {
  oma = await foundHome(running)
  papa = await inviteMember(oma, 'papa')
  kid = await inviteMember(oma, 'kid')
}
const host = (...args: string[]) => runCommand(['host', ...args, '--data', folder])
const rolesHere = () =>
  running.context.database.all<{ name: string; role: string }>(
    'SELECT sign_in_name AS name, role FROM accounts ORDER BY sign_in_name',
  )
const socketOf = async (who: Newcomer) => {
  const cookie = [...who.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const socket = new RawSocket(running.origin, { cookie, origin: running.origin })
  await socket.first('welcome')
  return socket
}

describe('the command', () => {
  test('makes a member host at once, in the session that is running, and says so to everybody', async () => {
    await found()
    expect((await papa.call('GET', '/api/invites')).json.error).toBe('not_allowed')
    const [papas, kids] = [await socketOf(papa), await socketOf(kid)]
    const { code, said, complained } = await host('papa')
    expect([code, complained]).toEqual([0, ''])
    expect(said).toStartWith('papa is a host of this home now')
    expect((await papa.call('GET', '/api/home')).json.role).toBe('host')
    expect((await papa.call('GET', '/api/invites')).status).toBe(200)
    // Nobody has looked yet; with the next look everybody is told, once.
    for (const socket of [papas, kids]) expect(socket.all('changed')).toEqual([])
    const told = [papas, kids].map((socket) => socket.first('changed'))
    running.clock.move(lookEveryMs)
    expect((await Promise.all(told)).map(({ what }) => what)).toEqual(['accounts', 'accounts'])
    await untilLooked()
    await papas.settle()
    expect(papas.all('changed')).toHaveLength(1)
    // What the new host is for.
    const link = new InviteLink()
    const upload = { ...link.upload(running.clock.now()), forAccount: oma.accountId, uses: 1 }
    expect((await papa.call('POST', '/api/invites', upload)).status).toBe(200)
    expect((await kid.call('POST', '/api/invites', upload)).json.error).toBe('not_allowed')
  })

  test('is written down as nobody’s doing, which no host can make it look like', async () => {
    await found()
    await host('papa')
    await papa.call('PATCH', `/api/accounts/${kid.accountId}`, { role: 'host' })
    const { entries } = (await oma.call('GET', '/api/audit')).json as { entries: AuditEntry[] }
    expect(entries.slice(0, 2)).toMatchObject([
      { event: 'role_changed', accountId: kid.accountId, byAccountId: papa.accountId, role: 'host' },
      { event: 'role_changed', accountId: papa.accountId, byAccountId: null, deviceId: null, role: 'host' },
    ])
    expect(JSON.stringify(await running.context.database.all('SELECT * FROM audit'))).not.toContain('"papa"')
  })

  test('works on a home that does not run, and leaves it as it was otherwise', async () => {
    await found()
    await running[Symbol.asyncDispose]()
    const before = (await readdir(folder)).sort()
    expect((await host('KID')).code).toBe(0)
    expect((await readdir(folder)).sort()).toEqual(before)
    running = await start()
    expect(await rolesHere()).toEqual([
      { name: 'kid', role: 'host' },
      { name: 'oma', role: 'host' },
      { name: 'papa', role: 'member' },
    ])
  })

  test('lists who is here, by sign-in name and role, and names nobody who left', async () => {
    await found()
    await oma.call('DELETE', `/api/accounts/${kid.accountId}`)
    const { code, said } = await host()
    expect(code).toBe(0)
    const day = new Date(running.clock.now()).toISOString().slice(0, 10)
    expect(said.split('\n')).toEqual(['oma   host', 'papa  member', `-     left on ${day}`])
    expect(said).not.toContain('kid')
  })
})

describe('is refused in one sentence, and nothing changes', () => {
  async function isRefused(args: string[], sentence: RegExp, data = folder): Promise<void> {
    const { code, said, complained } = await runCommand(['host', ...args, '--data', data])
    expect([code, said]).toEqual([1, ''])
    expect(complained).toMatch(sentence)
    expect(complained).not.toContain('\n')
  }
  const changes = async () => (await running.context.database.all('SELECT 1 FROM audit')).length

  test('for a name that nobody has, one that left, and a host', async () => {
    await found()
    await oma.call('DELETE', `/api/accounts/${kid.accountId}`)
    const [roles, lines] = [await rolesHere(), await changes()]
    await isRefused(['stranger'], /^Nobody here signs in as stranger .*: "trallivalli host" lists who does\.$/)
    await isRefused(['kid'], /^Nobody here signs in as kid \(the name of who left is forgotten\): /)
    await isRefused(['oma'], /^oma is a host already: nothing was changed\.$/)
    await isRefused(["' OR 1=1 --"], /^Nobody here signs in as /)
    const left = await running.context.database.get<{ name: string }>(
      'SELECT sign_in_name AS name FROM accounts WHERE left_at IS NOT NULL',
    )
    expect(left!.name).toStartWith('~')
    await isRefused([left!.name], /^Nobody here signs in as ~/)
    expect([await rolesHere(), await changes()]).toEqual([roles, lines])
  })

  test('for a home without a founder, with a name and without', async () => {
    await isRefused(['oma'], /^This home has no founder yet: open the link that "trallivalli serve" prints\.$/)
    await isRefused([], /^This home has no founder yet: /)
  })

  test('for a folder that is no home, none at all, or has no database yet', async () => {
    const other = join(root, 'photos')
    await mkdir(other)
    await isRefused(['oma'], /^\S+photos holds no home: name its folder with --data\.$/, other)
    expect(await readdir(other)).toEqual([])
    await isRefused(['oma'], /holds no home/, join(root, 'nowhere'))
    const marked = join(root, 'marked')
    ;(await openDataFolder(marked))[Symbol.dispose]()
    await isRefused(['oma'], /^This home has no founder yet: /, marked)
    expect(await readdir(marked)).not.toContain(DATABASE_FILE)
  })

  test('for a database of another version, older or newer', async () => {
    await found()
    const roles = await rolesHere()
    await running[Symbol.asyncDispose]()
    const withVersion = (sql: string) => {
      using database = new Database(join(folder, DATABASE_FILE))
      database.run(sql)
    }
    withVersion("INSERT INTO migrations (number, name, applied_at) VALUES (9999, 'later', 0)")
    await isRefused(['papa'], /^The database is of another version of TralliValli \(9999, not \d+\): use that version/)
    withVersion('DELETE FROM migrations WHERE number > 5')
    await isRefused(['papa'], /^The database is of another version .* start the home once with this one\.$/)
    using database = new Database(join(folder, DATABASE_FILE))
    expect(database.query('SELECT sign_in_name AS name, role FROM accounts ORDER BY sign_in_name').all()).toEqual(roles)
    running = await startApp()
  })

  test('while something else holds the database for longer than one waits', async () => {
    await found()
    using database = new Database(join(folder, DATABASE_FILE))
    database.run('BEGIN IMMEDIATE')
    await isRefused(['papa'], /^The home is busy with its database: try again in a moment; nothing was changed\.$/)
    database.run('ROLLBACK')
    expect((await host('papa')).code).toBe(0)
  })

  test('for a flag that it does not know', async () => {
    await isRefused(['oma', '--dance'], /^Unknown option '--dance': "trallivalli help" lists what there is\.$/)
  })
})

/** A look that is under way has ended when the reads behind it were answered. */
async function untilLooked(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await running.context.database.get('SELECT 1')
}
