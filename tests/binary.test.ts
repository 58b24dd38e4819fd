import { Database } from 'bun:sqlite'
import { afterEach, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createMember } from './support/member.ts'
import { RunningProgram } from './support/program.ts'
import { hears, say, thread } from './support/talk.ts'

const program = resolve('dist/trallivalli')
const startMaxMs = 300
const idleMaxMb = 90
const cleanups: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  if (!(await Bun.file(program).exists()))
    throw new Error('dist/trallivalli is not built: run bun scripts/build.ts --compile')
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tv-binary-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

interface Running {
  process: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
  url: string
  startedInMs: number
}

// The environment is empty on purpose: nothing of this repository or of Bun may be needed.
function spawn(folder: string, args: string[]) {
  return Bun.spawn([program, ...args], { cwd: folder, env: {}, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
}

async function start(folder: string, args: string[] = []): Promise<Running> {
  const startedAt = performance.now()
  const child = spawn(folder, ['serve', '--host', '127.0.0.1', '--port', '0', '--https-port', '0', ...args])
  cleanups.push(async () => {
    child.kill('SIGKILL')
    await child.exited
  })
  const url = await readAddress(child.stdout)
  return { process: child, url, startedInMs: performance.now() - startedAt }
}

async function readAddress(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let text = ''
  const reader = stdout.getReader()
  while (true) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`it ended before it listened: ${text}`)
    text += new TextDecoder().decode(value)
    const found = /http:\/\/localhost:\d+\//.exec(text)
    if (!found) continue
    reader.releaseLock()
    return found[0].replace('localhost', '127.0.0.1')
  }
}

async function outcomeOf(folder: string, args: string[]): Promise<{ code: number; errors: string }> {
  const child = spawn(folder, args)
  const [code, errors] = await Promise.all([child.exited, new Response(child.stderr).text()])
  return { code, errors }
}

test('starts in an empty folder, answers /health, shows its face and stops in order', async () => {
  const folder = await emptyFolder()
  const { process: child, url } = await start(folder)
  expect((await fetch(`${url}health`)).status).toBe(200)
  const page = await fetch(url)
  expect(page.headers.get('content-security-policy')).toContain("require-trusted-types-for 'script'")
  const html = await page.text()
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)![1]!
  const asset = await fetch(new URL(script, url))
  expect(asset.headers.get('cache-control')).toContain('immutable')
  expect((await asset.text()).length).toBeGreaterThan(1000)
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
  expect(await new Response(child.stderr).text()).toBe('')
})

test('starts and idles within its budget', async () => {
  const folder = await emptyFolder()
  const first = await start(folder)
  first.process.kill('SIGTERM')
  await first.process.exited
  const again = await start(folder)
  await fetch(`${again.url}health`)
  const status = await Bun.file(`/proc/${again.process.pid}/status`).text()
  const residentMb = Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024
  console.log(
    `first start ${first.startedInMs.toFixed(0)} ms, next ${again.startedInMs.toFixed(0)} ms, ${residentMb.toFixed(0)} MB resident`,
  )
  expect(again.startedInMs).toBeLessThan(startMaxMs)
  expect(residentMb).toBeLessThan(idleMaxMb)
})

test('a second process on the same folder is refused in one sentence', async () => {
  const folder = await emptyFolder()
  await start(folder)
  const second = await outcomeOf(folder, ['serve', '--port', '0', '--https-port', '0'])
  expect(second.code).toBe(1)
  expect(second.errors.trim()).toMatch(/^[^\n]+ is in use by another TralliValli: [^\n]+$/)
})

test('a killed process leaves nothing in the way of the next', async () => {
  const folder = await emptyFolder()
  const { process: child } = await start(folder)
  child.kill('SIGKILL')
  await child.exited
  expect((await fetch(`${(await start(folder)).url}health`)).status).toBe(200)
})

test('a database of a newer version and a foreign folder are refused in one sentence, and not touched', async () => {
  const folder = await emptyFolder()
  const { process: child } = await start(folder)
  child.kill('SIGTERM')
  await child.exited
  const file = join(folder, 'trallivalli-data', 'database.sqlite')
  new Database(file).run("INSERT INTO migrations (number, name, applied_at) VALUES (9999, 'later', 0)")
  const newer = await outcomeOf(folder, ['serve', '--port', '0', '--https-port', '0'])
  expect(newer.code).toBe(1)
  expect(newer.errors.trim()).toMatch(/^The database was written by a newer TralliValli [^\n]+$/)

  const foreign = await emptyFolder()
  await Bun.write(join(foreign, 'holiday.jpg'), 'not ours')
  const refused = await outcomeOf(foreign, ['serve', '--data', foreign, '--port', '0', '--https-port', '0'])
  expect(refused.code).toBe(1)
  expect(refused.errors.trim()).toMatch(/^[^\n]+ holds other things \(holiday\.jpg\): [^\n]+$/)
  expect(await readdir(foreign)).toEqual(['holiday.jpg'])
})

test('a port in use is refused in one sentence', async () => {
  const { url } = await start(await emptyFolder())
  const { port } = new URL(url)
  const second = await outcomeOf(await emptyFolder(), [
    'serve',
    '--host',
    '127.0.0.1',
    '--port',
    port,
    '--https-port',
    '0',
  ])
  expect(second.code).toBe(1)
  expect(second.errors.trim()).toMatch(new RegExp(`^Port ${port} is already in use: [^\\n]+$`))
})

test.each([
  [['dance'], 'There is no command "dance"'],
  [['--dance'], "Unknown option '--dance'"],
  [['--log', 'loud'], '--log is "loud"'],
])('%j is refused in one sentence', async (args, sentence) => {
  const { code, errors } = await outcomeOf(await emptyFolder(), args)
  expect(code).toBe(1)
  expect(errors).toStartWith(sentence)
  expect(errors.trim()).not.toContain('\n')
})

test('help and version need nothing', async () => {
  const folder = await emptyFolder()
  for (const args of [['help'], ['--help'], ['version'], ['--version']])
    expect((await outcomeOf(folder, args)).code).toBe(0)
})

test('a first run, two members and one message; stopped and started again, the message is there', async () => {
  const first = await RunningProgram.start()
  cleanups.push(() => rm(first.folder, { recursive: true, force: true }))
  const oma = await createMember('Oma', { url: first.url }).found(first.claimToken!)
  const papa = await createMember('Papa', { url: first.url }).join(await oma.invite('Papa'))
  const family = await papa.inFamily()
  await say(oma, family, 'still there tomorrow')
  await hears(papa, family, 'still there tomorrow')
  await papa[Symbol.asyncDispose]()
  await oma[Symbol.asyncDispose]()
  await first.stop()

  const { folder, port } = first
  await using again = await RunningProgram.start({ folder, port })
  expect(again.claimToken).toBeNull()
  const phone = createMember('Phone', { url: again.url })
  cleanups.push(() => phone[Symbol.asyncDispose]())
  await phone.client.signIn('oma', oma.passphrase)
  await phone.inFamily()
  await hears(phone, family, 'still there tomorrow')
  expect(await thread(phone, family)).toContain('still there tomorrow')
})

test('a member becomes host by a command while the home runs, and at once', async () => {
  await using home = await RunningProgram.start()
  const oma = await createMember('Oma', { url: home.url }).found(home.claimToken!)
  cleanups.push(() => oma[Symbol.asyncDispose]())
  const papa = await createMember('Papa', { url: home.url }).join(await oma.invite('Papa'))
  cleanups.push(() => papa[Symbol.asyncDispose]())
  await papa.inFamily()
  expect(papa.view.me?.me.role).toBe('member')
  expect(await home.command(['host', 'papa'])).toStartWith('papa is a host of this home now')
  await papa.until('to be host', ({ view }) => view.me?.me.role === 'host')
  expect((await papa.invite('Kid')).length).toBeGreaterThan(0)
  expect(await home.command(['host'])).toBe('oma   host\npapa  host\n')
  expect(await home.command(['host', 'papa']).catch(String)).toContain('papa is a host already: nothing was changed.')
})
