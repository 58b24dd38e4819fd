import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Blob, type BlobStore, BlobTooLarge } from './blobs.ts'
import { writeWhole } from './whole-write.ts'

const namePattern = /^[0-9a-f]{32}$/

/** Files in a folder, spread over 256 others. A name appears only when every byte is on disk. */
export class DiskBlobs implements BlobStore {
  #parts = 0

  constructor(private readonly folder: string) {}

  async write(name: string, content: ReadableStream<Uint8Array>, maxBytes: number): Promise<number> {
    const path = this.#pathOf(name)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // A backup passes by what begins with a dot.
    const partial = join(dirname(path), `.${name}.${++this.#parts}`)
    try {
      const bytes = await writeBounded(partial, content, maxBytes)
      await rename(partial, path)
      await syncFolder(dirname(path))
      return bytes
    } catch (error) {
      await rm(partial, { force: true })
      throw error
    }
  }

  async read(name: string): Promise<Blob | null> {
    const file = Bun.file(this.#pathOf(name))
    if (!(await file.exists())) return null
    return { bytes: file.size, stream: () => file.stream() as ReadableStream<Uint8Array> }
  }

  async delete(name: string): Promise<void> {
    await rm(this.#pathOf(name), { force: true })
  }

  #pathOf(name: string): string {
    if (!namePattern.test(name)) throw new RangeError('not the name of a blob')
    return join(this.folder, name.slice(0, 2), name)
  }
}

async function writeBounded(path: string, content: ReadableStream<Uint8Array>, maxBytes: number): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  let bytes = 0
  try {
    for await (const chunk of content as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new BlobTooLarge()
      await writeWhole(file, chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return bytes
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
