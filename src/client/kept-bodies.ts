import type { ConversationId, MessageId } from '../protocol/ids.ts'
import type { LocalStore } from './context.ts'
import type { Step } from './steps.ts'

const KEEP_MS = 35 * 24 * 3_600_000

/** Table bodies, in lots named after their newest: what this device can give back to a home that was restored from an older backup (PROTOCOL 4.14). */
export type KeptBody = {
  id: ConversationId
  messageId: MessageId
  body: Uint8Array
  receivedAt: number
  archive: { epoch: number; row: Uint8Array } | null
}

export function keepBody(step: Step, now: number, kept: KeptBody): void {
  if (now - kept.receivedAt > KEEP_MS) return
  step.gather('bodies', timeKey(kept.receivedAt), kept)
}

export async function pruneBodies(store: LocalStore, now: number): Promise<void> {
  const rows = await store.list<KeptBody[]>('bodies', { before: timeKey(Math.max(0, now - KEEP_MS)), limit: 2_000 })
  if (rows.length > 0) await store.commit(rows.map(({ key }) => ({ table: 'bodies', key, value: null })))
}

/** Oldest first, in lots that fit in memory. */
export async function* keptBodies(store: LocalStore): AsyncGenerator<KeptBody[]> {
  let from = ''
  for (;;) {
    const rows = await store.list<KeptBody[]>('bodies', { from, limit: 20 })
    if (rows.length === 0) return
    yield rows.flatMap((row) => row.value)
    from = `${rows.at(-1)!.key}\u0001`
  }
}

function timeKey(at: number): string {
  return String(at).padStart(14, '0')
}
