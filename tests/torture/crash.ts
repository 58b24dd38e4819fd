import { TorturedFamily } from './family.ts'
import { Dice, type Part, pause } from './report.ts'

/** kill -9 at random moments under load, then the same with SIGTERM. */
export const crash: Part = {
  name: 'crash',
  async run(report, { rounds, binary, seed, isLong }) {
    const dice = new Dice(seed)
    await using family = await TorturedFamily.open({ binary })
    const { checker } = family
    for (let round = 1; round <= rounds; round++) {
      const posting = family.post({ window: dice.pick([1, 4, 16]) })
      await pause(dice.between(20, isLong ? 1_500 : 500))
      await family.server.kill()
      await posting
      await family.restart()
      const isWhole = round % 10 === 0
      await family.judge(report, `after kill -9 number ${round} nothing acknowledged is lost, moved or twice`, {
        isWhole,
      })
      report.say(
        `  kill ${round}/${rounds}: ${checker.ackedCount} acknowledged, ${checker.unacknowledged().length} unanswered`,
      )
    }
    for (let round = 1; round <= (isLong ? 20 : 2); round++) {
      const posting = family.post({ window: 16 })
      await pause(dice.between(50, 500))
      const code = await family.server.stop()
      await posting
      report.check('SIGTERM under load ends with code 0', code === 0, String(code))
      report.check('and without a complaint', (await family.server.complaints) === '', await family.server.complaints)
      await family.restart()
      await family.judge(report, 'after SIGTERM nothing acknowledged is lost, moved or twice', { isWhole: true })
    }
    await family.drain()
    await family.judge(report, 'what was offered again ends up once', { isWhole: true })
    const open = checker.unacknowledged()
    report.check('everything that was ever sent is answered in the end', open.length === 0, `${open.length} are not`)
    await family.judgeKeys(report, 'every key of an acknowledged direct message reached its device')
    report.check('there was a load to speak of', checker.ackedCount > rounds * 5, String(checker.ackedCount))
    report.say(
      `  ${checker.sentCount} sent, ${checker.ackedCount} acknowledged; refusals: ${family.refusals || 'none'}`,
    )
  },
}
