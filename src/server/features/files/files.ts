import { Refusal } from '../../../protocol/errors.ts'
import { type AccountId, type AttachmentId, type ConversationId, idToBytes } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Context } from '../../context.ts'
import { type Blob, BlobTooLarge } from '../../storage/blobs.ts'
import { findFirstSeq } from '../conversations/conversations.ts'
import { deleteFile, findFile, insertFile, listExpired, sumBytes } from './store.ts'

const bundleMs = 30 * 24 * 3_600_000
const expiredLot = 100

interface NewFile {
  accountId: AccountId
  fileId: AttachmentId
  conversationId: ConversationId
  kind: 'bundle'
}

/** Sealed files of conversations: who may put and fetch them, how many, for how long. */
export class Files {
  /** What accounts are putting right now: two uploads at once must not both fit into the last free place. */
  readonly #underWay = new Map<AccountId, number>()

  constructor(private readonly context: Context) {}

  async put(file: NewFile, content: ReadableStream<Uint8Array>): Promise<void> {
    const { database, blobs, clock } = this.context
    await this.#assertMember(file)
    const known = await findFile(database, file.fileId)
    if (known) return this.#judgeRepeated(known, file)
    const room = await this.#reserve(file.accountId)
    const name = blobName(file.fileId)
    try {
      const bytes = await blobs.write(name, content, Math.min(room, limits.maxFileBytes))
      const createdAt = clock.now()
      const row = { ...file, bytes, createdAt, expiresAt: createdAt + bundleMs }
      const isNew = await database.transaction((tx) => insertFile(tx, row))
      if (!isNew) throw new Refusal('not_allowed', { detail: 'put twice at once' })
    } catch (error) {
      throw explain(error, room)
    } finally {
      this.#release(file.accountId)
    }
  }

  /** Null as well for somebody who is not in its conversation. */
  async read(accountId: AccountId, fileId: AttachmentId): Promise<Blob | null> {
    const { database, blobs, clock } = this.context
    const row = await findFile(database, fileId)
    if (!row || (row.expiresAt !== null && row.expiresAt <= clock.now())) return null
    if ((await findFirstSeq(database, row.conversationId, accountId)) === null) return null
    return blobs.read(blobName(fileId))
  }

  async #assertMember({ conversationId, accountId }: NewFile): Promise<void> {
    const firstSeq = await findFirstSeq(this.context.database, conversationId, accountId)
    if (firstSeq === null) throw new Refusal('not_found')
  }

  #judgeRepeated(known: NewFile, file: NewFile): void {
    const isSame = known.accountId === file.accountId && known.conversationId === file.conversationId
    if (!isSame) throw new Refusal('not_allowed')
  }

  async #reserve(accountId: AccountId): Promise<number> {
    const count = this.#underWay.get(accountId) ?? 0
    const room =
      limits.maxAccountFileBytes - (await sumBytes(this.context.database, accountId)) - count * limits.maxFileBytes
    if (room <= 0) throw new Refusal('too_many', { detail: 'no room left for files of this account' })
    this.#underWay.set(accountId, count + 1)
    return room
  }

  #release(accountId: AccountId): void {
    const count = (this.#underWay.get(accountId) ?? 1) - 1
    if (count > 0) this.#underWay.set(accountId, count)
    else this.#underWay.delete(accountId)
  }
}

/** Rows first: a file nobody can find any more is merely in the way. */
export async function deleteExpiredFiles({ database, blobs, clock }: Context): Promise<void> {
  for (;;) {
    const expired = await listExpired(database, clock.now(), expiredLot)
    if (expired.length === 0) return
    await database.transaction(async (tx) => {
      for (const fileId of expired) await deleteFile(tx, fileId)
    })
    for (const fileId of expired) await blobs.delete(blobName(fileId))
  }
}

function blobName(fileId: AttachmentId): string {
  return Buffer.from(idToBytes(fileId)).toString('hex')
}

function explain(error: unknown, room: number): unknown {
  if (error instanceof BlobTooLarge) return new Refusal(room < limits.maxFileBytes ? 'too_many' : 'too_large')
  if (/ENOSPC|EDQUOT/.test(String((error as { code?: unknown }).code))) return new Refusal('disk_full')
  return error
}
