/** More bytes came than were allowed: nothing of them was kept. */
export class BlobTooLarge extends Error {
  override readonly name = 'BlobTooLarge'
}

export interface Blob {
  bytes: number
  stream(): ReadableStream<Uint8Array>
}

/** Where the bytes of files lie. Knows no accounts and no conversations; names are 32 hex digits. */
export interface BlobStore {
  /** Whole and on disk when it resolves with the number of bytes; rejects with BlobTooLarge beyond `maxBytes`. */
  write(name: string, content: ReadableStream<Uint8Array>, maxBytes: number): Promise<number>
  read(name: string): Promise<Blob | null>
  delete(name: string): Promise<void>
}
