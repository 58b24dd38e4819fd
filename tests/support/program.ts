import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const program = resolve('dist/trallivalli')

/** The executable as shipped, in a folder of its own. */
export class RunningProgram implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    private child: Bun.Subprocess<'ignore', 'pipe', 'inherit'>,
    /** As a browser on this machine opens it, without a slash at its end. */
    readonly url: string,
    readonly claimToken: string | null,
  ) {}

  /** `port` keeps the origin, and with it what browsers stored, from one run to the next. */
  static async start(options: { folder?: string; port?: number } = {}): Promise<RunningProgram> {
    const folder = options.folder ?? (await newFolder())
    const where = ['--data', join(folder, 'data'), '--host', '127.0.0.1', '--port', String(options.port ?? 0)]
    const child = spawn(['serve', ...where, '--tls', 'off', '--open', 'no', '--log', 'error'], 'inherit')
    const { url, claimToken } = await readWelcome(child.stdout)
    return new RunningProgram(folder, child, url, claimToken)
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }
  get processId(): number {
    return this.child.pid
  }

  /** Runs one of its other commands on the same data, and answers what it printed. */
  async command(args: string[]): Promise<string> {
    const child = spawn([...args, '--data', join(this.folder, 'data')], 'pipe')
    const outputs = [child.stdout, child.stderr as ReadableStream<Uint8Array>].map((one) => new Response(one).text())
    const [said = '', complained = ''] = await Promise.all(outputs)
    if ((await child.exited) !== 0) throw new Error(`${args[0]} failed: ${complained}`)
    return said
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM')
    await this.child.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

// The environment is empty on purpose: nothing of this repository or of Bun may be needed.
function spawn<Errors extends 'inherit' | 'pipe'>(args: string[], stderr: Errors) {
  return Bun.spawn([program, ...args], { env: {}, stdin: 'ignore', stdout: 'pipe', stderr })
}

function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'tv-e2e-'))
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
