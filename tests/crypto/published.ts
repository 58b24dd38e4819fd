import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'

/** Vectors published by others lie beside the repository, when present; none of them is part of it. */
export const publishedVectors = join(import.meta.dir, '../../../shared/vectors')
export const hasPublishedVectors = existsSync(publishedVectors)

if (!hasPublishedVectors) {
  console.warn(`\n*** PUBLISHED VECTORS ARE ABSENT (${publishedVectors}): their tests are SKIPPED ***\n`)
}

/** Parsed JSON of one of those files. */
export async function readPublished<T>(...path: string[]): Promise<T> {
  return (await Bun.file(join(publishedVectors, ...path)).json()) as T
}

/** Names of all JSON files below one of the folders. */
export async function listPublished(...path: string[]): Promise<string[]> {
  const names = readdirSync(join(publishedVectors, ...path), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.json'))
}

/** Undoes zlib. */
export async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(inflateSync(bytes))
}
