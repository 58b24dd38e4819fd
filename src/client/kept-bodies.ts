import type { ConversationId, MessageId } from '../protocol/ids.ts'
import type { LocalStore } from './context.ts'
import { MAX_LOT as MAX_ROW, type Step } from './steps.ts'

const KEEP_MS = 35 * 24 * 3_600_000
/** Rows opened at once; each holds a hundred bodies or one. */
const ROWS_AT_ONCE = 10
/** What is given back together: a home answers for so many in one question. */
const MAX_LOT = { bodies: 500, bytes: 8 * 1024 * 1024 }

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
  const range = { before: timeKey(Math.max(0, now - KEEP_MS)), limit: ROWS_AT_ONCE }
  for (;;) {
    const rows = await store.list<KeptBody[]>('bodies', range)
    if (rows.length > 0) await store.commit(rows.map(({ key }) => ({ table: 'bodies', key, value: null })))
    if (rows.length < ROWS_AT_ONCE) return
  }
}

/** Oldest first, in lots that fit in memory and in one question to the home. */
export async function* keptBodies(store: LocalStore): AsyncGenerator<KeptBody[]> {
  let lot: KeptBody[] = []
  let bytes = 0
  for await (const row of storedLots(store)) {
    lot.push(...row)
    bytes += sizeOf(row)
    if (lot.length <= MAX_LOT.bodies && bytes <= MAX_LOT.bytes) continue
    lot.sort(byAge)
    // Named after its newest body, the next row may hold older ones than this lot's last.
    const rest = lot.splice(Math.max(lot.length >> 1, lot.length - MAX_ROW))
    yield lot
    lot = rest
    bytes = sizeOf(rest)
  }
  if (lot.length > 0) yield lot.sort(byAge)
}

async function* storedLots(store: LocalStore): AsyncGenerator<KeptBody[]> {
  let from = ''
  for (;;) {
    const rows = await store.list<KeptBody | KeptBody[]>('bodies', { from, limit: ROWS_AT_ONCE })
    if (rows.length === 0) return
    for (const { value } of rows) yield [value].flat()
    from = `${rows.at(-1)!.key}\u0001`
  }
}

function sizeOf(bodies: readonly KeptBody[]): number {
  return bodies.reduce((sum, { body }) => sum + body.length, 0)
}

function byAge(left: KeptBody, right: KeptBody): number {
  return left.receivedAt - right.receivedAt
}

function timeKey(at: number): string {
  return String(at).padStart(14, '0')
}
