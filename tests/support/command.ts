import { resolve } from 'node:path'

export interface CommandOutcome {
  code: number
  said: string
  complained: string
}

/** One of the program's commands as a process of its own, from source. */
export async function runCommand(args: readonly string[]): Promise<CommandOutcome> {
  const child = Bun.spawn([process.execPath, resolve('src/main.ts'), ...args], {
    ...{ env: {}, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  })
  const [code, said, complained] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return { code, said: said.trim(), complained: complained.trim() }
}
