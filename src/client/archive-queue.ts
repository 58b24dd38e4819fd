import { sealArchiveRow } from '../crypto/archive.ts'
import type { OpenedBody } from '../crypto/body.ts'
import { idFromBytes, type MessageId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import type { ArchiveRow } from './body-opener.ts'
import type { SocketConnection } from './connection.ts'
import type { ClientContext } from './context.ts'
import type { AccountParts } from './parts.ts'
import { reportAs } from './quiet.ts'
import type { Step } from './steps.ts'
import type { VoucherShelf } from './voucher-shelf.ts'

const FLUSH_AFTER_MS = 1_000
/** Read at once. */
const LOTS = 50
type Row = { messageId: MessageId; epoch: number; row: Uint8Array }

/** Archive rows on their way to the home (table outbox, lots under a/), many at once: history for the devices to come (PROTOCOL 4.7). */
export class ArchiveQueue {
  #isScheduled = false
  #isFlushing = false

  constructor(
    private readonly context: ClientContext,
    private readonly parts: AccountParts,
    private readonly connection: SocketConnection,
    private readonly vouchers: VoucherShelf,
  ) {
    vouchers.onQueued = () => this.schedule()
  }

  async seal(msgId: Uint8Array, keys: { messageKey: Uint8Array; bodyHash: Uint8Array }) {
    const current = this.parts.archiveKeys.current()
    const place = { userId: this.parts.identity.userId, msgId }
    this.parts.archiveKeys.noteSealed()
    return { epoch: current.epoch, row: await sealArchiveRow(current, place, keys, this.context.platform.random) }
  }

  /** Answers the row it queued; null for what is never archived. */
  async put(step: Step, { header, messageKey, bodyHash }: OpenedBody): Promise<ArchiveRow | null> {
    if (header.isEphemeral || header.class === 3) return null
    const sealed = await this.seal(header.msgId, { messageKey, bodyHash })
    this.putAgain(step, idFromBytes<MessageId>(header.msgId), sealed)
    return sealed
  }

  putAgain(step: Step, messageId: MessageId, sealed: ArchiveRow): void {
    step.gather('outbox', 'a', { messageId, ...sealed })
    step.afterwards(() => this.schedule())
  }

  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.context.platform.clock.schedule(FLUSH_AFTER_MS, () => {
      this.#isScheduled = false
      // What the home did not take stays in its row and goes with the next lot.
      this.flush().catch(reportAs('archive rows stay queued'))
    })
  }

  async flush(): Promise<void> {
    if (this.#isFlushing) return
    this.#isFlushing = true
    try {
      await this.#flushRows()
      await this.vouchers.flush()
    } finally {
      this.#isFlushing = false
    }
  }

  async #flushRows(): Promise<void> {
    while (this.connection.isOnline) {
      const lots = await this.context.store.list<Row[]>('outbox', { from: 'a/', before: 'a0', limit: LOTS })
      if (lots.length === 0) return
      const rows = lots.flatMap(({ value }) => value)
      for (let at = 0; at < rows.length; at += limits.maxArchiveRows) {
        const some = rows.slice(at, at + limits.maxArchiveRows)
        await this.connection.request({ type: 'putArchive', rows: some }, 'done')
      }
      await this.context.store.commit(lots.map(({ key }) => ({ table: 'outbox', key, value: null })))
    }
  }
}
