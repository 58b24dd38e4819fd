import { fileURLToPath } from 'node:url'
import { within } from './report.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A step at which the run ends: before call number `number` of these system calls, in whichever thread comes so far. */
export interface FatalStep {
  calls: string
  number: number
}

export interface Outcome {
  /** Null: it was killed. */
  code: number | null
  said: string
  tookMs: number
}

interface RunOptions {
  binary: string | null
  killAfterMs?: number
  killAt?: FatalStep
}

export const canKillAtSteps = Bun.which('strace') !== null

/** One of the program's own commands in a process of its own. */
export async function runCommand(
  args: readonly string[],
  { binary, killAfterMs, killAt }: RunOptions,
): Promise<Outcome> {
  const program = binary ? [binary] : [process.execPath, `${root}src/main.ts`]
  const fault = killAt && `inject=${killAt.calls}:signal=SIGKILL:when=${killAt.number}`
  const under = fault ? ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${killAt.calls}`, '-e', fault] : []
  const startedAt = performance.now()
  const child = Bun.spawn([...under, ...program, ...args], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    cwd: root,
  })
  const timer = killAfterMs === undefined ? null : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const outputs = [child.stdout, child.stderr].map((one) => new Response(one).text())
  const code = await within(60_000, `"${args[0]}"`, child.exited)
  if (timer) clearTimeout(timer)
  const said = (await Promise.all(outputs)).join('')
  // A tracer ends as its child did: by the signal.
  const wasKilled = child.signalCode === 'SIGKILL' || code === 137
  return { code: wasKilled ? null : code, said, tookMs: performance.now() - startedAt }
}
