import { openWithIv, sealWithRandomIv } from './aead.ts'
import { concat, exactly, u32 } from './bytes.ts'
import { insist } from './errors.ts'
import { labelled } from './label.ts'
import type { RandomSource } from './random.ts'

/** Bytes of an archive row. */
export const ARCHIVE_ROW_BYTES = 92
/** An archive key is replaced after so many rows, or after 90 days (PROTOCOL 4.7). */
export const ARCHIVE_KEY_MAX_ROWS = 2 ** 20
export const ARCHIVE_KEY_MAX_AGE_MS = 90 * 24 * 60 * 60 * 1000

/** AK_e with its epoch, from 1 upwards: shared by all devices of one user. */
export interface ArchiveKey {
  epoch: number
  key: Uint8Array
}

/** Which message of which user a row is about. */
export interface ArchivePlace {
  userId: Uint8Array
  msgId: Uint8Array
}

/** What a row keeps: the key of one message and the hash of its body. */
export interface ArchivedKey {
  messageKey: Uint8Array
  bodyHash: Uint8Array
}

function associatedData(epoch: number, { userId, msgId }: ArchivePlace): Uint8Array {
  insist(Number.isInteger(epoch) && epoch >= 1 && epoch <= 0xffffffff, 'archive epoch')
  return labelled('archive', exactly(userId, 16, 'userId'), u32(epoch), exactly(msgId, 16, 'msgId'))
}

/**
 * One row of the archive (PROTOCOL 4.7); epoch and msgId travel beside it:
 * ```
 * iv 12 | GCM(AK_e, mk 32 | H(body) 32; aad = L("archive") || 00 || userId || u32 e || msgId)      = 92
 * ```
 */
export async function sealArchiveRow(
  archiveKey: ArchiveKey,
  place: ArchivePlace,
  { messageKey, bodyHash }: ArchivedKey,
  random: RandomSource,
): Promise<Uint8Array> {
  const aad = associatedData(archiveKey.epoch, place)
  const content = concat(exactly(messageKey, 32, 'mk'), exactly(bodyHash, 32, 'H(body)'))
  return sealWithRandomIv({ key: archiveKey.key, aad, random }, content)
}

/** The key of a message from its row; a row of another message, user or epoch is a DecryptionFailed. */
export async function openArchiveRow(
  archiveKey: ArchiveKey,
  place: ArchivePlace,
  row: Uint8Array,
): Promise<ArchivedKey> {
  exactly(row, ARCHIVE_ROW_BYTES, 'archive row')
  const content = await openWithIv({ key: archiveKey.key, aad: associatedData(archiveKey.epoch, place) }, row)
  return { messageKey: content.slice(0, 32), bodyHash: content.slice(32) }
}
