import { Refusal } from '../../../protocol/errors.ts'
import type { AccountId } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import type { ClientFrame, ServerFrame } from '../../../protocol/socket.ts'
import type { Database } from '../../storage/database.ts'
import { findFirstSeq } from '../conversations/conversations.ts'
import { listPageBodies, listPageSizes, type PageRange } from './store.ts'

/** A page stays below one frame of 1 MiB with room for its own fields. */
const maxPageBytes = 900_000
/** seq 8 | receivedAt 8 | length 4 | flag 1 | epoch 4 | row 92 */
const itemOverheadBytes = 117

type FetchPage = Extract<ClientFrame, { type: 'fetchPage' }>
type Page = Extract<ServerFrame, { type: 'page' }>

/** Sizes are read first: a page of the largest bodies would otherwise be 32 MB in memory before it is cut. */
export async function readPage(
  database: Database,
  { accountId, nowMs }: { accountId: AccountId; nowMs: number },
  fetch: FetchPage,
): Promise<Page> {
  const { requestId, conversationId, from, direction, withArchive } = fetch
  if (direction > 2 || fetch.count === 0) throw new Refusal('bad_request')
  const firstSeq = await findFirstSeq(database, conversationId, accountId)
  if (firstSeq === null) throw new Refusal('not_found')
  const range = { ...rangeOf({ from, direction, firstSeq }), isMeta: direction === 2, nowMs }
  const count = Math.min(fetch.count, limits.maxPageMessages)
  const sizes = await listPageSizes(database, conversationId, { ...range, count: count + 1 })
  const taken = countFitting(sizes.slice(0, count).map((row) => row.bodyBytes))
  const items =
    taken === 0
      ? []
      : await listPageBodies(database, { conversationId, accountId, withArchive }, { ...range, count: taken })
  return { type: 'page', requestId, conversationId, items, hasMore: taken < sizes.length }
}

function rangeOf({
  from,
  direction,
  firstSeq,
}: {
  from: number
  direction: number
  firstSeq: number
}): Pick<PageRange, 'above' | 'below' | 'isNewestFirst'> {
  if (direction === 0)
    return { above: Math.max(from, firstSeq - 1), below: Number.MAX_SAFE_INTEGER, isNewestFirst: false }
  return { above: firstSeq - 1, below: from, isNewestFirst: true }
}

function countFitting(sizes: readonly number[]): number {
  let bytes = 0
  const over = sizes.findIndex((size) => {
    bytes += size + itemOverheadBytes
    return bytes > maxPageBytes
  })
  return over === -1 ? sizes.length : Math.max(over, 1)
}
