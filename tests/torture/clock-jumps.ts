import { toBase64Url } from '../../src/protocol/ids.ts'
import { jobs, runJob } from '../../src/server/jobs/index.ts'
import { startApp } from '../support/app.ts'
import { codeOf, fetchOf, postOf } from '../support/home.ts'
import { type Actor, connect, createGroup, foundFamily } from './actors.ts'
import { Dice, type Part, type Report } from './report.ts'

const minuteMs = 60_000
const yearMs = 365 * 86_400_000

/** A clock that is put forward and back, by seconds and by years, under people who go on talking. */
export const clockJumps: Part = {
  name: 'clock-jumps',
  async run(report, { isLong, seed }) {
    const dice = new Dice(seed + 4)
    await using running = await startApp()
    const [oma, papa] = (await foundFamily(running, ['oma', 'papa'])) as [Actor, Actor]
    const group = await createGroup(oma, [papa])
    const posted: number[] = []
    const jumps = [minuteMs, -minuteMs, 3 * yearMs, -4 * yearMs, 2 * yearMs, -100 * minuteMs, 100 * minuteMs]
    const rounds = isLong ? 500 : 21
    for (let round = 0; round < rounds; round++) {
      const jump = jumps[round] ?? dice.pick(jumps)
      const line = await connect(papa)
      running.clock.move(jump)
      await everybodySignsIn(report, [oma, papa], jump)
      for (const job of jobs) report.check(`${job.name} runs after a jump`, await runJob(running.context, job))
      const socket = await connect(oma)
      for (let count = 0; count < 3; count++) {
        const answer = await socket.ask(postOf(group.conversationId, await group.seal(oma)))
        report.check(`a post after a jump of ${jump} ms`, answer.type === 'posted', codeOf(answer))
        if (answer.type === 'posted') posted.push(answer.seq)
      }
      const page = await socket.ask(fetchOf(group.conversationId, { from: Math.max(0, posted.length - 400) }))
      const seqs = page.type === 'page' ? page.items.map(({ seq }) => seq) : []
      report.check(
        'the numbers go on without a gap',
        seqs.at(-1) === posted.length && new Set(posted).size === posted.length,
      )
      socket.close()
      line.close()
    }
    await neverLockedOut(report, oma, running.clock)
    report.say(`  ${rounds} jumps, ${posted.length} messages`)
  },
}

async function everybodySignsIn(report: Report, people: Actor[], jump: number): Promise<void> {
  for (const { newcomer } of people) {
    const { status, json } = await newcomer.signIn()
    report.check(`a device signs in after a jump of ${jump} ms`, status === 200, json)
  }
}

/** Limits count time: a clock that was put back must not turn a minute of waiting into years. */
async function neverLockedOut(report: Report, actor: Actor, clock: { move(ms: number): void }): Promise<void> {
  const { newcomer } = actor
  const offer = { signInName: actor.name, kind: 'passphrase', auth: toBase64Url(new Uint8Array(32)) }
  const open = async () => (await newcomer.call('POST', '/api/recovery/open', offer)).json.error as string
  for (let count = 0; count < 6; count++) await open()
  report.check('the sixth wrong try is too many', (await open()) === 'too_many_tries')
  clock.move(-yearMs)
  clock.move(61 * minuteMs)
  report.check('tries that a wrong clock dated into the future lock nobody out', (await open()) === 'wrong_key')
  for (let count = 0; count < 400; count++) await newcomer.call('POST', '/api/sessions/challenge')
  report.check('who asks too often waits', (await newcomer.call('POST', '/api/sessions/challenge')).status === 429)
  clock.move(-yearMs)
  await newcomer.call('POST', '/api/sessions/challenge')
  clock.move(minuteMs)
  report.check('and no longer than said', (await newcomer.call('POST', '/api/sessions/challenge')).status === 200)
}
