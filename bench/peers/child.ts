import { connect } from 'node:net'

/** A port nobody listens on, for programs that cannot pick one themselves. */
export function freePort(): number {
  const taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } })
  const { port } = taken
  taken.stop(true)
  return port
}

/** Starts a program that stays, and waits until its port answers. */
export async function startChild(
  command: string[],
  { port, env = {} }: { port: number; env?: Record<string, string> },
): Promise<Bun.Subprocess> {
  const child = Bun.spawn(command, {
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  })
  const deadline = Date.now() + 20_000
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${command[0]} did not start`)
    await Bun.sleep(50)
  }
  return child
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
  })
}

/** The process that listens on a port of ours: some programs start another one and leave. */
export function listenerOf(port: number): number | null {
  const { stdout } = Bun.spawnSync(['ss', '-ltnpH', `sport = :${port}`])
  const processId = /pid=(\d+)/.exec(stdout.toString())?.[1]
  return processId ? Number(processId) : null
}

export async function endProcess(processId: number): Promise<void> {
  process.kill(processId, 'SIGTERM')
  for (let tries = 0; tries < 100 && isAlive(processId); tries++) await Bun.sleep(100)
  if (isAlive(processId)) process.kill(processId, 'SIGKILL')
}

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0)
  } catch {
    return false
  }
}
