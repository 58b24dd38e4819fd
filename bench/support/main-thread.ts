import type { Browser, Page } from 'playwright-core'

type TraceEvent = {
  name: string
  pid: number
  tid: number
  ts: number
  tdur?: number
  args?: { data?: { message?: string } }
}
export type Spell = { processorMs: number; longestTaskMs: number }

/** What to leave in the page's own time line around what is measured. */
export const beginning = (name: string) => `console.timeStamp('begin ${name}')`
export const ending = (name: string) => `console.timeStamp('end ${name}')`

/**
 * Runs `work` under a performance trace and answers, for every named spell in it, the processor time of the page's main thread: what
 * others do on the same machine does not count.
 */
export async function traceMainThread(
  browser: Browser,
  page: Page,
  work: () => Promise<void>,
): Promise<Map<string, Spell>> {
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline'] })
  await work()
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] }
  const marks = trace.traceEvents.flatMap((event) =>
    event.name === 'TimeStamp' ? [{ ...event, name: event.args?.data?.message ?? '' }] : [],
  )
  const spells = new Map<string, Spell>()
  for (const begin of marks.filter(({ name }) => name.startsWith('begin '))) {
    const name = begin.name.slice('begin '.length)
    const end = marks.find((mark) => mark.name === `end ${name}` && mark.ts >= begin.ts)!
    const isIn = ({ pid, tid, ts }: TraceEvent) =>
      pid === begin.pid && tid === begin.tid && ts >= begin.ts - 1 && ts <= end.ts
    const tasks = trace.traceEvents.filter((event) => event.name === 'ThreadControllerImpl::RunTask' && isIn(event))
    const times = tasks.map(({ tdur = 0 }) => tdur / 1_000)
    spells.set(name, { processorMs: times.reduce((sum, one) => sum + one, 0), longestTaskMs: Math.max(0, ...times) })
  }
  return spells
}
