import type { FileHandle } from 'node:fs/promises'

/** Writes all of a chunk. One write may take only a part of it, on a disk that is filling up, and say so by its count alone. */
export async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
}
