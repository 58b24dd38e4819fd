import { exactly } from './bytes.ts'
import {
  beginFile,
  FILE_HEADER_BYTES,
  type FileKeys,
  locateRange,
  openFile,
  openFileHeader,
  openRange,
  sealFile,
} from './cobblestone.ts'
import { labelled } from './label.ts'

/** Which attachment of which conversation: bound into every key of its file (PROTOCOL 4.10). */
export interface AttachmentPlace {
  convId: Uint8Array
  attachmentId: Uint8Array
}

/** L("attachment") || 00 || convId || attachmentId. */
function contextOf({ convId, attachmentId }: AttachmentPlace): Uint8Array {
  return labelled('attachment', exactly(convId, 16, 'convId'), exactly(attachmentId, 16, 'attachmentId'))
}

/**
 * The file of an attachment (Cobblestone-256, cobblestone.ts), deterministic given key and salt, so that an upload can
 * be resumed. `fileKey` (32 bytes) and `salt` (24) are drawn once per attachment.
 */
export function sealAttachment(
  place: AttachmentPlace,
  { fileKey, salt }: { fileKey: Uint8Array; salt: Uint8Array },
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  return sealFile(fileKey, salt, contextOf(place), plaintext)
}

/** The first 56 bytes of the file, and the keys for `sealChunk` (cobblestone.ts): for uploads in parts. */
export function beginAttachment(
  place: AttachmentPlace,
  { fileKey, salt }: { fileKey: Uint8Array; salt: Uint8Array },
): Promise<{ header: Uint8Array; keys: FileKeys }> {
  return beginFile(fileKey, salt, contextOf(place))
}

/** The whole plaintext; DecryptionFailed for a file of another place or key, or one that was cut or changed. */
export function openAttachment(place: AttachmentPlace, fileKey: Uint8Array, file: Uint8Array): Promise<Uint8Array> {
  return openFile(fileKey, contextOf(place), file)
}

/** The keys for ranges, from the first 56 bytes of the file. */
export function openAttachmentHeader(
  place: AttachmentPlace,
  fileKey: Uint8Array,
  header: Uint8Array,
): Promise<FileKeys> {
  return openFileHeader(fileKey, header, contextOf(place))
}

/** A range of the plaintext; `read` fetches bytes of the file (`end` exclusive): the header, then the chunks needed. */
export async function openAttachmentRange(
  place: AttachmentPlace,
  { fileKey, size }: { fileKey: Uint8Array; size: number },
  wanted: { offset: number; length: number },
  read: (start: number, end: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const keys = await openAttachmentHeader(place, fileKey, await read(0, FILE_HEADER_BYTES))
  const { fileOffset, fileEnd } = locateRange(size, wanted.offset, wanted.length)
  return openRange(keys, size, wanted, await read(fileOffset, fileEnd))
}
