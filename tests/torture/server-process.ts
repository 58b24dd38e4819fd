import { fileURLToPath } from 'node:url'
import { within } from './report.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface StartOptions {
  dataFolder: string
  binary: string | null
  /** 0 picks one. */
  port: number
  /** How many files it may have open. */
  maxFiles?: number
  /** Killed then, wherever it is. */
  killAfterMs?: number
  /** Writes there how many timers it has, whenever it gets SIGUSR2. From source only. */
  countTimersIn?: string | null
}

/** The server as its own process, to be killed. */
export class ServerProcess {
  private constructor(
    readonly child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>,
    readonly url: string,
    readonly claimToken: string | null,
    /** What it complained of, when it has ended. */
    readonly complaints: Promise<string>,
  ) {}

  static async start(options: StartOptions): Promise<ServerProcess> {
    const { dataFolder, binary, port, maxFiles, killAfterMs, countTimersIn } = options
    const counter = countTimersIn ? ['--preload', `${root}tests/torture/timer-count.ts`] : []
    const program = binary ? [binary] : [process.execPath, ...counter, `${root}src/main.ts`]
    const where = ['--data', dataFolder, '--host', '127.0.0.1', '--port', String(port)]
    const command = [...program, 'serve', ...where, '--tls', 'off', '--open', 'no', '--log', 'error']
    const limited = maxFiles ? ['sh', '-c', `ulimit -n ${maxFiles}; exec "$@"`, 'sh', ...command] : command
    const env = { ...process.env, ...(countTimersIn && { TIMER_COUNT_FILE: countTimersIn }) }
    const child = Bun.spawn(limited, { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', cwd: root, env })
    if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    const complaints = new Response(child.stderr).text()
    try {
      const { url, claimToken } = await within(20_000, 'the start', readWelcome(child.stdout))
      return new ServerProcess(child, url, claimToken, complaints)
    } catch (error) {
      child.kill('SIGKILL')
      throw new Error(`${error instanceof Error ? error.message : error}: ${await complaints}`)
    }
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  /** Gone without a word, as when the power goes for the process alone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.child.exited
  }

  /** Asked to stop; answers its exit code. */
  async stop(): Promise<number> {
    this.child.kill('SIGTERM')
    return within(15_000, 'the stop', this.child.exited)
  }

  async memoryMb(field: 'VmRSS' | 'VmHWM' = 'VmRSS'): Promise<number> {
    const status = await Bun.file(`/proc/${this.child.pid}/status`).text()
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
  }
}

async function readWelcome(stdout: ReadableStream<Uint8Array>): Promise<{ url: string; claimToken: string | null }> {
  let text = ''
  const reader = stdout.getReader()
  while (!text.includes('Everything is kept in')) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`it ended before it listened: ${text}`)
    text += new TextDecoder().decode(value)
  }
  reader.releaseLock()
  const [, url = '', claimToken = null] = /(http:\/\/localhost:\d+)\/(?:setup#(\S+))?/.exec(text) ?? []
  return { url, claimToken }
}
