import { clientFrames } from '../../src/protocol/socket.ts'
import { systemClock } from '../support/bun-platform.ts'
import { Household, type Resident } from './household.ts'
import type { Break, Way } from './line.ts'
import { LossyNetwork } from './lossy-network.ts'
import { Dice, type Part, pause, type Report } from './report.ts'
import type { WireFrame } from './wire.ts'

const speakers = ['Oma', 'Papa', 'Kid'] as const

/** Whole clients on lines that break at every frame and inside frames, fall silent, read slowly, come late, repeat themselves. */
export const network: Part = {
  name: 'network',
  async run(report, { isLong, seed }) {
    const dice = new Dice(seed + 7)
    {
      await using household = await Household.open({ names: speakers, patienceMs: isLong ? 90_000 : 15_000 })
      await breakEverywhere(report, household, { dice, isLong })
      await household.judge(report, 'after every break')
      await fallSilent(report, household)
      await household.judge(report, 'after silence')
      await repeat(household, { dice, count: isLong ? 200 : 8 })
      await household.judge(report, 'after repetitions')
      await readSlowly(report, household, isLong ? 400 : 12)
      await household.judge(report, 'after a slow reader')
      await muddle(report, household, { dice, rounds: isLong ? 300 : 6 })
      await household.judge(report, 'after a bad day')
      report.say(`  ${household.ledger.keyCount} keys used, each once`)
    }
    if (isLong) await losePackets(report)
  },
}

interface Effort {
  dice: Dice
  isLong: boolean
}

/** Breaks the second one's line at frame 0, then 1, then 2 … until the conversation is over before the break. */
async function breakEverywhere(report: Report, household: Household, { dice, isLong }: Effort): Promise<void> {
  for (const way of ['up', 'down'] as const) {
    const offsets = isLong ? [0, 1, 2, 5, 20, 100, 1_000] : [0, dice.between(1, 200)]
    let frame = 0
    for (; await breakAt(household, { way, frame, offset: 0, how: 'cut' }); frame++) {
      for (const offset of offsets.slice(1)) await breakAt(household, { way, frame, offset, how: 'cut' })
    }
    report.check(`lines were cut at several frames ${way}`, frame > 2, String(frame))
    report.say(`  ${way}: cut before each of ${frame} frames, and inside each`)
  }
}

/** One exchange of words over a line that is opened anew and breaks there; false when it was over before. */
async function breakAt(household: Household, at: Break): Promise<boolean> {
  const [oma, papa] = household.residents as [Resident, Resident]
  papa.line.break = at
  papa.line.cutAll()
  papa.member.client.reconnect()
  const words = [
    await household.say(papa, household.group),
    await household.say(oma, household.group),
    await household.say(papa, household.direct),
    await household.say(oma, household.direct),
  ]
  for (const [index, one] of words.entries()) await household.heard(index < 2 ? household.group : household.direct, one)
  household.forgetEvents()
  const hasHappened = papa.line.break === null
  papa.line.break = null
  return hasHappened
}

/** Half-open: nothing comes through, and nobody says that the line has ended. */
async function fallSilent(report: Report, household: Household): Promise<void> {
  // Before the welcome, in the middle of it, and behind it.
  const silences: Break[] = [
    { way: 'down', frame: 0, offset: 0, how: 'hush' },
    { way: 'down', frame: 0, offset: 3, how: 'hush' },
    { way: 'up', frame: 0, offset: 0, how: 'hush' },
  ]
  const said: string[] = []
  for (const [index, { line, member }] of household.residents.entries()) {
    line.break = silences[index]!
    line.cutAll()
    member.client.reconnect()
  }
  for (const resident of household.residents) said.push(await household.say(resident, household.group))
  for (const words of said) await household.heard(household.group, words)
  for (const { name, line } of household.residents) {
    report.check(`the line of ${name} fell silent, and everybody heard everything`, line.break === null)
  }
  // A line that stands already.
  const [oma, , kid] = household.residents as [Resident, Resident, Resident]
  kid.line.isDeaf = true
  const words = [await household.say(oma, household.group), await household.say(kid, household.group)]
  await kid.member.until('to notice the silence', ({ view }) => view.connection?.connection.state !== 'online')
  // Visitors are still let in and told nothing; then the network is back.
  kid.member.client.reconnect()
  await pause(200)
  kid.line.isDeaf = false
  for (const one of words) await household.heard(household.group, one)
  household.forgetEvents()
}

/** Posts go twice, and old ones again at any later time, in any order, on any later line. */
async function repeat(household: Household, { dice, count }: { dice: Dice; count: number }): Promise<void> {
  for (const { line } of household.residents) {
    const old: Uint8Array[] = []
    line.rewrite = (frame) => {
      if (!isPost(frame)) return [frame.raw]
      old.push(frame.raw)
      const again = Array.from({ length: dice.between(0, 3) }, () => dice.pick(old))
      return dice.pick([
        [frame.raw, frame.raw, ...again],
        [...again, frame.raw, frame.raw],
      ])
    }
  }
  for (let round = 0; round < count; round++) {
    const words: [typeof household.group, string][] = []
    for (const resident of household.residents) {
      words.push([household.group, await household.say(resident, household.group)])
      if (resident !== household.residents[2])
        words.push([household.direct, await household.say(resident, household.direct)])
    }
    if (round % 3 === 0) dice.pick(household.residents).line.cutAll()
    for (const [where, one] of words) await household.heard(where, one)
    household.forgetEvents()
  }
}

function isPost({ payload }: WireFrame): boolean {
  return payload !== null && ['post', 'sendEnvelopes'].includes(clientFrames.decode(payload).type)
}

/** One reads a few kilobytes a second, while the others write more than that; nobody else has to wait. */
async function readSlowly(report: Report, household: Household, count: number): Promise<void> {
  const [oma, papa, kid] = household.residents as [Resident, Resident, Resident]
  kid.line.bytesPerSecond = 20_000
  const startedAt = performance.now()
  let last = ''
  for (let turn = 0; turn < count; turn++) last = await household.say(turn % 2 ? oma : papa, household.group, 15_000)
  for (const { member } of [oma, papa]) {
    await member.until('the last of the long ones', ({ events }) =>
      events.some((event) => event.type === 'messages' && event.items.some(({ text }) => text === last)),
    )
  }
  const tookMs = performance.now() - startedAt
  const slowestMs = ((count * 15_000) / 20_000) * 1_000
  report.check('nobody waits for a slow reader', tookMs < slowestMs, `${tookMs.toFixed(0)} ms`)
  kid.line.bytesPerSecond = Number.POSITIVE_INFINITY
  await household.heard(household.group, last)
  household.forgetEvents()
}

/** Everything at once, by dice. */
async function muddle(report: Report, household: Household, { dice, rounds }: { dice: Dice; rounds: number }) {
  const before = household.residents.reduce((sum, { line }) => sum + line.breaks, 0)
  for (let round = 0; round < rounds; round++) {
    for (const { line, member } of household.residents) {
      line.delayMs = dice.pick([() => 0, () => dice.between(0, 60)])
      const way = dice.pick<Way>(['up', 'down'])
      const how = dice.pick(['cut', 'cut', 'cut', 'hush'] as const)
      line.break = { way, how, frame: dice.between(0, 6), offset: dice.pick([0, dice.between(1, 900)]) }
      line.httpBreak = dice.pick([null, { way: dice.pick<Way>(['up', 'down']), bytes: dice.between(1, 900) }])
      if (dice.pick([true, false])) line.cutAll()
      member.client.reconnect()
    }
    const words: [typeof household.group, string][] = []
    for (const resident of household.residents) {
      words.push([household.group, await household.say(resident, household.group)])
    }
    words.push([household.direct, await household.say(household.residents[dice.between(0, 1)]!, household.direct)])
    for (const [where, one] of words) await household.heard(where, one)
    household.forgetEvents()
  }
  const breaks = household.residents.reduce((sum, { line }) => sum + line.breaks, 0) - before
  report.check('there was trouble to speak of', breaks >= rounds, `${breaks} in ${rounds} rounds`)
  report.say(`  a bad day of ${rounds} rounds: ${breaks} breaks`)
}

/** Real TCP that loses three packets in ten, both ways, from the first visit on. */
async function losePackets(report: Report): Promise<void> {
  await using network = LossyNetwork.create()
  if (!network) return report.say('  !!! SKIPPED: lost packets need root, ip, tc and a kernel that can lose them')
  const before = LossyNetwork.resent()
  const reach = () => network.open()
  await using household = await Household.open({ names: speakers, clock: systemClock, patienceMs: 300_000, reach })
  for (let round = 0; round < 40; round++) {
    const words: [typeof household.group, string][] = []
    for (const resident of household.residents) {
      words.push([household.group, await household.say(resident, household.group)])
    }
    words.push([household.direct, await household.say(household.residents[round % 2]!, household.direct)])
    for (const [where, one] of words) await household.heard(where, one)
    household.forgetEvents()
  }
  await household.judge(report, 'with packets lost')
  const resent = LossyNetwork.resent() - before
  report.check('packets were lost', resent > 100, String(resent))
  report.say(`  30 % lost by ${network.means}: 40 rounds, ${resent} segments sent again`)
}
