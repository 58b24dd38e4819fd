import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The executable as shipped; `BENCH_PROGRAM` names another one. */
export const programPath = resolve(process.env['BENCH_PROGRAM'] ?? 'dist/trallivalli')

/** A server that answers at a port of this machine, as its own process. */
export interface ServerProcess extends AsyncDisposable {
  url: string
  processId: number
  stop(): Promise<void>
}

/** Flags for Bun itself, to profile the server: `BENCH_BUN_FLAGS='--cpu-prof --cpu-prof-dir=/tmp'`. */
const bunFlags = (process.env['BENCH_BUN_FLAGS'] ?? '').split(' ').filter(Boolean)

/** The server from its source, without the bound on one device's frames. */
export function startServer(folder: string): Promise<ServerProcess> {
  return spawnServer([process.execPath, ...bunFlags, scriptPath('./server.ts'), folder], /^(\d+)$/m)
}

/** The bare loop that ours is compared with. */
export function startBareServer(folder: string): Promise<ServerProcess> {
  return spawnServer([process.execPath, scriptPath('./bare-server.ts'), folder], /^(\d+)$/m)
}

// Nothing looks as right as the figures of yesterday's program.
function refuseStale(): void {
  if (process.env['BENCH_PROGRAM']) return
  const builtAt = statSync(programPath).mtimeMs
  for (const path of new Bun.Glob('{src,web,migrations}/**/*').scanSync()) {
    if (statSync(path).mtimeMs > builtAt) {
      throw new Error(
        `${programPath} is older than ${path}: build it with bun run build --compile, or name one with BENCH_PROGRAM`,
      )
    }
  }
}

/** The executable as shipped. */
export function startProgram(folder: string): Promise<ServerProcess> {
  refuseStale()
  const where = ['--data', folder, '--host', '127.0.0.1', '--port', '0', '--tls', 'off']
  return spawnServer([programPath, 'serve', ...where, '--open', 'no', '--log', 'error'], /localhost:(\d+)/)
}

function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

async function spawnServer(command: string[], port: RegExp): Promise<ServerProcess> {
  // The pipe closes when this process ends, however it ends: then the servers of the bench end too. The program as shipped reads no pipe.
  const child = Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  process.on('exit', () => child.kill('SIGTERM'))
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let said = ''
  while (!port.test(said)) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`${command[0]} ended before it listened: ${said}`)
    said += decoder.decode(value)
  }
  const stop = async () => {
    child.kill('SIGTERM')
    await child.exited
  }
  // Whatever else it says must not fill the pipe.
  void (async () => {
    while (!(await reader.read()).done);
  })()
  return {
    url: `http://127.0.0.1:${port.exec(said)![1]}`,
    processId: child.pid,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
