import { existsSync } from 'node:fs'
import { join } from 'node:path'

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
