import type { ClientContext, LocalStore } from './context.ts'

/**
 * The store of one signed-in run. After `close` nothing of that run reads or writes any more: late work simply never
 * goes on, so that whoever owns the device next (another tab, another person) is alone with the ratchets (PROTOCOL 4.11).
 */
export function withClosableStore(context: ClientContext): { context: ClientContext; close(): Promise<void> } {
  const { store } = context
  const underWay = new Set<Promise<unknown>>()
  let isClosed = false

  function pass<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (isClosed) return new Promise(() => undefined)
    const answer = work()
    const settled: Promise<unknown> = answer.catch(() => undefined).finally(() => underWay.delete(settled))
    underWay.add(settled)
    return answer
  }

  const closable: LocalStore = {
    get: (table, key) => pass(() => store.get(table, key)),
    list: (table, range) => pass(() => store.list(table, range)),
    commit: (writes) => pass(() => store.commit(writes)),
  }
  return {
    context: { ...context, store: closable },
    async close() {
      isClosed = true
      await Promise.all(underWay)
    },
  }
}
