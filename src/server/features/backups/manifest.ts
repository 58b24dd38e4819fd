import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { Refusal } from '../../../protocol/errors.ts'

/** Always the first entry of the archive. */
export const MANIFEST_NAME = 'manifest.json'
export const DATABASE_NAME = 'database.sqlite'

const manifestFile = Type.Object({
  /** Below the archive's root, forward slashes; see isSafeName. */
  name: Type.String({ minLength: 1, maxLength: 255 }),
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
})
export type ManifestFile = Static<typeof manifestFile>

const manifestSchema = Type.Object({
  format: Type.Integer({ minimum: 1 }),
  version: Type.String({ maxLength: 32 }),
  /** Number of the newest migration the database has seen. */
  databaseVersion: Type.Integer({ minimum: 1 }),
  createdAt: Type.Integer({ minimum: 0 }),
  homeName: Type.String({ maxLength: 256 }),
  accountCount: Type.Integer({ minimum: 0 }),
  conversationCount: Type.Integer({ minimum: 0 }),
  messageCount: Type.Integer({ minimum: 0 }),
  totalBytes: Type.Integer({ minimum: 0 }),
  files: Type.Array(manifestFile),
})
export type Manifest = Static<typeof manifestSchema>

/** Throws broken_backup for anything that is not a manifest with safe, unique names and the database in it. */
export function parseManifest(text: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refusal('broken_backup', { detail: 'manifest is not JSON' })
  }
  if (!Value.Check(manifestSchema, value)) throw new Refusal('broken_backup', { detail: 'manifest has another form' })
  const names = new Set(value.files.map((file) => file.name))
  const isWhole = names.size === value.files.length && names.has(DATABASE_NAME)
  const bytes = value.files.reduce((sum, file) => sum + file.bytes, 0)
  if (!isWhole || bytes !== value.totalBytes || !value.files.every((file) => isSafeName(file.name)))
    throw new Refusal('broken_backup', { detail: 'manifest contradicts itself' })
  return value
}

/** No absolute paths, no dot segments, no backslashes, no hidden surprises. */
export function isSafeName(name: string): boolean {
  return name.split('/').every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part))
}
