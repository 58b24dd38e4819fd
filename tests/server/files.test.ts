import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '../../src/crypto/random.ts'
import { type AttachmentId, type ConversationId, idToBytes } from '../../src/protocol/ids.ts'
import { limits } from '../../src/protocol/limits.ts'
import { makeBackup } from '../../src/server/features/backups/backup.ts'
import { identitiesFromText, recipientsFor } from '../../src/server/features/backups/backup-keys.ts'
import { restoreBackup } from '../../src/server/features/backups/restore.ts'
import { jobs, runJob } from '../../src/server/jobs/index.ts'
import { type Device, Home, type Person, someId } from '../support/home.ts'

let home: Home
let oma: Person
let papa: Person
let stranger: Person
let group: ConversationId

beforeAll(async () => {
  home = await Home.open()
  oma = await home.join('host')
  papa = await home.join()
  stranger = await home.join()
  group = (await oma.device.createGroup(papa)).conversationId
})
afterAll(() => home[Symbol.asyncDispose]())

async function put(device: Device, id: string, content: Uint8Array, conversation: string = group): Promise<number> {
  const response = await fetch(`${home.url}/api/files/${id}?conversation=${conversation}&kind=bundle`, {
    method: 'PUT',
    headers: { cookie: device.cookie, origin: home.url, 'content-type': 'application/octet-stream' },
    body: content as Uint8Array<ArrayBuffer>,
  })
  await response.arrayBuffer()
  return response.status
}
async function get(device: Device, id: string) {
  const response = await fetch(`${home.url}/api/files/${id}`, { headers: { cookie: device.cookie, origin: home.url } })
  return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers }
}
const blobs = () =>
  readdirSync(join(home.context.config.dataFolder, 'blobs'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )

describe('a sealed file', () => {
  test('comes back byte for byte to members of its conversation, and Stranger gets nothing', async () => {
    const id = someId()
    const content = systemRandom(100_000)
    expect(await put(oma.device, id, content)).toBe(204)
    const answer = await get(papa.device, id)
    expect(answer.status).toBe(200)
    expect(answer.bytes).toEqual(new Uint8Array(content))
    expect(answer.headers.get('content-type')).toBe('application/octet-stream')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect((await stranger.device.call('GET', '/api/home')).status).toBe(200)
    expect((await get(stranger.device, id)).status).toBe(404)
    expect(await put(stranger.device, someId(), content)).toBe(404)
    expect((await get(papa.device, someId())).status).toBe(404)
  })

  test('is put once: again by the same account changes nothing, by another is refused', async () => {
    const id = someId()
    expect(await put(oma.device, id, systemRandom(10))).toBe(204)
    const first = await get(oma.device, id)
    expect(await put(oma.device, id, systemRandom(10))).toBe(204)
    expect((await get(oma.device, id)).bytes).toEqual(first.bytes)
    expect(await put(papa.device, id, systemRandom(10))).toBe(403)
  })

  test('that is too long leaves nothing behind', async () => {
    const before = blobs().length
    expect(await put(oma.device, someId(), new Uint8Array(limits.maxFileBytes + 1))).toBe(413)
    expect(blobs()).toHaveLength(before)
  })

  test('has no room when the account has used up its share', async () => {
    const id = someId()
    await home.context.database.transaction((tx) =>
      tx.run(
        "INSERT INTO files (file_id, conversation_id, account_id, kind, bytes, created_at) VALUES (?, ?, ?, 'bundle', ?, 0)",
        ...[id, group, papa.accountId, limits.maxAccountFileBytes - 5],
      ),
    )
    expect(await put(papa.device, someId(), new Uint8Array(6))).toBe(429)
    expect(await put(papa.device, someId(), new Uint8Array(5))).toBe(204)
    expect(await put(papa.device, someId(), new Uint8Array(1))).toBe(429)
    expect(await put(oma.device, someId(), new Uint8Array(6))).toBe(204)
  })

  test('of another form is a bad request', async () => {
    const address = `${home.url}/api/files/${someId()}`
    const init = { method: 'PUT', headers: { cookie: oma.device.cookie, origin: home.url }, body: 'x' }
    for (const query of [
      '',
      `?conversation=${group}`,
      `?conversation=${group}&kind=photo`,
      '?conversation=../x&kind=bundle',
    ])
      expect((await fetch(address + query, init)).status).toBe(400)
    const strange = `${home.url}/api/files/..%2f..%2fdatabase.sqlite?conversation=${group}&kind=bundle`
    expect((await fetch(strange, init)).status).toBe(400)
  })

  test('is in a backup, and back after a restore', async () => {
    const id = someId()
    const content = systemRandom(70_000)
    expect(await put(oma.device, id, content)).toBe(204)
    const folder = mkdtempSync(join(tmpdir(), 'trallivalli-files-'))
    const file = join(folder, 'home.age')
    const now = home.clock.now()
    const { dataFolder } = home.context.config
    const { manifest } = await makeBackup({
      ...{ dataFolder, target: file, now },
      recipients: recipientsFor({ passphrase: 'three words here' }, now),
    })
    const hex = Buffer.from(idToBytes(id as AttachmentId)).toString('hex')
    expect(manifest.files.map(({ name }) => name)).toContain(`files/blobs/${hex.slice(0, 2)}/${hex}`)
    const restored = join(folder, 'data')
    mkdirSync(restored)
    await restoreBackup({ file, identities: identitiesFromText('three words here'), dataFolder: restored, now })
    const bytes = await Bun.file(join(restored, 'blobs', hex.slice(0, 2), hex)).bytes()
    expect(bytes).toEqual(new Uint8Array(content))
    rmSync(folder, { recursive: true, force: true })
  })

  test('of a bundle is gone after thirty days, its bytes too', async () => {
    const id = someId()
    await put(oma.device, id, systemRandom(10))
    home.clock.move(30 * 24 * 3_600_000)
    expect((await home.context.database.all('SELECT 1 FROM files WHERE file_id = ?', id)).length).toBe(1)
    expect(await runJob(home.context, jobs.find(({ name }) => name === 'delete-expired-files')!)).toBe(true)
    expect(await home.context.database.all('SELECT 1 FROM files WHERE expires_at IS NOT NULL')).toEqual([])
    expect(blobs()).toEqual([])
  })
})
