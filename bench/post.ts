import { fileURLToPath } from 'node:url'
import { toBase64Url } from '../src/protocol/ids.ts'
import { Home, type Person } from '../tests/support/home.ts'
import type { PosterTask } from './post-client.ts'

// How many messages a second one home takes: stored durably, acknowledged and delivered to the members who are there. The
// senders are a process of their own; what they send was sealed and signed before the clock starts.

const people = 40
const runs = 5
const postsPerRun = 10_000
const scenarios = [
  { name: 'ten groups of four', groupSize: 4 },
  { name: 'one group of forty', groupSize: people },
]

export interface RunResult {
  seconds: number
  deliveries: number
  medianMs: number
  worstMs: number
}

const median = (values: number[]): number => values.toSorted((left, right) => left - right)[values.length >> 1]!

async function openGroups(members: Person[], groupSize: number): Promise<PosterTask['senders']> {
  const senders: PosterTask['senders'] = []
  for (let at = 0; at < members.length; at += groupSize) {
    const inGroup = members.slice(at, at + groupSize)
    const chain = await inGroup[0]!.device.createGroup(...inGroup.slice(1))
    for (const { accountId, device } of inGroup) {
      const place = { conversationId: chain.conversationId, epoch: chain.epoch, head: toBase64Url(chain.head) }
      senders.push({ accountId, deviceId: device.deviceId, cookie: device.cookie, groupSize: inGroup.length, ...place })
    }
  }
  return senders
}

async function measure(home: Home, senders: PosterTask['senders']): Promise<RunResult> {
  const task: PosterTask = { url: home.url, senders, posts: postsPerRun }
  const script = fileURLToPath(new URL('./post-client.ts', import.meta.url))
  const poster = Bun.spawn([process.execPath, script], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  poster.stdin.write(JSON.stringify(task))
  poster.stdin.end()
  const said = await new Response(poster.stdout).text()
  if ((await poster.exited) !== 0) throw new Error('the senders failed')
  return JSON.parse(said) as RunResult
}

await using home = await Home.open()
console.log(`data folder: ${home.folder}; ${postsPerRun} posts a run, ${runs} runs, ${people} open sockets`)
const members = [await home.join('host')]
while (members.length < people) members.push(await home.join())

for (const { name, groupSize } of scenarios) {
  const senders = await openGroups(members, groupSize)
  const results: RunResult[] = []
  for (let run = 0; run < runs; run++) {
    // A fresh burst for every socket: the rate limit is not what is measured.
    home.clock.move(10 * 60_000)
    for (const [index, { accountId, device }] of members.entries()) {
      device.cookie = await home.signIn(accountId, device.deviceId)
      senders[index]!.cookie = device.cookie
    }
    results.push(await measure(home, senders))
  }
  const rate = (pick: (result: RunResult) => number) => Math.round(median(results.map(pick)))
  console.log(
    [
      `${name}: ${rate(({ seconds }) => postsPerRun / seconds)} acknowledged/s`,
      `${rate(({ seconds, deliveries }) => deliveries / seconds)} deliveries/s`,
      `answer after ${rate(({ medianMs }) => medianMs)} ms (median), ${rate(({ worstMs }) => worstMs)} ms (99 of 100)`,
    ].join(', '),
  )
}
