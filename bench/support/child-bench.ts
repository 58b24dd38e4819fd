import { fileURLToPath } from 'node:url'

/** Another bench in a process of its own, and what its line of JSON says; what it tells people goes on to standard error. */
export async function runBench(name: string, flags: readonly string[]): Promise<Record<string, unknown>> {
  const script = fileURLToPath(new URL(`../${name}.ts`, import.meta.url))
  const command = [process.execPath, script, '--json', ...flags]
  const child = Bun.spawn(command, { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`${name} failed`)
  return JSON.parse(line)
}
