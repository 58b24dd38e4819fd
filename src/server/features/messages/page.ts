import { Refusal } from '../../../protocol/errors.ts'
import type { AccountId } from '../../../protocol/ids.ts'
import { limits } from '../../../protocol/limits.ts'
import type { ClientFrame, ServerFrame } from '../../../protocol/socket.ts'
import type { Database } from '../../storage/database.ts'
import { findFirstSeq } from '../conversations/conversations.ts'
import { listPage, type PageRange } from './store.ts'

/** A page stays below one frame of 1 MiB with room for its own fields. */
const maxPageBytes = 900_000
/** seq 8 | receivedAt 8 | length 4 | flag 1 | epoch 4 | row 92 */
const itemOverheadBytes = 117

type FetchPage = Extract<ClientFrame, { type: 'fetchPage' }>
type Page = Extract<ServerFrame, { type: 'page' }>

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
  // One row more than a page takes tells whether there is more.
  let [asked, bytes] = [0, 0]
  let hasMore = false
  const fits = (bodyBytes: number) => {
    bytes += bodyBytes + itemOverheadBytes
    hasMore = ++asked > count || (asked > 1 && bytes > maxPageBytes)
    return !hasMore
  }
  const wish = { conversationId, accountId, withArchive, fits }
  const items = await listPage(database, wish, { ...range, count: count + 1 })
  return { type: 'page', requestId, conversationId, items, hasMore }
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
