import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../../../protocol/errors.ts'
import type { RestoreSummary, RestoreUpload } from '../../../protocol/setup.ts'
import { writeWhole } from '../../storage/whole-write.ts'
import { ArchiveStopped, canOpenArchive, readArchive, readBackupHeader } from './backup-archive.ts'
import { identitiesFromText } from './backup-keys.ts'
import { DATABASE_NAME, type Manifest } from './manifest.ts'
import { judgeVersion, prepareRestore } from './restore.ts'

const uploadPattern = /^[0-9a-f-]{36}$/
const prefix = '.upload-'

/** Stops reading an archive once its manifest is known: nothing else has to be decrypted for a summary. */
class ManifestKnown extends ArchiveStopped {
  constructor(readonly manifest: Manifest) {
    super('manifest known')
  }
}

/** Backup files that the wizard has received, one at a time, beside the data they may replace. */
export class RestoreUploads {
  constructor(private readonly dataFolder: string) {}

  /** Streams a file to disk and reads the part that needs no key. An earlier upload gives way. */
  async receive(body: ReadableStream<Uint8Array>): Promise<RestoreUpload> {
    await this.clear()
    const uploadId = crypto.randomUUID()
    const path = this.#pathOf(uploadId)
    try {
      const bytes = await saveStream(path, body)
      const { createdAt, formatVersion, keyKind } = await readBackupHeader(path)
      return { uploadId, bytes, createdAt, formatVersion, keyKind }
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
  }

  /** Checks the key and answers what is in the file. */
  async open(uploadId: string, key: string): Promise<RestoreSummary> {
    const path = await this.#existing(uploadId)
    const manifest = await readManifest(path, key)
    const databaseBytes = manifest.files.find((file) => file.name === DATABASE_NAME)?.bytes ?? 0
    return {
      homeName: manifest.homeName,
      createdAt: manifest.createdAt,
      version: manifest.version,
      verdict: judgeVersion(manifest),
      accountCount: manifest.accountCount,
      messageCount: manifest.messageCount,
      blobBytes: manifest.totalBytes - databaseBytes,
      databaseBytes,
    }
  }

  /** Copies and checks everything beside the live data; answers the staging folder for swapContent. */
  async prepare(uploadId: string, key: string, now: number): Promise<string> {
    const file = await this.#existing(uploadId)
    const { staging } = await prepareRestore({ file, identities: identities(key), dataFolder: this.dataFolder, now })
    return staging
  }

  async clear(): Promise<void> {
    for (const name of await readdir(this.dataFolder))
      if (name.startsWith(prefix)) await rm(join(this.dataFolder, name), { force: true })
  }

  #pathOf(uploadId: string): string {
    return join(this.dataFolder, `${prefix}${uploadId}`)
  }

  async #existing(uploadId: string): Promise<string> {
    const path = this.#pathOf(uploadId)
    if (!uploadPattern.test(uploadId) || !(await Bun.file(path).exists())) throw new Refusal('not_found')
    return path
  }
}

async function readManifest(path: string, key: string): Promise<Manifest> {
  if (!(await canOpenArchive(path, identities(key)))) throw new Refusal('wrong_backup_key')
  try {
    return await readArchive(path, identities(key), {
      onManifest(manifest) {
        throw new ManifestKnown(manifest)
      },
      place: () => null,
    })
  } catch (error) {
    if (error instanceof ManifestKnown) return error.manifest
    throw error
  }
}

function identities(key: string) {
  try {
    return identitiesFromText(key)
  } catch {
    throw new Refusal('wrong_backup_key')
  }
}

async function saveStream(path: string, body: ReadableStream<Uint8Array>): Promise<number> {
  const file = await open(path, 'wx', 0o600)
  let bytes = 0
  try {
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      await writeWhole(file, chunk)
      bytes += chunk.length
    }
    await file.sync()
  } catch (error) {
    if (/ENOSPC|EDQUOT/.test(String((error as { code?: unknown }).code))) throw new Refusal('disk_full')
    throw error
  } finally {
    await file.close()
  }
  return bytes
}
