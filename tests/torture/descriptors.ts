import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect } from './actors.ts'
import { TorturedFamily } from './family.ts'
import { type Part, pause, within } from './report.ts'

const maxFiles = 48

/** More visitors than the server may have open files. */
export const descriptors: Part = {
  name: 'descriptors',
  async run(report, { binary, isLong }) {
    await using family = await TorturedFamily.open({ binary, maxFiles })
    for (let round = 1; round <= (isLong ? 20 : 2); round++) {
      const line = await connect(family.actors[0]!)
      const visitors = await crowd(family.server.port, maxFiles * 4)
      const before = cpuMs(family.server.child.pid)
      await pause(500)
      const busyMs = cpuMs(family.server.child.pid) - before
      report.check('without free descriptors the server lives', family.server.child.exitCode === null)
      // Bun 1.4.5 asks again and again for the visitor it cannot let in; that costs a processor and nothing else.
      report.say(`  ${busyMs} ms of processor time in 500 ms`)
      await within(2_000, 'an answer on an open line', line.settle())
      report.check('and answers on the lines it has', true)
      line.close()
      for (const visitor of visitors) visitor.destroy()
      await pause(200)
      await family.post({ window: 4, count: 20 })
      await family.judge(report, `crowd ${round}: when they have gone everybody posts and reads as before`, {
        isWhole: true,
      })
      report.say(`  crowd ${round}: ${visitors.length} visitors, ${family.checker.ackedCount} acknowledged`)
    }
    report.check('there was something to lose', family.checker.ackedCount > 0)
  },
}

async function crowd(port: number, count: number): Promise<Socket[]> {
  const visitors = Array.from({ length: count }, () => {
    const visitor = connectTcp({ host: '127.0.0.1', port })
    visitor.on('error', () => undefined)
    visitor.on('connect', () => visitor.write('GET /health HTTP/1.1\r\nHost: localhost\r\n'))
    return visitor
  })
  await pause(500)
  return visitors
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
