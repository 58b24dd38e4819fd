import { runBench } from './support/child-bench.ts'
import { Report, readOptions } from './support/report.ts'

// All that a member's device does, in one line: each part is a bench of its own.

const parts = ['load', 'thread', 'latency', 'catch-up']

const { isJson } = readOptions({ runs: 1 })
const report = new Report('web', isJson)
const results: [string, unknown][] = []
for (const part of parts) {
  const { name: _, ...result } = await runBench(part, [])
  results.push([part.replace('-', '_'), result])
}
report.end(Object.fromEntries(results))
process.exit(0)
