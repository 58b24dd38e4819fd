import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { Decrypter, Encrypter } from 'age-encryption'
import { extract, type Header, pack } from 'tar-stream'
import { Refusal } from '../../../protocol/errors.ts'
import { syncFolder } from '../../durable-file.ts'
import { writeWhole } from '../../storage/whole-write.ts'
import { BACKUP_FORMAT_VERSION, type BackupHeader, parseBackupHeader } from './backup-header.ts'
import type { BackupIdentity, BackupRecipient } from './backup-keys.ts'
import { MANIFEST_NAME, type Manifest, type ManifestFile, parseManifest } from './manifest.ts'

/** A file that goes in: where it stands now, and its line in the manifest. */
export type PackedFile = ManifestFile & { path: string }
/** Says how far a long run has come, in bytes of the files. */
export type Progress = (doneBytes: number, totalBytes: number) => void

/** Little at a time: while the disk takes a gigabyte at once, nobody's message is on it. */
const syncEveryBytes = 2 * 1024 * 1024
const maxManifestBytes = 64 * 1024 * 1024

/** Writes tar | zstd | age to `target` by way of a partial file: the name appears only when every byte is on disk. */
export async function writeArchive(
  target: string,
  manifest: Manifest,
  content: { files: readonly PackedFile[]; recipients: readonly BackupRecipient[]; onProgress?: Progress },
): Promise<number> {
  const partial = join(dirname(target), `.${basename(target)}.partial`)
  const encrypter = new Encrypter()
  for (const recipient of content.recipients) encrypter.addRecipient(recipient)
  const tar = pack()
  const compressed = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  const packing = packEntries(tar, manifest, content)
  const pumping = Promise.all([packing, pipeline(tar, compressed)])
  // Whatever stops one stream stops the others; the first cause is what the writing below is rejected with.
  pumping.catch(() => tar.destroy())
  try {
    const sealed = await encrypter.encrypt(Readable.toWeb(compressed) as unknown as ReadableStream<Uint8Array>)
    const bytes = await writeDurably(partial, sealed)
    await pumping
    await rename(partial, target)
    await syncFolder(dirname(target))
    return bytes
  } catch (error) {
    tar.destroy()
    await Promise.allSettled([pumping])
    await rm(partial, { force: true })
    throw error
  }
}

async function packEntries(
  tar: ReturnType<typeof pack>,
  manifest: Manifest,
  content: { files: readonly PackedFile[]; onProgress?: Progress },
): Promise<void> {
  const mtime = new Date(manifest.createdAt)
  tar.entry({ name: MANIFEST_NAME, mode: 0o600, mtime }, `${JSON.stringify(manifest, null, 2)}\n`)
  const total = content.files.reduce((sum, file) => sum + file.bytes, 0)
  let done = 0
  for (const file of content.files) {
    const entry = tar.entry({ name: file.name, size: file.bytes, mode: 0o600, mtime })
    await pipeline(createReadStream(file.path, { end: Math.max(file.bytes - 1, 0) }), entry)
    done += file.bytes
    content.onProgress?.(done, total)
  }
  tar.finalize()
}

async function writeDurably(path: string, stream: ReadableStream<Uint8Array>): Promise<number> {
  const file = await open(path, 'w', 0o600)
  let [written, synced] = [0, 0]
  try {
    for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
      await writeWhole(file, chunk)
      written += chunk.length
      if (written - synced < syncEveryBytes) continue
      await file.datasync()
      synced = written
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return written
}

/** The part that needs no key. Throws broken_backup for another kind of file, newer_backup for a later format. */
export async function readBackupHeader(path: string): Promise<BackupHeader> {
  const header = parseBackupHeader(new Uint8Array(await Bun.file(path).slice(0, 8192).arrayBuffer()))
  if (!header) throw new Refusal('broken_backup', { detail: 'not a TralliValli backup' })
  if (header.formatVersion > BACKUP_FORMAT_VERSION)
    throw new Refusal('newer_backup', { detail: `format ${header.formatVersion}` })
  return header
}

/** True when one of the identities opens the file; reads nothing but its beginning. */
export async function canOpenArchive(path: string, identities: readonly BackupIdentity[]): Promise<boolean> {
  const beginning = Buffer.from(await Bun.file(path).slice(0, 65_536).arrayBuffer())
  const macLine = beginning.indexOf('\n--- ')
  const end = macLine < 0 ? -1 : beginning.indexOf('\n', macLine + 1)
  if (end < 0) throw new Refusal('broken_backup', { detail: 'header is cut off' })
  try {
    await decrypterFor(identities).decryptHeader(new Uint8Array(beginning.subarray(0, end + 1)))
    return true
  } catch (error) {
    if (String(error).includes('no identity')) return false
    throw new Refusal('broken_backup', { detail: 'header is damaged' })
  }
}

/** Thrown by a sink that has seen enough. */
export class ArchiveStopped extends Error {}

/** Where the content goes: the manifest first (throwing there stops before anything is copied), then a folder for the wanted files. */
export type ArchiveSink = {
  onManifest(manifest: Manifest): void | Promise<void>
  /** A path to write the file to, or null to check it only. */
  place(file: ManifestFile): string | null
  onProgress?: Progress
}

/**
 * Reads an archive to its last byte, checks every size and hash against the manifest, and writes what the sink wants.
 * Throws wrong_backup_key before anything is read; broken_backup for a truncated, changed or strange file.
 */
export async function readArchive(
  path: string,
  identities: readonly BackupIdentity[],
  sink: ArchiveSink,
): Promise<Manifest> {
  await readBackupHeader(path)
  if (!(await canOpenArchive(path, identities))) throw new Refusal('wrong_backup_key')
  const tar = extract()
  try {
    const plain = await decrypterFor(identities).decrypt(Bun.file(path).stream() as ReadableStream<Uint8Array>)
    const feeding = pipeline(Readable.fromWeb(plain as unknown as WebStream), createZstdDecompress(), tar)
    feeding.catch((error) => tar.destroy(error))
    const manifest = await readEntries(tar, sink)
    await feeding
    return manifest
  } catch (error) {
    throw explainReading(error)
  }
}

async function readEntries(tar: ReturnType<typeof extract>, sink: ArchiveSink): Promise<Manifest> {
  let manifest: Manifest | null = null
  let next = 0
  let done = 0
  for await (const entry of tar as AsyncIterable<AsyncIterable<Uint8Array> & { header: Header }>) {
    if (!manifest) {
      manifest = parseManifest(await readManifestBytes(entry))
      await sink.onManifest(manifest)
      continue
    }
    const file = manifest.files[next++]
    if (!file || entry.header.name !== file.name || entry.header.size !== file.bytes)
      throw broken('content differs from the manifest')
    await copyEntry(entry, file, sink.place(file))
    done += file.bytes
    sink.onProgress?.(done, manifest.totalBytes)
  }
  if (!manifest || next !== manifest.files.length) throw broken('files are missing')
  return manifest
}

async function readManifestBytes(entry: AsyncIterable<Uint8Array> & { header: Header }): Promise<string> {
  if (entry.header.name !== MANIFEST_NAME || (entry.header.size ?? 0) > maxManifestBytes) throw broken('no manifest')
  const chunks: Uint8Array[] = []
  for await (const chunk of entry) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function copyEntry(entry: AsyncIterable<Uint8Array>, file: ManifestFile, target: string | null): Promise<void> {
  const hash = createHash('sha256')
  if (target) await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  const out = target ? await open(target, 'wx', 0o600) : null
  try {
    for await (const chunk of entry) {
      hash.update(chunk)
      if (out) await writeWhole(out, chunk)
    }
    await out?.sync()
  } finally {
    await out?.close()
  }
  if (hash.digest('hex') !== file.sha256) throw broken('a file differs from its hash')
}

function decrypterFor(identities: readonly BackupIdentity[]): Decrypter {
  const decrypter = new Decrypter()
  for (const identity of identities) decrypter.addIdentity(identity)
  return decrypter
}

function broken(detail: string): Refusal {
  return new Refusal('broken_backup', { detail })
}

function explainReading(error: unknown): unknown {
  if (error instanceof Refusal || error instanceof ArchiveStopped) return error
  const code = (error as { code?: string }).code ?? ''
  if (/ENOSPC|EDQUOT/.test(code)) return new Refusal('disk_full')
  if (/^E[A-Z]+$/.test(code)) return error
  return broken('the file is cut off or changed')
}
