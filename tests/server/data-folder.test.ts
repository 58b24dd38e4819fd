import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataFolderError, openDataFolder } from '../../src/server/data-folder.ts'

let root: string
const cleanups: Bun.Subprocess[] = []
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tv-folder-'))
})
afterEach(async () => {
  for (const child of cleanups.splice(0)) {
    child.kill('SIGKILL')
    await child.exited
  }
  await rm(root, { recursive: true })
})

const script = (path: string) =>
  `const { openDataFolder } = await import(${JSON.stringify(`${import.meta.dir}/../../src/server/data-folder.ts`)});
   await openDataFolder(${JSON.stringify(path)}); Bun.gc(true); console.log('open'); setInterval(() => {}, 1000)`

test('a new folder belongs to its owner only and is known again', async () => {
  const path = join(root, 'a', 'b')
  {
    using folder = await openDataFolder(path)
    expect(folder.isNew).toBe(true)
  }
  expect((await stat(path)).mode & 0o777).toBe(0o700)
  using again = await openDataFolder(path)
  expect(again.isNew).toBe(false)
})

test('a folder with other things in it stays untouched', async () => {
  await Bun.write(join(root, 'photo.jpg'), 'x')
  await expect(openDataFolder(root)).rejects.toThrow(/holds other things \(photo\.jpg\)/)
  expect(await Bun.file(join(root, 'trallivalli.json')).exists()).toBe(false)
  expect(await Bun.file(join(root, 'lock.db')).exists()).toBe(false)
})

test('a file, a damaged marker and a newer format are refused', async () => {
  const file = join(root, 'file')
  await Bun.write(file, 'x')
  await expect(openDataFolder(file)).rejects.toThrow('is not a folder')
  const marker = join(root, 'home', 'trallivalli.json')
  await Bun.write(marker, '{')
  await expect(openDataFolder(join(root, 'home'))).rejects.toThrow('is damaged')
  await Bun.write(marker, JSON.stringify({ kind: 'trallivalli', format: 99 }))
  await expect(openDataFolder(join(root, 'home'))).rejects.toThrow('newer TralliValli')
})

test('two processes never hold one folder, and a killed one lets go', async () => {
  const path = join(root, 'home')
  const other = Bun.spawn([process.execPath, '-e', script(path)], { stdout: 'pipe', stderr: 'inherit' })
  cleanups.push(other)
  const { value } = await other.stdout.getReader().read()
  expect(new TextDecoder().decode(value)).toContain('open')
  await expect(openDataFolder(path)).rejects.toThrow(/in use by another TralliValli/)
  await expect(openDataFolder(path)).rejects.toBeInstanceOf(DataFolderError)
  other.kill('SIGKILL')
  await other.exited
  using folder = await openDataFolder(path)
  expect(folder.path).toBe(path)
})

test('a first start that was cut short before its marker was whole is no obstacle', async () => {
  const path = join(root, 'home')
  await Bun.write(join(path, 'trallivalli.json.new'), '')
  using folder = await openDataFolder(path)
  expect(folder.isNew).toBe(true)
  expect(await Bun.file(join(path, 'trallivalli.json')).json()).toMatchObject({ kind: 'trallivalli' })
  expect(await Bun.file(join(path, 'trallivalli.json.new')).exists()).toBe(false)
})
