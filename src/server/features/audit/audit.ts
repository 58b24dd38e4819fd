import type { AuditPage } from '../../../protocol/audit.ts'
import type { Context } from '../../context.ts'
import { listLines } from './store.ts'

const pageLines = 50

/** One page of what happened at this home, newest first. */
export async function readAudit({ database }: Context, before: number): Promise<AuditPage> {
  const lines = await listLines(database, { before, count: pageLines + 1 })
  return { entries: lines.slice(0, pageLines), hasMore: lines.length > pageLines }
}
