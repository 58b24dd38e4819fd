import { fileURLToPath } from 'node:url'

// bun run bench            all of them, one after the other
// bun run bench NAME …     one; --json prints a single line of JSON, --runs N asks for more or fewer
//
// Each bench is a file and a process of its own, so that none measures what another left behind.

const benches: Record<string, string> = {
  fanout: 'a room of fifty and one sender, beside the bare loop and other servers',
  'fanout-live': 'the same with whole clients that seal and open',
  post: 'many senders in many conversations',
  start: 'cold start, idle memory, size of the executable',
  connections: '10,000 open sockets, and all of them at once after a restart',
  crypto: 'the costs of the protocol, on Bun and in Chromium',
  'catch-up': '10,000 messages for a device that was away',
  growth: 'ten million messages against an empty home',
  backup: 'backing up, verifying and restoring, and what members notice of it',
  latency: 'from one screen to the other',
  load: 'the first screen on a slow phone',
  thread: 'a long conversation in a browser',
  web: '10,000 messages for a browser that was away, and what it holds then',
  guard: 'ours against the bare loop within one run: fails when it fell behind',
}

const [name, ...flags] = Bun.argv.slice(2)
if (name !== undefined && !(name in benches)) {
  for (const [known, meaning] of Object.entries(benches)) console.error(`${known.padEnd(12)} ${meaning}`)
  process.exit(2)
}
process.exit(name === undefined ? await runAll() : await run(name, flags))

async function runAll(): Promise<number> {
  const failed: string[] = []
  for (const each of Object.keys(benches)) if ((await run(each, [])) !== 0) failed.push(each)
  if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`)
  return failed.length
}

function run(bench: string, args: string[]): Promise<number> {
  const script = fileURLToPath(new URL(`./${bench}.ts`, import.meta.url))
  return Bun.spawn([process.execPath, script, ...args], { stdio: ['ignore', 'inherit', 'inherit'] }).exited
}
